"""Orphans are looked for when they are surely listed. A run deletes them, a preview only names them."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.config.loading import ProviderAccess
from components.identity.stack_state import StackState, stack_state
from components.orphans import hooks
from components.orphans.hooks import Orphans, with_orphan_removal
from components.orphans.search import Orphan
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
    assert await orphans(resources).vpc(NAME, "an etcd cluster")() == []
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
    assert await orphans(resources).volume(f"{NAME}-2", "etcd data")() == []
    assert account.listed_late == [late]


async def test_a_preview_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    await orphans(RECORD).vpc(NAME, "an etcd cluster")()
    assert account.listed_late == [False]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "run"])
async def test_a_run_deletes_an_orphan_that_its_preview_only_names(
    monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    warned: list[str] = []
    deleted: list[Orphan] = []
    called_in_previews: list[bool] = []

    def resource_hook(_: str, act: Any, *, in_previews: bool) -> Any:
        called_in_previews.append(in_previews)
        return act

    async def delete(orphan: Orphan) -> None:
        deleted.append(orphan)

    async def search() -> list[Orphan]:
        return [orphan]

    orphan = Orphan(f"vpc {NAME}", ProviderAccess("https://api.test", "token"), "/v2/vpcs/1")
    monkeypatch.setattr(hooks, "resource_hook", resource_hook)
    monkeypatch.setattr(Orphan, "delete", delete)
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    options = with_orphan_removal(pulumi.ResourceOptions(), f"{NAME}-vpc", search)
    assert options.hooks is not None
    (hook,) = options.hooks.before_create or ()
    await hook(pulumi.ResourceHookArgs("urn", "id", NAME, "vpc"))
    assert called_in_previews == [True]
    assert deleted == ([] if preview else [orphan])
    (warning,) = warned
    assert warning.startswith(f"{'pulumi up deletes' if preview else 'deleted'} vpc {NAME}, ")
