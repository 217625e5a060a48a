"""Which records of a zone prevent a member's record, or lead its clients somewhere else."""

from __future__ import annotations

from typing import Any

import pytest

from components.infra.record_check import misdirections, obstacle
from tests.unit.components.config.valid_settings import settings

CLUSTER = "etcd-etcd-fra1"
NAME = "etcd-server-1.etcd.example.com"
OURS = f"etcd cluster {CLUSTER}, id 0123456789ab"


def record(kind: str, content: str, *, name: str = NAME, comment: str | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "content": content, "comment": comment}


CNAME = record("CNAME", "lb.example.net")
NAME_SERVER = record("NS", "ns.example.net")
DELEGATION = record("NS", "ns.example.net", name="etcd.example.com")
SECOND = record("A", "198.51.100.77")
ANOTHER_CLUSTER = record("A", "198.51.100.77", comment=f"etcd cluster {CLUSTER}0, id 0123456789ab")
IPV6 = record("AAAA", "2001:db8::1")
MINE = record("A", "203.0.113.1", comment=OURS)
EARLIER = record("A", "203.0.113.1", comment=f"etcd cluster {CLUSTER}")
NEIGHBOUR = record("CNAME", "lb.example.net", name="www.etcd.example.com")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            CNAME,
            f"has a CNAME record for {NAME}, to lb.example.net, beside which Cloudflare creates no record",
        ),
        (NAME_SERVER, f"has an NS record for {NAME}, to ns.example.net, beside which"),
        (DELEGATION, "has an NS record for etcd.example.com, to ns.example.net, beside which"),
        (SECOND, f"has an A record for {NAME}, to 198.51.100.77, which is not this cluster's"),
        (ANOTHER_CLUSTER, "which is not this cluster's"),
    ],
)
def test_a_record_that_prevents_a_members_own_is_named(one: dict[str, Any], words: str) -> None:
    text = obstacle([NEIGHBOUR, one], NAME, settings(), CLUSTER)
    assert text.startswith("the zone example.com ")
    assert words in text
    assert "If nothing uses it, delete it at Cloudflare" in text


@pytest.mark.parametrize(
    "one", [MINE, EARLIER, IPV6, NEIGHBOUR, record("TXT", "x"), record("MX", "mail.example.com")]
)
def test_other_records_prevent_nothing(one: dict[str, Any]) -> None:
    assert obstacle([one], NAME, settings(), CLUSTER) == ""


def test_a_record_in_the_state_is_ours_whatever_its_comment_says() -> None:
    edited = {**record("A", "203.0.113.1", comment="the first one, see the wiki"), "id": "5a1b"}
    assert obstacle([edited], NAME, settings(), CLUSTER, {"5a1b"}) == ""
    assert misdirections([edited], NAME, settings(), CLUSTER, {"5a1b"}, new=False) == []
    assert obstacle([edited], NAME, settings(), CLUSTER, {"another"}) != ""


def test_name_servers_of_the_zone_itself_are_no_delegation() -> None:
    whole = settings(domain="example.com")
    name = whole.member_names[0]
    assert obstacle([record("NS", "ns.cloudflare.com", name="example.com")], name, whole, CLUSTER) == ""


@pytest.mark.parametrize("one", [CNAME, DELEGATION, SECOND, IPV6])
def test_a_running_members_clients_are_warned_of(one: dict[str, Any]) -> None:
    (text,) = misdirections([MINE, NEIGHBOUR, one], NAME, settings(), CLUSTER, new=False)
    assert "Clients that use it do not reach the member" in text
    assert str(one["content"]) in text


def test_a_new_member_is_only_warned_of_what_is_not_refused() -> None:
    found = misdirections([CNAME, SECOND, IPV6], NAME, settings(), CLUSTER, new=True)
    assert [("AAAA" in text) for text in found] == [True]


def test_records_that_lead_nowhere_else_are_not_warned_of() -> None:
    assert (
        misdirections([MINE, EARLIER, NEIGHBOUR, record("TXT", "x")], NAME, settings(), CLUSTER, new=False)
        == []
    )
