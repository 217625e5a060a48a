"""The exporter over a real connection and beside a real etcd."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import time
from http.client import HTTPResponse
from pathlib import Path

import pytest
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.transport import MemberAddress, TlsClient, client_context
from etcd_node.monitoring.exporter import raised_alarms

from components.etcd.member_status import Cause, NoStatus, observe_member
from localcloud.toolchain.etcd import VERSIONS, ensure_release

from .certificates import make_authority, tls_texts
from .lab import Lab, Node, eventually

END = "etcd_node_certificate_not_after_timestamp_seconds"


def scrape(node: Node, context: ssl.SSLContext, path: str = "/metrics") -> tuple[int, str]:
    """Scrape once. The program gets the listening socket as its standard input, as from systemd."""
    with (
        socket.create_server((node.name, 0)) as listening,
        subprocess.Popen(node._command("exporter"), env=node._environment(), stdin=listening) as exporter,
    ):
        try:
            with (
                # As long as the exporter may take.
                socket.create_connection(listening.getsockname(), 20) as plain,
                context.wrap_socket(plain, server_hostname=node.name) as connection,
            ):
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                answer = HTTPResponse(connection)
                answer.begin()
                return answer.status, answer.read().decode()
        finally:
            exporter.terminate()


def test_a_scrape_has_the_expiry_of_certificates_and_the_alarms(lab: Lab) -> None:
    (node,) = lab.bootstrap(size=1)
    status, text = scrape(node, client_context(node.paths.etc, "server"))
    assert status == 200
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    ends = {
        name: float(samples[f'{END}{{certificate="{name}"}}'])
        for name in ("ca", "peer-ca", "server", "peer", "client")
    }
    assert all(abs(end - time.time() - 86400) < 300 for end in ends.values())
    assert (samples['etcd_node_alarm{alarm="NOSPACE"}'], samples['etcd_node_alarm{alarm="CORRUPT"}']) == (
        "0",
        "0",
    )
    assert samples['etcd_node_members{kind="voter"}'] == "1"
    assert samples["etcd_node_authentication_unmanaged"] == "0"
    assert node.etcdctl("member", "add", "m2", "--learner", "--peer-urls=https://m2:2380").returncode == 0
    _, text = scrape(node, client_context(node.paths.etc, "server"))
    assert 'etcd_node_members{kind="voter"} 1\netcd_node_members{kind="learner"} 1\n' in text
    assert scrape(node, client_context(node.paths.etc, "server"), "/keys")[0] == 404


def test_the_expiry_is_served_while_etcd_is_down(lab: Lab) -> None:
    node = lab.add(1, initial_members=1)
    _, text = scrape(node, client_context(node.paths.etc, "server"))
    assert END in text
    assert "etcd_node_alarm" not in text
    assert "etcd_node_members" not in text


def test_an_etcd_that_hangs_does_not_hide_the_metrics_of_its_machine(lab: Lab) -> None:
    (node,) = lab.bootstrap(size=1)
    context = client_context(node.paths.etc, "server")
    node.suspend()
    status, text = scrape(node, context)
    assert (status, END in text, "etcd_node_alarm" in text) == (200, True, False)
    status, text = scrape(node, context, "/status")
    assert (status, "leader" in json.loads(text)) == (200, False)


def test_a_member_without_etcd_tells_its_state(lab: Lab) -> None:
    node = lab.add(1, initial_members=1)
    before = time.time()
    status, text = scrape(node, client_context(node.paths.etc, "server"), "/status")
    told = json.loads(text)
    assert (status, told["name"], told["volume"]["mounted"]) == (200, node.name, False)
    assert before <= told["clock"] <= time.time()


def test_an_etcd_without_a_quorum_says_so_while_clients_get_no_answer(lab: Lab) -> None:
    first, *others = lab.bootstrap()
    context = client_context(first.paths.etc, "server")
    operator = tls_texts(first.paths.etc).context()

    def leader() -> bool | None:
        return json.loads(scrape(first, context, "/status")[1]).get("leader")

    def has_no_leader() -> bool:
        seen = asyncio.run(observe_member(first.name, first.name, operator))
        return leader() is False and isinstance(seen, NoStatus) and seen.cause is Cause.UNRESPONSIVE

    assert leader() is True
    for node in others:
        node.power_off()
    eventually("it has lost its leader", has_no_leader, seconds=120)
    first.power_off()
    assert leader() is None
    first.power_on()
    eventually("it runs again and waits", has_no_leader, seconds=120)


def test_clients_without_a_certificate_of_the_cluster_get_nothing(lab: Lab, tmp_path: Path) -> None:
    node = lab.add(1, initial_members=1)
    make_authority().issue(tmp_path, "server", node.name)
    stranger = client_context(tmp_path, "server")
    for context in (stranger, ssl.create_default_context(cafile=node.paths.etc / "ca.pem")):
        context.load_verify_locations(node.paths.etc / "ca.pem")
        with pytest.raises(OSError, match=r"(?i)certificate|reset|eof"):
            scrape(node, context)


def raise_alarm(node: Node, alarm: str) -> None:
    health = read_local_metrics(f"{node.name}:2381")
    assert health is not None
    body = {"action": "ACTIVATE", "memberID": str(health.member), "alarm": alarm}
    TlsClient(node.paths.etc).call_gateway(MemberAddress(node.name, node.name), "/v3/maintenance/alarm", body)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_raised_alarm_is_still_served_after_a_restart_of_etcd(lab: Lab, version: str) -> None:
    lab.binaries = ensure_release(version).binaries
    (node,) = lab.bootstrap(size=1)
    metrics = f"{node.name}:2381"
    assert raised_alarms(metrics) == {"NOSPACE": 0, "CORRUPT": 0}
    raise_alarm(node, "NOSPACE")
    assert raised_alarms(metrics) == {"NOSPACE": 1, "CORRUPT": 0}
    raise_alarm(node, "CORRUPT")
    node.power_off()
    assert raised_alarms(metrics) == {}
    node.power_on()
    eventually("both are reported", lambda: raised_alarms(metrics) == {"NOSPACE": 1, "CORRUPT": 1})
