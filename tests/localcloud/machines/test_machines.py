"""Machines of the host, from the first boot to the deletion."""

from __future__ import annotations

import stat
import subprocess
from subprocess import PIPE

import pytest

from localcloud.machines.machine import Facts, NspawnMachine

from .lab import Lab, eventually, machine

ONE, TWO, THREE = 1001, 1002, 1003
LISTENER = """
import pathlib, socket
peer = socket.create_server(("", 7000)).accept()[1][0]
pathlib.Path("/run/peer").write_text(peer)
"""
DEVICE = "/dev/disk/by-id/scsi-0DO_Volume_{}"


@pytest.fixture(scope="module")
def three(lab: Lab) -> Lab:
    """Three running machines, the first with a volume."""
    lab.do(lab.host.create_volume("data", 1, "ext4", "data"))
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXtWBXjpWYxOYQGqLkGYzRyYyjZqKkXmY9OZ0cXx1Q8 operator"
    lab.boot(machine(1, volumes=("data",), ssh_keys=(key,)), machine(2), machine(3, private=None))
    return lab


def boot_id(lab: Lab, machine_id: int) -> str:
    """Return the boot id; empty while the machine shuts down, when a command inside may never return."""
    try:
        return lab.output(machine_id, "cat /proc/sys/kernel/random/boot_id", limit=5)
    except subprocess.TimeoutExpired:
        return ""


def await_new_boot(lab: Lab, machine_id: int, before: str) -> None:
    def rebooted() -> bool:
        return lab.host.machine(machine_id).leader() is not None and boot_id(lab, machine_id) not in {
            "",
            before,
        }

    eventually(rebooted, f"machine {machine_id} to boot again", 90)
    lab.await_boot(machine_id)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_machine_boots_from_its_own_user_data(three: Lab, number: int) -> None:
    assert three.output(1000 + number, "cat /etc/motto") == f"machine {number}"
    assert three.output(1000 + number, "stat -c %a /etc/motto") == "640"


def test_no_unit_of_a_machine_has_failed(three: Lab) -> None:
    assert three.output(ONE, "systemctl --failed --quiet") == ""


def test_a_machine_has_its_name_and_addresses(three: Lab) -> None:
    assert three.output(ONE, "hostname") == "etcd-server-1"
    addresses = three.output(ONE, "ip -brief -4 address show host0")
    assert "203.0.113.11/24" in addresses
    assert "10.114.0.11/20" in addresses
    assert "10.114" not in three.output(THREE, "ip -brief -4 address show host0")


def test_machines_reach_each_other_at_public_and_private_addresses(three: Lab) -> None:
    assert three.sh(ONE, "ping -c1 -W2 203.0.113.12").returncode == 0
    assert three.sh(ONE, "ping -c1 -W2 10.114.0.12").returncode == 0


def test_the_operator_reaches_machines_from_the_operators_address(three: Lab) -> None:
    three.sh(TWO, f"systemd-run --unit=listener python3 -c '{LISTENER}'")
    eventually(lambda: ":7000" in three.output(TWO, "ss -ltn"), "the listener")
    assert three.outside("bash", "-c", "exec 3<>/dev/tcp/10.114.0.12/7000").returncode == 0
    eventually(lambda: three.output(TWO, "cat /run/peer") == "198.51.100.10", "the operator's address")


def test_the_gateways_mac_address_is_not_a_machines(three: Lab) -> None:
    # A machine's address would change with the machine, and others would use the old one for half a minute.
    gateway = three.outside("cat", "/sys/class/net/cloud0/address").stdout.strip()
    ports = three.outside("sh", "-c", "cat /sys/class/net/vb-*/address").stdout.split()
    assert gateway
    assert gateway not in ports


def test_root_has_the_droplets_ssh_keys(three: Lab) -> None:
    assert "operator" in three.output(ONE, "cat /root/.ssh/authorized_keys")


def test_only_root_can_read_the_seed(three: Lab) -> None:
    seed = three.host.machine(ONE).upper / "var/lib/cloud/seed/nocloud"
    assert stat.S_IMODE(seed.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in seed.iterdir()} == {0o600}
    assert three.sh(
        ONE, "setpriv --reuid=nobody --clear-groups cat /var/lib/cloud/instance/user-data.txt"
    ).returncode


def test_the_name_server_answers_from_the_given_records(three: Lab) -> None:
    three.do(
        three.host.apply_records(
            {
                "etcd-server-2.example.test": ["203.0.113.12"],
                "all.example.test": ["203.0.113.11", "203.0.113.12"],
            }
        )
    )
    eventually(
        lambda: "203.0.113.12" in three.outside("getent", "ahostsv4", "all.example.test").stdout,
        "the records",
    )
    assert three.outside("getent", "hosts", "etcd-server-2.example.test").stdout.split()[0] == "203.0.113.12"
    assert three.output(ONE, "getent hosts etcd-server-2.example.test").split()[0] == "203.0.113.12"


def test_names_without_a_record_do_not_exist(three: Lab) -> None:
    assert three.outside("getent", "hosts", "etcd-server-9.example.test").returncode == 2
    assert three.outside("getent", "hosts", "example.com").returncode == 2


def test_nothing_outside_the_namespace_can_be_reached(three: Lab) -> None:
    assert three.sh(ONE, "ping -c1 -W1 192.0.2.1").returncode != 0
    reached = three.outside("timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80")
    assert "Network is unreachable" in reached.stderr


def test_a_machine_finds_its_volume_formatted_and_labelled(three: Lab) -> None:
    assert three.output(ONE, f"blkid -o value -s LABEL {DEVICE.format('data')}") == "data"


def test_a_new_volume_is_mounted_below_mnt_as_digitaloceans_udev_rule_does(three: Lab) -> None:
    assert three.output(ONE, "systemctl is-enabled mnt-data.mount") == "enabled"
    assert "discard" in three.output(ONE, "findmnt -no OPTIONS /mnt/data")


def test_a_running_machine_gets_and_loses_a_volume(three: Lab) -> None:
    device = DEVICE.format("extra")
    three.do(three.host.create_volume("extra", 1, "xfs", "extra"))
    three.do(three.host.attach_volume(TWO, "extra"))
    assert three.sh(TWO, "echo kept >/mnt/extra/file && sync").returncode == 0
    assert "discard" in three.output(TWO, "findmnt -no OPTIONS /mnt/extra")
    three.do(three.host.detach_volume(TWO, "extra"))
    assert three.sh(TWO, f"test -e {device}").returncode == 1
    assert three.sh(TWO, "mountpoint /mnt/extra").returncode != 0
    three.do(three.host.attach_volume(THREE, "extra"))
    assert three.output(THREE, f"mount {device} /mnt && cat /mnt/file && umount /mnt") == "kept"
    three.do(three.host.detach_volume(THREE, "extra"), three.host.delete_volume("extra"))


def test_an_attached_volume_grows(three: Lab) -> None:
    three.do(three.host.resize_volume("data", 2))
    assert three.output(ONE, f"blockdev --getsize64 {DEVICE.format('data')}") == str(2 << 30)


def test_a_reboot_is_not_a_first_boot(three: Lab) -> None:
    three.sh(ONE, f"mount {DEVICE.format('data')} /mnt && echo kept >/mnt/file")
    before = boot_id(three, ONE)
    three.do(three.host.reboot(ONE))
    await_new_boot(three, ONE, before)
    assert three.output(ONE, "cat /root/first-boots") == "booted"
    assert three.output(ONE, f"mount {DEVICE.format('data')} /mnt && cat /mnt/file && umount /mnt") == "kept"
    assert three.sh(ONE, "ping -c1 -W2 203.0.113.12").returncode == 0


def test_a_machine_can_reboot_itself(three: Lab) -> None:
    before = boot_id(three, TWO)
    three.sh(TWO, "systemctl reboot")
    await_new_boot(three, TWO, before)
    assert TWO in three.do(three.host.running())[0]


def test_a_machine_that_powers_itself_off_is_off_until_it_is_powered_on(three: Lab) -> None:
    three.sh(TWO, "systemctl poweroff")
    eventually(lambda: TWO not in three.do(three.host.running())[0], "the machine to be off")
    three.boot(machine(2))
    assert three.output(TWO, "cat /root/first-boots") == "booted"


def test_powering_on_a_running_machine_changes_nothing(three: Lab) -> None:
    before = boot_id(three, ONE)
    three.do(three.host.power_on(machine(1, volumes=("data",))))
    assert boot_id(three, ONE) == before


def test_an_inhibitor_blocks_a_shutdown_until_it_ends(three: Lab) -> None:
    three.sh(THREE, "systemd-run --unit=inhibitor systemd-inhibit --what=shutdown --mode=block sleep 600")
    eventually(lambda: "sleep" in three.output(THREE, "systemd-inhibit --list"), "the inhibitor")
    assert three.do(three.host.shutdown(THREE, 2.0)) == [False]
    three.sh(THREE, "systemctl stop inhibitor")
    # The host sends one request only, so logind must have noticed that the inhibitor ended.
    eventually(lambda: "sleep" not in three.output(THREE, "systemd-inhibit --list"), "the inhibitor's end")
    assert three.do(three.host.shutdown(THREE, 60.0)) == [True]
    three.boot(machine(3, private=None))


def test_a_command_in_a_machine_does_not_delay_its_shutdown(three: Lab) -> None:
    command = subprocess.Popen(
        three.host.machine(THREE).inside(["sh", "-c", "echo begun; exec sleep 600"]), stdout=PIPE
    )
    assert command.stdout is not None
    assert command.stdout.readline() == b"begun\n"
    assert three.do(three.host.shutdown(THREE, 20.0)) == [True]
    assert command.wait(timeout=10) != 0
    command.stdout.close()
    three.boot(machine(3, private=None))


def test_an_inhibitor_does_not_block_a_power_off(three: Lab) -> None:
    three.sh(THREE, "systemd-run --unit=inhibitor systemd-inhibit --what=shutdown --mode=block sleep 600")
    three.do(three.host.power_off(THREE))
    assert THREE not in three.do(three.host.running())[0]
    three.boot(machine(3, private=None))


def test_a_volume_keeps_its_data_when_its_machine_is_deleted(three: Lab) -> None:
    three.sh(ONE, f"mount {DEVICE.format('data')} /mnt && echo survives >/mnt/file && sync")
    three.do(three.host.delete(ONE))
    assert not three.host.machine(ONE).exists
    three.boot(machine(4, volumes=("data",)))
    assert three.output(1004, f"mount {DEVICE.format('data')} /mnt && cat /mnt/file") == "survives"
    assert three.sh(1004, "systemctl cat mnt-data.mount").returncode != 0


def test_a_deleted_machines_id_can_be_reused_with_an_empty_disk(three: Lab) -> None:
    three.do(three.host.delete(TWO))
    three.boot(machine(2, user_data="#cloud-config\nwrite_files: [{path: /etc/motto, content: second}]\n"))
    assert three.output(TWO, "cat /etc/motto; cat /root/first-boots") == "second"


def test_the_journal_can_be_read_while_a_machine_is_off(three: Lab) -> None:
    three.do(three.host.power_off(THREE))
    found = three.cloud.logs(
        "etcd-server-3", "--no-pager", "--unit=cloud-init-main", capture_output=True, text=True
    )
    assert "cloud-init" in found.stdout


def test_a_machines_facts_are_stored(three: Lab) -> None:
    kept = NspawnMachine(1004, three.cloud.layout).facts()
    assert kept == Facts("etcd-server-4.example.test", ("203.0.113.14/24", "10.114.0.14/20"), ("data",))
