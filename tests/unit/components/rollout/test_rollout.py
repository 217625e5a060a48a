"""What happens before a gate lets a member change."""

from __future__ import annotations

import asyncio
import dataclasses

import pulumi
import pytest

from components.changes.member_versions import UpgradeError
from components.etcd.admin import DataHash
from components.etcd.data_comparison import DifferentDataError
from components.etcd.member_status import EXPIRED, Cause, ForeignMember, NoStatus, Observation
from components.etcd.node_report import NodeReport
from components.identity.stack_state import RecordState
from components.infra.dns import ZoneState
from components.rollout.rollout import Rollout
from components.rollout.waiting import UnhealthyError
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import (
    FOUND,
    NAMES,
    FakeChecks,
    FakeMembers,
    FakeResource,
    foreign,
    healthy,
    observed,
)

FIRST, SECOND, THIRD = NAMES
AWAY = ZoneState(
    "zone", "Cloudflare does not show the zone", dict.fromkeys(NAMES, RecordState("zone", "192.0.2.1", "c"))
)


class LedMembers(FakeMembers):
    """Three members that the first one leads."""

    def __init__(self, *unhealthy: str) -> None:
        super().__init__(
            {
                name: dataclasses.replace(healthy(), member_id=name, leader=FIRST)
                if name not in unhealthy
                else status
                for name, status in observed(*unhealthy).items()
            }
        )
        self.transfers: list[tuple[str, str]] = []

    async def transfer_leadership(self, leader: str, to: str) -> None:
        self.transfers.append((leader, to))


def rollout(
    members: FakeMembers,
    *,
    version: str = "3.6.14",
    zone: ZoneState = FOUND,
    seconds: int = 0,
    **changes: str,
) -> Rollout:
    return Rollout(
        "etcd-test",
        settings(healthTimeoutSeconds=10, **changes).model_copy(update={"health_timeout_seconds": seconds}),
        members=members,
        preflight=FakeChecks(),
        zone=pulumi.Output.from_input(zone),
        version=pulumi.Output.from_input(version),
    )


async def test_the_leader_transfers_its_leadership_before_it_changes() -> None:
    members = LedMembers()
    await rollout(members).release(FIRST)
    assert members.transfers == [(FIRST, SECOND)]


async def test_a_member_that_does_not_lead_changes_without_a_transfer() -> None:
    members = LedMembers()
    await rollout(members).release(THIRD)
    assert members.transfers == []


async def test_a_gate_made_late_asks_for_a_healthy_member() -> None:
    run = rollout(FakeMembers(observed(THIRD)))
    assert await run.asks_late(FIRST)
    # This run may repair it, and its guard knows whether that does harm.
    assert not await run.asks_late(THIRD)


async def test_a_gate_of_a_new_member_or_without_turns_asks_nobody() -> None:
    assert not await rollout(FakeMembers(observed(), existing=[FIRST, SECOND])).asks_late(THIRD)
    assert not await rollout(FakeMembers(observed()), rollout="all-at-once").asks_late(FIRST)


async def test_no_leadership_is_transferred_while_another_is_unhealthy() -> None:
    members = LedMembers(THIRD)
    with pytest.raises(UnhealthyError, match=f"Before {FIRST} may change"):
        await rollout(members).release(FIRST)
    assert members.transfers == []


async def test_no_leadership_is_transferred_for_a_version_that_is_too_new() -> None:
    members = LedMembers()
    with pytest.raises(UpgradeError):
        await rollout(members, version="3.8.0").release(FIRST)
    assert members.transfers == []


async def test_no_member_changes_while_one_has_other_data() -> None:
    members = LedMembers()

    async def data_hash(name: str, _: int) -> DataHash:
        return DataHash(2 if name == THIRD else 1, -1)

    members.data_hash = data_hash
    with pytest.raises(DifferentDataError, match=f"Before {FIRST} may change: {THIRD} has other data"):
        await rollout(members).release(FIRST)
    assert members.transfers == []


EXTRA = ForeignMember("extra", str(0xAB), learner=False)
"""A member that somebody added with etcdctl, and that does not run."""


@pytest.mark.parametrize(
    "added",
    [dataclasses.replace(EXTRA, learner=True), dataclasses.replace(EXTRA, connected=True)],
    ids=["a learner", "a voter that runs"],
)
async def test_no_gate_waits_for_a_member_that_the_program_did_not_make(
    monkeypatch: pytest.MonkeyPatch, added: ForeignMember
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    gate = rollout(FakeMembers(foreign(added)))
    await gate.release(FIRST)
    await gate.release(SECOND)
    (warning,) = warned
    assert warning.startswith("extra (id ab) is a member of the cluster that this program did not make")
    assert warning.endswith("etcdctl member remove ab")


async def test_a_voter_added_by_hand_that_does_not_run_keeps_gates_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulumi.log, "warn", lambda _: None)
    with pytest.raises(UnhealthyError, match="etcdctl member remove ab"):
        await rollout(FakeMembers(foreign(EXTRA))).release(FIRST)


async def test_no_replacement_is_advised_while_this_machines_clock_is_wrong() -> None:
    expired = NoStatus(f"https://192.0.2.1:2379: {EXPIRED}", Cause.CERTIFICATE)
    members = FakeMembers(dict.fromkeys(NAMES, expired))
    members.clock_problem = "this machine's clock is 400 days ahead of that of the API"
    with pytest.raises(UnhealthyError) as caught:
        await rollout(members).release(FIRST)
    assert "This machine's clock is 400 days ahead" in str(caught.value)
    assert "all-at-once" not in str(caught.value)


async def test_no_replacement_is_advised_where_only_this_machine_reaches_nobody() -> None:
    members = FakeMembers({**observed(), SECOND: NoStatus("no answer in time", Cause.SILENT)})
    run = rollout(members)
    run.health.repairs[SECOND] = pulumi.Output.from_input("pulumi up --target-replace")
    with pytest.raises(UnhealthyError, match="replace its droplet: pulumi up --target-replace"):
        await run.release(FIRST)
    members.heard_by_others = frozenset([SECOND])
    with pytest.raises(UnhealthyError) as caught:
        await run.release(FIRST)
    assert "Only the way from this machine to the member is interrupted" in str(caught.value)
    assert "target-replace" not in str(caught.value)


async def test_a_leaving_member_without_a_droplet_is_told_to_leave_first() -> None:
    fourth = NAMES[0].replace("-1.", "-4.")
    there = {name: healthy((*NAMES, fourth)) for name in NAMES}
    members = FakeMembers({**there, fourth: NoStatus("no droplet", Cause.NO_DROPLET)})
    with pytest.raises(UnhealthyError, match="undo all other changes of the settings, run pulumi up"):
        await rollout(members).release(FIRST)


def with_droplets(members: FakeMembers) -> Rollout:
    """A rollout whose engine has droplet 1, 2 and 3 in its state. It waits for unhealthy members for ever."""
    run = rollout(members, seconds=600)
    for number, name in enumerate(NAMES, start=1):
        run.add_member(
            name, gate=FakeResource(), droplet=FakeResource(identity=str(number)), record=FakeResource()
        )
    return run


async def test_a_droplet_deleted_by_hand_ends_a_run_at_once_and_names_the_refresh() -> None:
    members = FakeMembers(observed(THIRD), existing=[FIRST, SECOND])
    members.droplets.gone = frozenset("3")
    run = with_droplets(members)
    refusal = rf"no droplet {THIRD} \(3\) any more.* Run pulumi up --refresh"
    for wait in (
        run.release(FIRST),
        run.health.wait_for_joining([THIRD]),
        run.health.wait_for_cluster(NAMES),
    ):
        with pytest.raises(pulumi.RunError, match=refusal):
            await asyncio.wait_for(wait, 5)


async def test_a_droplet_that_is_only_not_listed_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    run = with_droplets(FakeMembers(observed(THIRD), existing=[FIRST, SECOND]))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run.health.wait_for_joining([THIRD]), 0.5)


async def test_a_member_that_answers_from_another_droplet_ends_no_run() -> None:
    members = LedMembers()
    members.droplets.gone = frozenset("123")
    await with_droplets(members).release(FIRST)


async def test_no_planned_replacement_begins_without_dns() -> None:
    with pytest.raises(
        pulumi.RunError, match=r"Cloudflare does not show the zone\. .* No member was changed$"
    ):
        await rollout(LedMembers(), zone=AWAY).check_replacement(FIRST)


ALONE = healthy((FIRST,))
UNREAD = NodeReport("active", "active")
NO_DATA = NodeReport("activating", "inactive", waiting="a backup", contents="no data")


@pytest.mark.parametrize(
    ("observation", "report", "words"),
    [
        (ALONE, UNREAD, r"Set etcd:size to 3 and run pulumi up: .* No member was changed$"),
        (NoStatus("gone"), None, r"It is not healthy \(gone\).* docs/recovery\.md"),
        (NoStatus("gone"), dataclasses.replace(NO_DATA, aside_bytes=1), r"It is not healthy"),
        (NoStatus(EXPIRED), None, r"docs/lifecycle\.md, Renewal\. No member was changed$"),
    ],
    ids=["healthy", "silent", "data set aside", "expired"],
)
async def test_the_droplet_with_the_only_copy_of_the_data_is_not_replaced(
    observation: Observation, report: NodeReport | None, words: str
) -> None:
    members = FakeMembers({FIRST: observation}, existing=[FIRST])
    members.told = {} if report is None else {FIRST: report}
    run = rollout(members, size=1, volumeSize=0)
    for check in (run.check_replacement, run.preview_replacement):
        with pytest.raises(pulumi.RunError, match=words):
            await check(FIRST)


@pytest.mark.parametrize(
    ("size", "volume", "existing", "report"),
    [
        (3, 0, [FIRST], UNREAD),
        (1, 10, [FIRST], UNREAD),
        (1, 0, NAMES, UNREAD),
        (1, 0, [FIRST], NO_DATA),
    ],
    ids=["others join first", "a volume", "others leave afterwards", "no data"],
)
async def test_a_droplet_is_replaced_if_the_data_is_elsewhere_or_nowhere(
    size: int, volume: int, existing: list[str], report: NodeReport
) -> None:
    members = FakeMembers({FIRST: ALONE}, existing=existing)
    members.told = {FIRST: report}
    run = rollout(members, size=size, volumeSize=volume)
    await run.check_replacement(FIRST)
    await run.preview_replacement(FIRST)


async def test_a_lost_member_and_an_all_at_once_run_need_no_dns() -> None:
    members = FakeMembers(observed(), existing=[SECOND, THIRD])
    await rollout(members, zone=AWAY).check_replacement(FIRST)
    await rollout(LedMembers(), zone=AWAY, rollout="all-at-once").check_replacement(FIRST)


async def test_a_gate_is_asked_after_all_else_that_can_fail() -> None:
    run = rollout(LedMembers())
    volume = asyncio.get_running_loop().create_future()
    run.settle(pulumi.Output.from_input(volume))
    asked = asyncio.ensure_future(run.wait_to_ask(FIRST, []))
    await asyncio.sleep(0.05)
    assert not asked.done()
    volume.set_result("urn")
    await asked


async def test_a_gate_is_asked_after_joining_members_and_their_records() -> None:
    run = rollout(FakeMembers(observed(), existing=[FIRST, SECOND]))
    made, recorded = (asyncio.get_running_loop().create_future() for _ in range(2))
    for name in NAMES:
        droplet, record = (FakeResource(future if name == THIRD else None) for future in (made, recorded))
        run.add_member(name, gate=FakeResource(), droplet=droplet, record=record)
    asked = asyncio.ensure_future(run.wait_to_ask(FIRST, []))
    for future in (made, recorded):
        await asyncio.sleep(0.05)
        assert not asked.done()
        future.set_result("urn")
    await asked
