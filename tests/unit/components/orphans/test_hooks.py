"""The listing of existing names waits where an interrupted run may have left an orphan that is not listed yet."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.config.loading import ProviderAccess
from components.identity.stack_state import StackState, stack_state
from components.orphans import hooks
from components.orphans.hooks import Orphans
from tests.unit.components.config.valid_settings import settings

NAME = "etcd-etcd-fra1"
PARENT = "urn:pulumi:fra1::etcd::etcd:index:EtcdCluster"
RECORD = {f"{PARENT}$pulumi:index:Stash::{NAME}-founding": {"outputs": {"output": {"token": "t"}}}}
MEMBER = {f"{PARENT}$etcd:index:Member::{NAME}-1": {"outputs": {"name": "etcd-server-1"}}}
VOLUME = {
    f"{PARENT}$etcd:index:Member$digitalocean:index/volume:Volume::{NAME}-1": {"outputs": {"id": "4ebc464b"}}
}


class Account:
    """An account whose listing shows the names from the time on at which it is complete."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listed_late: list[bool] = []
        self._complete = asyncio.get_running_loop().time() + 0.3
        monkeypatch.setattr(hooks, "LISTING_LAG_SECONDS", 0.3)
        monkeypatch.setattr(hooks, "names_in_account", self._list)
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)

    async def _list(self, *_: object, **__: object) -> frozenset[str]:
        self.listed_late.append(asyncio.get_running_loop().time() >= self._complete)
        return frozenset()


def orphans(resources: dict[str, Any]) -> Orphans:
    state: pulumi.Output[StackState] = pulumi.Output.from_input(stack_state(resources, NAME))
    nothing = pulumi.Output.from_input("")
    access = ProviderAccess("https://api.test", "token")
    return Orphans(
        settings(),
        cluster=NAME,
        identity=nothing,
        stack=state,
        zone_id=nothing,
        access=access,
        cloudflare=access,
    )


@pytest.mark.parametrize(
    ("resources", "late"),
    [({}, False), (RECORD, True)],
    ids=["the first run", "a run after an interrupted one"],
)
async def test_a_network_is_looked_for_when_it_is_surely_listed(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, Any], late: bool
) -> None:
    account = Account(monkeypatch)
    assert await orphans(resources).vpc(NAME, "an etcd cluster")(True) == []
    assert account.listed_late == [late]


@pytest.mark.parametrize(
    ("resources", "late"),
    [(RECORD, False), ({**RECORD, **MEMBER, **VOLUME}, False), ({**RECORD, **MEMBER}, True)],
    ids=["no member was begun", "every member has its volume", "a member has no volume"],
)
async def test_a_volume_is_looked_for_when_it_is_surely_listed(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, Any], late: bool
) -> None:
    account = Account(monkeypatch)
    assert await orphans(resources).volume(f"{NAME}-2", "etcd data")(True) == []
    assert account.listed_late == [late]


async def test_a_preview_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    await orphans(RECORD).vpc(NAME, "an etcd cluster")(False)
    assert account.listed_late == [False]
