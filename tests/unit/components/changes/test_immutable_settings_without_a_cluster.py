"""When a record does not prove that the cluster exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.changes import immutable_settings
from components.changes.immutable_settings import ImmutableSettings, InvalidTransitionError, RequestedSettings
from components.config.loading import ProviderAccess
from components.droplets.inventory import Inventory
from components.identity.stack_state import DROPLET_TYPE, StackState, stack_state
from tests.unit.components.config.valid_settings import settings

DROPLET = {"id": 1, "name": "etcd-server-1.etcd.example.com", "tags": ["etcd-test"]}
TAG = {"name": "etcd-test", "resources": {"count": 0}}
VOLUME = {"id": "7", "name": "etcd-test-1"}

Check = Callable[..., Awaitable[None]]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """``await check(account=…, recorded=…, **settings)`` runs the record's hook in an account with these droplets
    and volumes."""

    async def run(*, account: dict[str, list[Any]], recorded: dict[str, Any], **changes: Any) -> None:
        async def listing(_: str, kind: str, *__: object, **___: object) -> list[Any]:
            return account.get(kind, [TAG] if kind == "tags" else [])

        async def read_state(cluster: str) -> StackState:
            record = f"urn:pulumi:test::etcd::pulumi:index:Stash::{cluster}"
            return stack_state(
                {
                    f"{record}-founding": {"outputs": {"output": {"token": "t"}}},
                    f"{record}-healthy": {},
                    f"urn:pulumi:test::etcd::{DROPLET_TYPE}::{cluster}-1": {"outputs": {"id": "1"}},
                },
                cluster,
            )

        hooks: list[Any] = []
        monkeypatch.setattr("components.droplets.inventory.read_stack_state", read_state)
        for module in ("components.droplets.inventory", "components.droplets.address_book"):
            monkeypatch.setattr(f"{module}.list_all", listing)
        monkeypatch.setattr(pulumi, "ResourceHook", lambda _, hook, **__: hooks.append(hook))
        monkeypatch.setattr(pulumi, "ResourceHookBinding", lambda **_: None)
        monkeypatch.setattr(immutable_settings.pulumi, "Stash", lambda *_, **__: None)
        monkeypatch.setattr(ImmutableSettings, "_zone", lambda _: "")
        requested = settings(**changes)
        access = ProviderAccess("https://api.test", "t")
        ImmutableSettings(
            "etcd-test",
            requested,
            account=Inventory(requested, cluster_tag="etcd-test", access=access),
            opts=pulumi.ResourceOptions(),
        )
        old = RequestedSettings.of(settings(**recorded)).as_record()
        await hooks[0](SimpleNamespace(old_inputs={"input": old}))

    yield run
    # Outputs that no test awaited belong to a closed event loop.
    SETTINGS.outputs.clear()


TYPO = {"recorded": {"zone": "exmaple.com", "domain": "etcd.exmaple.com"}, "zone": "example.com"}


@pytest.mark.parametrize(
    "account", [{}, {"volumes": [{"id": "1", "name": "web-1"}]}], ids=["empty", "other volumes"]
)
async def test_a_typo_of_the_first_run_can_be_corrected(check: Check, account: dict[str, list[Any]]) -> None:
    await check(account=account, **TYPO)
    await check(account=account, recorded={"region": "ams3"}, region="fra1")


@pytest.mark.parametrize(
    "account", [{"droplets": [DROPLET]}, {"volumes": [VOLUME]}], ids=["a droplet", "a volume"]
)
async def test_the_settings_of_an_existing_cluster_cannot_change(
    check: Check, account: dict[str, list[Any]]
) -> None:
    with pytest.raises(InvalidTransitionError, match=r"etcd:zone is example\.com, and was exmaple\.com"):
        await check(account=account, **TYPO)


async def test_the_backup_to_restore_cannot_change_after_the_first_run(check: Check) -> None:
    with pytest.raises(InvalidTransitionError, match=r"docs/recovery\.md, A new cluster from a backup"):
        await check(
            account={},
            recorded={},
            restoreFrom="latest",
            backupBucket="backups",
            backupAccessKey="a",
            backupSecretKey="s",
        )
