"""A member's machine, from inside and from outside."""

from __future__ import annotations

import subprocess

import pytest

from localcloud.addresses import OPERATOR, STRANGER
from localcloud.toolchain.etcd import DEFAULT_VERSION
from testbed.cluster import Cluster, wait_for

MEMBER = "etcd-server-1"
VARIABLES = {
    "ETCD_NAME",
    "ETCD_INITIAL_CLUSTER",
    "ETCD_INITIAL_CLUSTER_STATE",
    "ETCD_INITIAL_CLUSTER_TOKEN",
    "ETCD_ADVERTISE_CLIENT_URLS",
    "ETCD_INITIAL_ADVERTISE_PEER_URLS",
    "ETCD_LISTEN_CLIENT_URLS",
    "ETCD_LISTEN_PEER_URLS",
    "ETCD_CERT_FILE",
    "ETCD_KEY_FILE",
    "ETCD_TRUSTED_CA_FILE",
    "ETCD_CLIENT_CERT_AUTH",
    "ETCD_PEER_CERT_FILE",
    "ETCD_PEER_KEY_FILE",
    "ETCD_PEER_TRUSTED_CA_FILE",
    "ETCD_PEER_CLIENT_CERT_AUTH",
}
METADATA = "http://169.254.169.254/metadata/v1"
AS_NOBODY = "setpriv --reuid=nobody --regid=nogroup --clear-groups"


def test_no_unit_has_failed(cluster: Cluster) -> None:
    assert cluster.on(MEMBER, "systemctl --failed --plain --no-legend") == ""


def test_the_environment_file_has_every_variable(cluster: Cluster) -> None:
    lines = cluster.on(MEMBER, "cat /etc/etcd/etcd-members").splitlines()
    values = dict(line.split("=", 1) for line in lines)
    assert values.keys() >= VARIABLES
    assert values["ETCD_CLIENT_CERT_AUTH"] == values["ETCD_PEER_CLIENT_CERT_AUTH"] == "true"
    assert not [key for key in values if key.startswith("ETCD_EXPERIMENTAL_")]


def test_keys_are_etcds_alone_and_the_token_is_roots_alone(cluster: Cluster) -> None:
    stat = "stat -c '%U %a' /etc/etcd/{}"
    assert cluster.on(MEMBER, stat.format("server-key.pem")) == "etcd 400\n"
    assert cluster.on(MEMBER, stat.format("peer-key.pem")) == "etcd 400\n"
    assert cluster.on(MEMBER, stat.format("prepare_cluster.token")) == "root 600\n"


def test_no_other_user_finds_a_key_or_the_token_anywhere_on_the_disk(cluster: Cluster) -> None:
    secrets = "$(cat /etc/etcd/prepare_cluster.token; sed -n 2p /etc/etcd/server-key.pem)"
    search = f'for secret in {secrets}; do {AS_NOBODY} grep -rlsF "$secret" /etc /var /run /opt /root /home; done; true'
    assert cluster.on(MEMBER, search) == ""


def test_etcd_runs_unprivileged(cluster: Cluster) -> None:
    process = cluster.on(MEMBER, "systemctl show -P MainPID etcd").strip()
    assert cluster.on(MEMBER, f"stat -c %U /proc/{process}") == "etcd\n"
    assert "CapEff:\t0000000000000000" in cluster.on(MEMBER, f"cat /proc/{process}/status")


def test_the_data_lies_on_the_volume(cluster: Cluster) -> None:
    source = cluster.on(MEMBER, "findmnt -no FSTYPE,LABEL --target /var/lib/etcd/data")
    assert source.startswith("ext4")


def test_the_volume_has_no_other_mount_than_etcds(cluster: Cluster) -> None:
    device = cluster.on(MEMBER, "ls /dev/disk/by-id/scsi-0DO_Volume_*").strip()
    mounts = cluster.on(MEMBER, f"findmnt -rno TARGET,FS-OPTIONS --source {device}")
    assert mounts == "/var/lib/etcd rw,errors=remount-ro\n"
    # The unit of the droplet's udev rule would mount it again at the next boot.
    assert (
        cluster.on(MEMBER, "systemctl is-enabled $(ls /etc/systemd/system | grep ^mnt-) || true")
        == "disabled\n"
    )


def test_root_alone_reads_the_metadata(cluster: Cluster) -> None:
    assert cluster.on(MEMBER, f"curl -sf -m 5 {METADATA}/user-data").startswith("#cloud-config")
    assert cluster.on(MEMBER, f"{AS_NOBODY} curl -s -m 5 {METADATA}/user-data || echo refused") == "refused\n"


def test_the_metadata_stays_closed_after_a_restart_of_the_network(cluster: Cluster) -> None:
    cluster.on(MEMBER, "systemctl restart systemd-networkd && sleep 1")
    assert cluster.on(MEMBER, f"{AS_NOBODY} curl -s -m 5 {METADATA}/user-data || echo refused") == "refused\n"


AGENT = f"""[Service]
Type=oneshot
User=do-agent
PrivateTmp=yes
ProtectSystem=full
ProtectHome=yes
NoNewPrivileges=yes
ExecStart=/usr/bin/curl -sS -m 9 --retry 9 --retry-connrefused {METADATA}/id
ExecStart=/bin/sh -c 'echo; curl -sf -m 9 {METADATA}/user-data || echo refused'
"""
"""A unit like that of DigitalOcean's package, with another program."""


def test_only_the_metrics_agent_gets_its_part_of_the_metadata(
    cluster: Cluster,
) -> None:
    unit, proxy = "/etc/systemd/system/do-agent.service", "http_proxy=http://127.0.0.1:2384"
    try:
        cluster.on(MEMBER, f"systemd-sysusers --inline 'u do-agent -'; cat >{unit} <<'.'\n{AGENT}.\n")
        cluster.on(MEMBER, "systemctl daemon-reload && systemctl start do-agent && journalctl --sync")
        told = cluster.journal(MEMBER, "do-agent.service").splitlines()
        assert str(cluster.droplet_id("etcd-server-1.example.test")) in told
        assert "refused" in told
        asked = f"{AS_NOBODY} env {proxy} curl -s -m 5 -o /dev/null -w '%{{http_code}}' {METADATA}/id"
        assert cluster.on(MEMBER, asked) == "403"
        assert cluster.on(MEMBER, f"{AS_NOBODY} curl -s -m 5 {METADATA}/id || echo refused") == "refused\n"
    finally:
        cluster.on(MEMBER, f"systemctl stop etcd-metadata-proxy; rm {unit}; systemctl daemon-reload")


def test_the_journal_is_bounded_from_the_first_boot_on(cluster: Cluster) -> None:
    told = cluster.on(MEMBER, "journalctl -q -o cat -u systemd-journald | grep 'System Journal' | tail -1")
    assert "max 500M" in told


def test_the_defragmentation_timer_finds_nothing_to_do(cluster: Cluster) -> None:
    assert cluster.on(MEMBER, "systemctl is-active etcd-defragment.timer") == "active\n"
    # It does not run during a backup.
    wait_for(
        lambda: cluster.on(
            MEMBER, "systemctl start etcd-defragment; systemctl show -P Result etcd-defragment"
        ),
        lambda result: result == "success\n",
        "look at the fragmentation",
    )
    assert "fragmented" not in cluster.journal(MEMBER, "etcd-defragment.service")


def curl(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[str]:
    address = cluster.members()["etcd-server-1.example.test"]
    resolve = f"etcd-server-1.example.test:2379:{address}"
    return cluster.run(
        "sh", "-c", 'exec curl -s -m 4 --cacert "$ETCDCTL_CACERT" "$@"', "sh", "--resolve", resolve, *options,
        "https://etcd-server-1.example.test:2379/version",
    )  # fmt: skip


def test_a_client_with_the_operators_certificate_gets_an_answer(cluster: Cluster) -> None:
    result = cluster.run(
        "sh", "-c", 'curl -s -m 4 --cacert "$ETCDCTL_CACERT" --cert "$ETCDCTL_CERT" --key "$ETCDCTL_KEY" '
        "https://etcd-server-1.example.test:2379/version",
    )  # fmt: skip
    assert DEFAULT_VERSION in result.stdout


def test_a_client_without_a_certificate_gets_nothing(cluster: Cluster) -> None:
    result = curl(cluster)
    assert (result.returncode != 0, result.stdout) == (True, "")


def test_a_client_with_a_certificate_of_another_ca_gets_nothing(cluster: Cluster) -> None:
    made = cluster.run(
        "sh", "-c", "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
        "-subj /CN=etcd-operator -keyout other-key.pem -out other.pem",
    )  # fmt: skip
    assert made.returncode == 0, made.stdout
    result = curl(cluster, "--cert", "other.pem", "--key", "other-key.pem")
    assert (result.returncode != 0, result.stdout) == (True, "")


@pytest.mark.parametrize(("source", "port", "reached"), [
    (OPERATOR, 2379, True), (STRANGER, 2379, False), (OPERATOR, 2380, False), (OPERATOR, 22, False),
    (OPERATOR, 2382, True), (STRANGER, 2382, False), (OPERATOR, 2383, True), (STRANGER, 2383, False),
])  # fmt: skip
def test_the_firewall_opens_client_and_metrics_ports_to_allowed_addresses(
    cluster: Cluster, source: str, port: int, reached: bool
) -> None:
    address = cluster.members()["etcd-server-1.example.test"]
    script = f"import socket; socket.create_connection(('{address}', {port}), 2, ('{source}', 0))"
    assert (cluster.run("python3", "-c", script).returncode == 0) is reached


def test_members_reach_each_others_peer_port(cluster: Cluster) -> None:
    other = cluster.members()["etcd-server-2.example.test"]
    cluster.on(MEMBER, f"python3 -c \"import socket; socket.create_connection(('{other}', 2380), 2)\"")
