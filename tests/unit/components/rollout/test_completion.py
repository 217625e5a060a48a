"""A run whose last gate was not called checks the members that exist, and changes none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pulumi
import pytest

from components.etcd.admin import ChangeRefusedError
from components.etcd.member_status import Cause, ForeignMember, NoStatus, Observation
from components.rollout.completion import Completion
from components.rollout.rollout import Rollout
from components.rollout.waiting import UnhealthyError
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import (
    FOUND,
    FakeChecks,
    FakeMembers,
    FakeResource,
    healthy,
)

NAMES = [f"etcd-server-{number}.etcd.example.com" for number in range(1, 6)]


def completion(
    running: int, size: int, *, version: str = "3.6.14", foreign: tuple[ForeignMember, ...] = ()
) -> Completion:
    """The end of a run with ``size`` configured members that creates no droplet, in a healthy cluster."""
    there = NAMES[:running]
    status = replace(healthy(there, version), foreign=foreign)
    rollout = Rollout(
        "etcd-test",
        settings(size=size).model_copy(update={"health_timeout_seconds": 0.5}),
        members=FakeMembers(dict.fromkeys(there, status), existing=there),
        preflight=FakeChecks(),
        zone=pulumi.Output.from_input(FOUND),
        version=pulumi.Output.from_input("3.6.14"),
    )
    for number, name in enumerate(NAMES[:size]):
        droplet = FakeResource(identity=str(number) if number < running else None)
        rollout.add_member(name, gate=FakeResource(), droplet=droplet, record=FakeResource())
    return Completion(rollout)


@pytest.mark.parametrize(
    ("running", "size"), [(3, 3), (5, 3), (3, 5)], ids=["same size", "smaller", "larger"]
)
async def test_only_existing_members_are_checked_where_the_size_is_not_reached(
    monkeypatch: pytest.MonkeyPatch, running: int, size: int
) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    end = completion(running, size)
    # FakeMembers lets nobody change a member.
    assert await checked_members(end, monkeypatch) == NAMES[: min(running, size)]


async def test_a_member_whose_droplet_only_this_run_made_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    end = completion(3, 5)
    end._rollout.droplets[NAMES[3]] = FakeResource(identity="3")
    assert await checked_members(end, monkeypatch) == NAMES[:4]


async def test_a_run_fails_while_a_member_has_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    with pytest.raises(UnhealthyError, match=r"(?s)Cluster etcd-test: .* runs etcd 3\.6\.13, not 3\.6\.14"):
        await completion(3, 3, version="3.6.13").check_existing()


async def test_a_preview_names_a_leaving_member_whose_droplet_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", told.append)
    end = completion(5, 3)
    end._rollout.members.existing = pulumi.Output.from_input(frozenset(NAMES[:4]))
    await end._announce()
    assert told == [f"etcd-test: {NAMES[3]}, {NAMES[4]} will leave the cluster, then be deleted"]


async def test_a_preview_refuses_a_droplet_that_was_deleted_by_hand() -> None:
    end = completion(3, 3)
    end._rollout.members.existing = pulumi.Output.from_input(frozenset(NAMES[1:3]))
    end._rollout.members.droplets.gone = frozenset("0")
    # The ids become known.
    async with asyncio.timeout(10):
        while len(end._rollout.health.droplets) < len(NAMES[:3]):
            await asyncio.sleep(0)
    with pytest.raises(pulumi.RunError, match=rf"no droplet {NAMES[0]} \(0\) any more.* pulumi up --refresh"):
        await end._announce()


@pytest.mark.parametrize("learner", [True, False], ids=["a learner", "a voter"])
async def test_a_run_names_and_keeps_a_member_that_it_did_not_make(
    monkeypatch: pytest.MonkeyPatch, learner: bool
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    end = completion(3, 3, foreign=(ForeignMember("extra", str(0xAB), learner=learner),))
    # FakeMembers lets nobody remove a member.
    await end._complete(pulumi.ResourceHookArgs("urn", "id", "healthy", "stash"))
    await end.check_existing()
    assert ["etcdctl member remove ab" in text for text in warned] == [True]


async def test_a_droplet_that_could_still_join_is_deleted_before_the_run_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    deleted: list[int] = []
    end = completion(3, 3)
    members = end._rollout.members
    members.observations[NAMES[3]] = NoStatus("no answer", Cause.SILENT)

    async def named(name: str) -> list[int]:
        return [4] if name == NAMES[3] and not deleted else []

    async def remove(droplet: int) -> None:
        deleted.append(droplet)

    monkeypatch.setattr(members.droplets, "named", named)
    monkeypatch.setattr(members.droplets, "remove", remove)
    await end._complete(pulumi.ResourceHookArgs("urn", "id", "healthy", "stash"))
    assert deleted == [4]


async def test_a_droplet_unknown_to_the_state_is_deleted_when_its_member_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    done: list[int | str] = []
    end = completion(5, 3)
    members = end._rollout.members
    monkeypatch.setattr(end._rollout.backups, "take", no_backup)

    async def remove_member(leaving: str, *_: object, through: object) -> None:
        done.append(leaving)
        left = {name: status for name, status in members.observations.items() if name != leaving}
        members.observations = dict.fromkeys(left, healthy([*left]))

    async def orphaned(name: str) -> list[int]:
        return [5] if name == NAMES[4] and 5 not in done else []

    async def remove(droplet: int) -> None:
        done.append(droplet)

    monkeypatch.setattr(members, "remove_member", remove_member)
    monkeypatch.setattr(members.droplets, "orphaned", orphaned)
    monkeypatch.setattr(members.droplets, "remove", remove)
    await end._complete(pulumi.ResourceHookArgs("urn", "id", "healthy", "stash"))
    assert done == [NAMES[4], NAMES[3], 5]


@pytest.mark.parametrize(
    ("refusals", "temporary", "ends"), [(2, True, True), (2, False, False), (10_000, True, False)]
)
async def test_a_member_leaves_when_etcd_does_not_refuse_it_any_more(
    monkeypatch: pytest.MonkeyPatch, refusals: int, temporary: bool, ends: bool
) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    monkeypatch.setattr("components.rollout.completion.POLL_SECONDS", 0)
    monkeypatch.setattr("components.rollout.completion.REMOVAL_SECONDS", 0.3)
    end = completion(4, 3)
    members = end._rollout.members
    monkeypatch.setattr(end._rollout.backups, "take", no_backup)
    asked: list[str] = []

    async def remove_member(leaving: str, *_: object, through: object) -> None:
        asked.append(leaving)
        if len(asked) <= refusals:
            raise ChangeRefusedError("etcdserver: unhealthy cluster", temporary=temporary)
        members.observations = dict.fromkeys(NAMES[:3], healthy(NAMES[:3]))

    monkeypatch.setattr(members, "remove_member", remove_member)
    run = end._complete(pulumi.ResourceHookArgs("urn", "id", "healthy", "stash"))
    if ends:
        await run
        assert asked == [NAMES[3]] * (refusals + 1)
    else:
        with pytest.raises(
            pulumi.RunError, match=rf"{NAMES[3]} did not leave .*unhealthy cluster\. Nothing else"
        ):
            await run


async def checked_members(end: Completion, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The members whose health the end of a run waits for, when the last gate was not called."""
    checked: list[str] = []
    wait = end._rollout.health.wait_for_cluster

    async def wait_for_cluster(names: list[str]) -> Mapping[str, Observation]:
        checked.extend(names)
        return await wait([name for name in names if name in end._rollout.members.observations])

    monkeypatch.setattr(end._rollout.health, "wait_for_cluster", wait_for_cluster)
    await end.check_existing()
    return checked


async def no_backup(*_: object, **__: object) -> bool:
    return False
