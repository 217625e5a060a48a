"""Which setting of authentication may follow which, and when a run switches it off before members change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.changes import staged_record
from components.changes.auth_rules import switches_off
from components.changes.immutable_settings import InvalidTransitionError
from components.changes.staged_record import StagedRecord
from components.changes.staged_settings import StagedSettings, step_problems
from components.droplets.inventory import Inventory
from components.etcd.admin import ChangeRefusedError
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import Observation
from tests.unit.components.config.valid_settings import settings

STEP = StagedSettings.of(settings())
VALUES = {"on": True, "off": False, "": None}


def requested(auth: str) -> Any:
    """The settings with a value of ``auth``."""
    return settings() if VALUES[auth] is None else settings(auth=VALUES[auth])


@pytest.mark.parametrize(
    ("old", "new", "refused", "switched_off"),
    [
        ("", "", False, False),
        ("", "off", False, True),
        ("", "on", False, False),
        ("off", "", False, False),
        ("off", "off", False, False),
        ("off", "on", False, False),
        ("on", "", True, False),
        ("on", "off", False, True),
        ("on", "on", False, False),
    ],
)
def test_authentication_is_switched_off_before_its_certificates_go(
    old: str, new: str, refused: bool, switched_off: bool
) -> None:
    wanted = requested(new)
    problems = step_problems(replace(STEP, auth=old), StagedSettings.of(wanted), wanted)
    assert bool(problems) == refused
    assert switches_off(old, new) == switched_off


def test_the_error_names_key_value_reason_and_way_out() -> None:
    (problem,) = step_problems(replace(STEP, auth="on"), STEP, settings())
    assert problem.startswith("etcd:auth is not set, and was true: members would lose the certificates")
    assert problem.endswith("Set it to false and complete a pulumi up first")


def test_a_record_of_an_earlier_version_says_that_it_was_not_set() -> None:
    wanted = StagedSettings.of(requested("on"))
    before = {name: value for name, value in STEP.as_record().items() if name != "auth"}
    assert wanted.as_recorded(before).auth == ""
    assert STEP.as_record() == before


class Members(ClusterClient):
    """Members whose authentication can be switched off, unless there is a ``refusal``."""

    def __init__(self, refusal: str = "", *, on: bool = False) -> None:
        self.refusal = refusal
        self.on = on
        self.switched_off = 0

    async def credentials_known(self) -> bool:
        return True

    async def observe(self) -> Mapping[str, Observation]:
        return {}

    async def disable_authentication(self) -> bool:
        if self.refusal:
            raise ChangeRefusedError(self.refusal)
        self.switched_off += 1
        return True

    async def authentication_is_on(self) -> bool:
        if self.refusal:
            raise ChangeRefusedError(self.refusal)
        return self.on


class Account(Inventory):
    """An account with or without a droplet or volume of the cluster."""

    def __init__(self, *, has_cluster: bool) -> None:
        self.has_cluster = has_cluster

    async def has_droplets_or_volumes(self) -> bool:
        return self.has_cluster


@pytest.fixture(autouse=True)
def _without_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pulumi.log, "info", lambda *_: None)
    yield
    SETTINGS.outputs.clear()


def run_hook(
    monkeypatch: pytest.MonkeyPatch,
    members: Members,
    *,
    old: str,
    new: str,
    preview: bool = False,
    has_cluster: bool = True,
) -> None:
    """Run the hook of the record whose value was ``old``."""
    hooks: list[Any] = []
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    monkeypatch.setattr(staged_record, "resource_hook", lambda _, act, **__: hooks.append(act))
    monkeypatch.setattr(pulumi, "ResourceHookBinding", lambda **_: None)

    async def run() -> None:
        members.existing = pulumi.Output.from_input(frozenset[str]())
        recorded = replace(STEP, auth=old).as_record()
        stash = SimpleNamespace(input=pulumi.Output.from_input(recorded))
        monkeypatch.setattr(staged_record.pulumi, "Stash", lambda *_, **__: stash)
        wanted = requested(new)
        StagedRecord(
            "etcd-test",
            wanted,
            members=members,
            account=Account(has_cluster=has_cluster),
            opts=pulumi.ResourceOptions(),
        )
        await hooks[0](cast("pulumi.ResourceHookArgs", SimpleNamespace(old_inputs={"input": recorded})))

    asyncio.run(run())


@pytest.mark.parametrize("old", ["on", ""])
def test_false_switches_authentication_off_before_the_record_is_updated(
    monkeypatch: pytest.MonkeyPatch, old: str
) -> None:
    members = Members()
    run_hook(monkeypatch, members, old=old, new="off")
    assert members.switched_off == 1


def test_authentication_by_hand_is_off_before_members_get_its_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_hook(monkeypatch, Members(), old="", new="on")
    with pytest.raises(InvalidTransitionError, match="Set etcd:auth to false and complete a pulumi up first"):
        run_hook(monkeypatch, Members(on=True), old="", new="on")
    with pytest.raises(InvalidTransitionError, match="is unknown: no member answers"):
        run_hook(monkeypatch, Members(refusal="no member answers"), old="", new="on")
    run_hook(monkeypatch, Members(on=True), old="", new="on", preview=True)


def test_a_preview_switches_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    members = Members()
    run_hook(monkeypatch, members, old="on", new="off", preview=True)
    assert members.switched_off == 0


@pytest.mark.parametrize(("old", "new"), [("", ""), ("off", "off"), ("off", "on"), ("on", "on"), ("off", "")])
def test_no_other_change_asks_the_members_to(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    run_hook(monkeypatch, Members(refusal="must not be asked"), old=old, new=new)


def test_a_cluster_that_never_began_has_nothing_to_switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
    run_hook(monkeypatch, Members(refusal="nobody is there"), old="on", new="off", has_cluster=False)


def test_members_that_refuse_keep_the_record_and_their_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidTransitionError) as refused:
        run_hook(monkeypatch, Members(refusal="no member answers"), old="on", new="off")
    text = str(refused.value)
    assert text.startswith(
        "etcd:auth is false, and was true: authentication was not switched off: no member answers"
    )
    assert "set etcd:auth back to true" in text
    assert text.endswith("No member was changed.")
