"""What a member's answer means, and who is connected to this machine."""

from __future__ import annotations

import pytest
from etcd_node.etcd.transport import HttpResponse
from etcd_node.guard.peer_health import connected_from, trouble_in

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue\n"
DUAL = "0000000000000000FFFF0000"


def connection(local: str, remote: str, state: str = "01") -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000\n"


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ([connection("0F7100CB:094C", "107100CB:AE4E")], {"203.0.113.16"}),
        ([connection(f"{DUAL}0F7100CB:094C", f"{DUAL}107100CB:AE4E")], {"203.0.113.16"}),
        (["", connection(f"{DUAL}0F7100CB:094C", f"{DUAL}107100CB:AE4E")], {"203.0.113.16"}),
        ([connection("0F7100CB:AE4E", "107100CB:094C")], set()),
        ([connection("0F7100CB:094C", "107100CB:AE4E", state="06")], set()),
        ([connection("00000000:094C", "00000000:0000", state="0A")], set()),
        ([connection("0100007F:094C", "0100007F:AE4E")], set()),
    ],
    ids=["IPv4", "on every address", "second table", "to another", "ended", "the listener", "its own"],
)
def test_other_machines_that_are_connected_to_a_port_are_found(tables: list[str], found: set[str]) -> None:
    assert connected_from(2380, "0.0.0.0", [HEADER + table for table in tables]) == found  # noqa: S104


def test_only_the_own_address_counts_where_etcd_listens_on_one() -> None:
    tables = [HEADER + connection("0F7100CB:094C", "107100CB:AE4E")]
    assert connected_from(2380, "203.0.113.15", tables) == {"203.0.113.16"}
    assert connected_from(2380, "203.0.113.99", tables) == set()


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (200, b'{"health":"true","reason":""}', ""),
        (503, b'{"health":"false","reason":"ALARM NOSPACE"}', "etcd says it is not healthy: ALARM NOSPACE"),
        (503, b'{"health":"false"}', "etcd says it is not healthy: no reason given"),
        (404, b"404 page not found", "it answers 404, which etcd does not"),
        (200, b"[]", "it answers 200, which etcd does not"),
    ],
)
def test_only_etcds_own_word_counts_as_health(status: int, body: bytes, trouble: str) -> None:
    assert trouble_in(HttpResponse(status, body)) == trouble
