"""A run waits for members with progress, a limit, and an error that helps."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from components.etcd.member_status import EXPIRED
from components.rollout import waiting
from components.rollout.waiting import UnhealthyError, wait_until_healthy


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


async def test_waiting_ends_when_no_problem_is_left_and_says_each_change_once() -> None:
    looks: list[Mapping[str, str]] = [
        {"a": "starts", "b": "starts"},
        {"a": "starts", "b": "starts"},
        {"a": "starts"},
        {},
    ]
    said: list[str] = []

    async def look() -> Mapping[str, str]:
        return looks.pop(0)

    await wait_until_healthy(
        look, seconds=60, purpose="Cluster x", say=said.append, repairs={}, ending="", renewed=""
    )
    assert [line.partition(",")[0] for line in said] == [
        "Cluster x: waiting for 2 of the members",
        "Cluster x: waiting for 1 of the members",
    ]


async def test_at_the_limit_each_member_is_named_with_what_was_last_seen_and_how_to_look_further() -> None:
    async def look() -> Mapping[str, str]:
        return {"etcd-server-2.example.com": "connection refused"}

    with pytest.raises(UnhealthyError) as caught:
        await wait_until_healthy(
            look,
            seconds=0,
            purpose="Cluster x",
            say=lambda _: None,
            repairs={"etcd-server-2.example.com": "pulumi up --target-replace 'URN'"},
            ending="Nothing was touched.",
            renewed="",
        )
    assert "etcd-server-2.example.com: connection refused" in str(caught.value)
    assert "UTC, or before this run looked" in str(caught.value)
    assert "to repair it: pulumi up --target-replace 'URN'" in str(caught.value)
    assert str(caught.value).endswith("Nothing was touched.")
    assert "journalctl -u preparecluster -u etcd" in str(caught.value)


async def test_expired_certificates_are_not_waited_for_and_the_way_out_is_named() -> None:
    async def look() -> Mapping[str, str]:
        return dict.fromkeys(("a", "b"), f"https://203.0.113.10:2379: {EXPIRED}")

    with pytest.raises(UnhealthyError) as caught:
        await wait_until_healthy(
            look,
            seconds=60,
            purpose="Before c may change",
            say=lambda _: None,
            repairs={},
            ending="",
            renewed="Do.",
        )
    assert "a: https://203.0.113.10:2379: its certificate has expired" in str(caught.value)
    assert str(caught.value).endswith("cannot join those that are not. Do.")


async def test_one_expired_certificate_among_other_troubles_is_waited_for_like_these() -> None:
    looks: list[Mapping[str, str]] = [{"a": EXPIRED, "b": "starts"}, {}]

    async def look() -> Mapping[str, str]:
        return looks.pop(0)

    await wait_until_healthy(
        look, seconds=60, purpose="Cluster x", say=lambda _: None, repairs={}, ending="", renewed=""
    )
    assert looks == []
