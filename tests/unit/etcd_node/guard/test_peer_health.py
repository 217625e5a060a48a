"""How connected machines are found."""

from __future__ import annotations

import pytest
from etcd_node.guard.peer_health import connected_from

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
    ids=["IPv4", "all addresses", "second table", "outgoing", "closed", "the listener", "loopback"],
)
def test_machines_connected_to_the_peer_port_are_found(tables: list[str], found: set[str]) -> None:
    assert connected_from(2380, "0.0.0.0", [HEADER + table for table in tables]) == found  # noqa: S104


def test_only_connections_to_the_listen_address_count() -> None:
    tables = [HEADER + connection("0F7100CB:094C", "107100CB:AE4E")]
    assert connected_from(2380, "203.0.113.15", tables) == {"203.0.113.16"}
    assert connected_from(2380, "203.0.113.99", tables) == set()
