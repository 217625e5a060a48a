"""Droplets of the API and their machines, from creation to deletion."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localcloud.addresses import METADATA
from localcloud.cloud import LocalCloud

from .droplets import await_active, call, create, inside, status
from .lab import eventually


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[[], LocalCloud]) -> LocalCloud:
    cloud = make_cloud()
    cloud.start()
    return cloud


def action(cloud: LocalCloud, droplet: int, kind: str) -> None:
    """Start an action and wait for its end."""
    path = f"/droplets/{droplet}/actions"
    begun = call(cloud, "POST", path, {"type": kind})["action"]["id"]
    eventually(lambda: call(cloud, "GET", f"{path}/{begun}")["action"]["status"] == "completed", kind)


def delete(cloud: LocalCloud, droplet: int) -> None:
    call(cloud, "DELETE", f"/droplets/{droplet}")

    def gone() -> bool:
        listed = {entry["id"] for entry in call(cloud, "GET", "/droplets")["droplets"]}
        return droplet not in listed | {machine.id for machine in cloud.status().machines}

    eventually(gone, "the droplet and its machine to be gone")


def test_a_droplet_boots_from_its_user_data_and_gets_its_metadata(cloud: LocalCloud) -> None:
    user_data = "#cloud-config\nwrite_files: [{path: /etc/motto, content: from the API}]\n"
    (droplet,) = create(cloud, "first", user_data=user_data)
    assert inside(cloud, "first", "cat /etc/motto") == "from the API"
    assert inside(cloud, "first", f"curl --silent http://{METADATA}/metadata/v1/id") == str(droplet)
    delete(cloud, droplet)


def test_actions_of_the_api_act_on_the_machine(cloud: LocalCloud) -> None:
    (droplet,) = create(cloud, "actor")
    action(cloud, droplet, "shutdown")
    assert not cloud.machine("actor").running
    action(cloud, droplet, "power_on")
    before = cloud.machine("actor").leader()
    assert before is not None
    action(cloud, droplet, "reboot")
    assert cloud.machine("actor").leader() not in {before, None}
    action(cloud, droplet, "power_off")
    assert not cloud.machine("actor").running
    delete(cloud, droplet)


def test_a_droplet_that_powers_itself_off_is_off_in_the_api(cloud: LocalCloud) -> None:
    (droplet,) = create(cloud, "sleepy")
    inside(cloud, "sleepy", "systemctl poweroff")
    eventually(lambda: status(cloud, droplet) == "off", "the droplet to be off")
    action(cloud, droplet, "power_on")
    await_active(cloud, [droplet])
    delete(cloud, droplet)


def test_a_volume_moves_from_droplet_to_droplet(cloud: LocalCloud) -> None:
    body = {"name": "shelf", "size_gigabytes": 1, "region": "fra1", "filesystem_type": "ext4"}
    volume = call(cloud, "POST", "/volumes", body)["volume"]["id"]
    device = "/dev/disk/by-id/scsi-0DO_Volume_shelf"
    (one,) = create(cloud, "one", volumes=[volume])
    inside(cloud, "one", f"mount {device} /mnt && echo kept >/mnt/file && umount /mnt")
    delete(cloud, one)
    (two,) = create(cloud, "two")
    call(cloud, "POST", f"/volumes/{volume}/actions", {"type": "attach", "droplet_id": two, "region": "fra1"})
    eventually(lambda: inside(cloud, "two", f"test -b {device} && echo there") == "there", "the volume")
    assert inside(cloud, "two", f"mount {device} /mnt && cat /mnt/file && umount /mnt") == "kept"
    delete(cloud, two)
    call(cloud, "DELETE", f"/volumes/{volume}")
    assert not (cloud.layout.volumes / "shelf.img").exists()


def test_a_firewall_of_the_api_is_enforced(cloud: LocalCloud) -> None:
    (droplet,) = create(cloud, "guarded")
    address = cloud.machine("guarded").facts().addresses[0].partition("/")[0]

    def reachable() -> bool:
        connect = ["timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{address}/22"]
        return cloud.run(connect, cwd=cloud.layout.state, capture_output=True).returncode == 0

    eventually(reachable, "the droplet's SSH port")
    ssh = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["192.0.2.0/24"]}}
    firewall = {"name": "closed", "droplet_ids": [droplet], "inbound_rules": [ssh], "outbound_rules": []}
    made = call(cloud, "POST", "/firewalls", firewall)["firewall"]["id"]
    eventually(lambda: not reachable(), "the port to be closed")
    call(cloud, "DELETE", f"/firewalls/{made}")
    eventually(reachable, "the port to be open again")
    delete(cloud, droplet)
