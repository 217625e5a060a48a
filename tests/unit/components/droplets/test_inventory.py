"""A run lists the droplets again where the run before it may have created one a moment ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pytest

from components.api.listing import ListingError
from components.config.loading import ProviderAccess
from components.droplets import inventory
from components.droplets.inventory import Inventory
from components.identity.cluster_identity import identity_of, identity_tag
from components.identity.stack_state import StackState, stack_state
from tests.unit.components.config.valid_settings import settings

NAME = "etcd-etcd-fra1"
PARENT = "urn:pulumi:fra1::etcd::etcd:index:EtcdCluster"
RECORD = {f"{PARENT}$pulumi:index:Stash::{NAME}-founding": {"outputs": {"output": {"token": "t"}}}}
MEMBER = f"{PARENT}$etcd:index:Member"
MEMBERS = settings().member_names


def begun(*numbers: int) -> dict[str, Any]:
    """The state of a stack in which a run has begun to create these members."""
    return RECORD | {f"{MEMBER}::{NAME}-{number}": {"outputs": {}} for number in numbers}


def made(*numbers: int) -> dict[str, Any]:
    """The state of a stack that has the droplets of these members."""
    droplet = f"{MEMBER}$digitalocean:index/droplet:Droplet"
    return begun(*numbers) | {f"{droplet}::{NAME}-{number}": {"outputs": {}} for number in numbers}


class Account:
    """An account in which the first listing lacks the droplet of the last member."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], *, preview: bool) -> None:
        async def read(_: str) -> StackState:
            return stack_state(state, NAME)

        self.listings = 0
        monkeypatch.setattr(inventory, "LISTING_LAG_SECONDS", 0.1)
        monkeypatch.setattr(inventory, "list_all", self._list)
        monkeypatch.setattr(inventory, "read_stack_state", read)
        monkeypatch.setattr("components.droplets.address_book.list_all", self._list_tagged)
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)

    async def _list_tagged(self, *_: object, **__: object) -> Sequence[dict[str, Any]]:
        self.listings += 1
        return self._droplets()

    async def _list(self, _: object, kind: str, *__: object, **___: object) -> Sequence[dict[str, Any]]:
        return await self.list_all(kind)

    async def list_all(self, kind: str) -> Sequence[dict[str, Any]]:
        """What the account has of a kind."""
        return self._droplets() if kind == "droplets" else []

    def _droplets(self) -> Sequence[dict[str, Any]]:
        names = MEMBERS if self.listings > 1 else MEMBERS[:-1]
        tags = [NAME, identity_tag(NAME, identity_of("t"))]
        return [{"id": number, "name": name, "tags": tags} for number, name in enumerate(names, start=1)]

    async def existing(self) -> frozenset[str]:
        access = ProviderAccess("https://api.test", "token")
        found = await Inventory(settings(), cluster_tag=NAME, access=access).existing.future()
        return found or frozenset()


async def test_a_droplet_that_is_not_listed_yet_is_not_created_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, {**made(1, 2), **begun(3)}, preview=False)
    assert await account.existing() == {*MEMBERS}
    assert account.listings == 2


@pytest.mark.parametrize(
    ("state", "preview"),
    [(made(1, 2), False), (made(1, 2, 3), False), ({**made(1, 2), **begun(3)}, True)],
    ids=["no run has begun to create the member", "its droplet was lost", "a preview"],
)
async def test_a_run_that_cannot_have_created_more_lists_once(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], preview: bool
) -> None:
    account = Account(monkeypatch, state, preview=preview)
    assert await account.existing() == {*MEMBERS[:-1]}
    assert account.listings == 1


@pytest.mark.parametrize("kind", ["discovered", "droplets", "tags"])
@pytest.mark.parametrize("temporary", [False, True], ids=["refused", "silent"])
async def test_a_failed_listing_names_its_token_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, kind: str, temporary: bool
) -> None:
    account = Account(monkeypatch, made(1, 2, 3), preview=False)
    monkeypatch.setattr(inventory, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(inventory, "PAUSE_SECONDS", 0.01)

    async def failing(_: object, listed: str, token: str, **only: str) -> Sequence[dict[str, Any]]:
        if kind == ("discovered" if "tag_name" in only else listed):
            raise ListingError(f"api.test says no to {listed}", temporary=temporary)
        return await account.list_all(listed)

    monkeypatch.setattr(inventory, "list_all", failing)
    monkeypatch.setattr("components.droplets.address_book.list_all", failing)
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    with pytest.raises(pulumi.RunError) as refused:
        await account.existing()
    text = str(refused.value)
    assert len(said) == temporary
    token = "etcd:discoveryToken" if kind == "discovered" else "digitalocean:token"
    assert text.startswith(
        f"api.test says no to {'tags' if kind == 'tags' else 'droplets'} (the request used {token})"
    )
    address = "etcd:discoveryApiUrl" if kind == "discovered" else "digitalocean:apiEndpoint"
    remedy = "run pulumi up again" if temporary else f"look at {address}, which is the API's address without"
    assert remedy in text
    assert ("run pulumi up again" in text) is temporary


@pytest.mark.parametrize("token", ["etcd:discoveryToken", "digitalocean:token"])
async def test_a_refused_token_is_named_with_what_to_set_it_to(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    account = Account(monkeypatch, made(1, 2, 3), preview=False)

    async def refusing(_: object, listed: str, token_: str, **only: str) -> Sequence[dict[str, Any]]:
        if (token == "etcd:discoveryToken") is ("tag_name" in only):
            raise ListingError(f"api.test answered 403 to {listed}", temporary=False, refused=True)
        return await account.list_all(listed)

    monkeypatch.setattr(inventory, "list_all", refusing)
    monkeypatch.setattr("components.droplets.address_book.list_all", refusing)
    with pytest.raises(pulumi.RunError) as refused:
        await account.existing()
    scopes = "droplet:read and tag:read" if token == "etcd:discoveryToken" else "of the README's section"
    assert f"set {token} to a token of the cluster's team that is valid and has the scopes {scopes}" in str(
        refused.value
    )
