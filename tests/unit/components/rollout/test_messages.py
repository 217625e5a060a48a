"""An error of a run says what was seen, and names a way out that the settings allow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.rollout.messages import Explanation, blocked, failure, locked_out, needed_to_reach, renewed
from tests.unit.components.config.valid_settings import settings

VOLUMES, BARE = settings(), settings(volumeSize=0)


def test_with_data_volumes_expired_members_may_be_replaced_at_once() -> None:
    assert "pulumi config set etcd:rollout all-at-once" in renewed(VOLUMES)
    assert settings(rollout="all-at-once")


def test_without_data_volumes_another_way_out_is_named() -> None:
    assert "put these on the members by hand" in renewed(BARE)
    # A run with --target may have issued none.
    assert "A pulumi up without --target issues new certificates" in renewed(BARE)
    assert "all-at-once" not in renewed(BARE)


def test_without_data_volumes_all_at_once_is_rejected_with_a_way_out() -> None:
    with pytest.raises(
        ValueError, match=r"it would delete the data of every member.*docs/lifecycle\.md, All at once"
    ):
        settings(volumeSize=0, rollout="all-at-once")


def test_the_networks_and_this_machines_address_are_named() -> None:
    text = needed_to_reach(settings(), 3, "192.0.2.7")
    assert text.startswith("No packet came back from any of 3 members.")
    assert "lets in only etcd:clientCidrs, which is 198.51.100.0/24" in text
    assert "This machine connects from 192.0.2.7, which is not in it. Add it: pulumi config set" in text


@pytest.mark.parametrize(("address", "known"), [
    ("", "Compare it with the address"), ("198.51.100.9", "so something else drops the packets"),
    ("192.168.1.5", "is behind a translation, so its public address is not known here"),
    ("100.64.0.9", "is behind a translation"),
])  # fmt: skip
def test_only_what_is_known_of_this_machines_address_is_said(address: str, known: str) -> None:
    assert known in needed_to_reach(settings(), 3, address)


def test_private_addresses_need_a_machine_inside_the_vpc() -> None:
    text = needed_to_reach(settings(addresses="private"), 1, "10.1.2.3")
    assert "No packet came back from the only member." in text
    assert "This machine connects from 10.1.2.3, which is not in it." in text
    assert text.endswith(
        "It must also be inside the VPC, or have a route into it, because etcd:addresses is private."
    )


def test_a_firewall_that_keeps_this_machine_out_is_named_with_a_remedy() -> None:
    text = locked_out(settings(), "192.0.2.7")
    assert "this machine reaches the members from 192.0.2.7" in text
    assert "pulumi config set --path 'etcd:clientCidrs[1]' 192.0.2.7/32" in text
    assert locked_out(settings(), "198.51.100.200") == ""


def test_a_failure_quotes_a_machine_before_its_remedy() -> None:
    told = Explanation({"a": "etcd is stopped"}, {"a": "Start etcd."}, ending="Nothing was changed.")
    text = failure({"a": "refused"}, {"a": datetime.now(UTC)}, limit=9, purpose="Before b", explanation=told)
    assert text.index("its machine says: etcd is stopped") < text.index("to repair it: Start etcd.")
    assert text.endswith("Nothing was changed.")


@pytest.mark.parametrize(
    ("remedy", "locked"), [("Start etcd.", False), ("Run pulumi up --target-replace 'urn'.", True)]
)
def test_a_blocked_shutdown_says_when_a_repair_waits_for_the_end_of_the_run(
    remedy: str, locked: bool
) -> None:
    told = Explanation(words={"a": "etcd is stopped"}, remedies={"a": remedy})
    why, repair = blocked("b", {"a": "refused"}, limit="9 s", explanation=told)
    assert why.endswith("does not change b. a: refused (its machine says: etcd is stopped)")
    # A command at the end can be copied.
    assert repair.endswith(f"To repair a: {remedy}")
    assert repair.startswith("This run locks the stack: run no pulumi up before it has ended") is locked


def test_no_repair_is_named_where_no_member_is_reached() -> None:
    out = Explanation(unreachable="No packet came back.", ending="Nothing was changed.")
    text = failure({"a": "silent"}, {"a": datetime.now(UTC)}, limit=9, purpose="Before b", explanation=out)
    assert text.startswith("No packet came back.")
    assert not any(words in text for words in ("to repair it", "replace", "journalctl"))
