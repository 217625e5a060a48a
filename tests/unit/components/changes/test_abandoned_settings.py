"""A record that nothing came of holds nobody back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.changes import immutable_settings as transition
from components.changes.immutable_settings import ImmutableSettings, RequestedSettings, TransitionRefusedError
from components.config.loading import ProviderAccess
from components.droplets.inventory import Inventory
from tests.unit.components.config.valid_settings import settings

DROPLET = {"id": 1, "name": "etcd-server-1.etcd.example.com", "tags": ["etcd-test"]}
VOLUME = {"id": "7", "name": "etcd-test-1"}


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``await check(has=..., was=..., **settings)``: the record's hook, in an account that has these things."""

    async def run(*, has: dict[str, list[Any]], was: dict[str, Any], **changes: Any) -> None:
        async def listing(_: str, kind: str, *__: object, **___: object) -> list[Any]:
            return has.get(kind, [{"name": "etcd-test"}] if kind == "tags" else [])

        hooks: list[Any] = []
        for module in ("components.droplets.inventory", "components.droplets.address_book"):
            monkeypatch.setattr(f"{module}.list_all", listing)
        monkeypatch.setattr(pulumi, "ResourceHook", lambda _, hook, **__: hooks.append(hook))
        monkeypatch.setattr(pulumi, "ResourceHookBinding", lambda **_: None)
        monkeypatch.setattr(transition.pulumi, "Stash", lambda *_, **__: None)
        monkeypatch.setattr(ImmutableSettings, "_zone", lambda _: "")
        wanted = settings(**changes)
        ImmutableSettings(
            "etcd-test",
            wanted,
            account=Inventory(
                wanted, cluster_tag="etcd-test", access=ProviderAccess("https://api.test", "t")
            ),
            opts=pulumi.ResourceOptions(),
        )
        old = RequestedSettings.of(settings(**was)).as_record()
        await hooks[0](cast("Any", type("Args", (), {"old_inputs": {"input": old}})))

    yield run
    # What nobody has awaited belongs to a loop that is closed.
    SETTINGS.outputs.clear()


TYPO = {"was": {"zone": "exmaple.com", "domain": "etcd.exmaple.com"}, "zone": "example.com"}


@pytest.mark.parametrize(
    "has", [{}, {"volumes": [{"id": "1", "name": "web-1"}]}], ids=["nothing", "others' volumes"]
)
async def test_a_typo_in_the_first_run_is_put_right_by_the_next(
    check: Any, has: dict[str, list[Any]]
) -> None:
    await check(has=has, **TYPO)
    await check(has=has, was={"region": "ams3"}, region="fra1")


@pytest.mark.parametrize(
    "has", [{"droplets": [DROPLET]}, {"volumes": [VOLUME]}], ids=["a droplet", "a volume"]
)
async def test_what_exists_is_not_asked_to_become_something_else(
    check: Any, has: dict[str, list[Any]]
) -> None:
    with pytest.raises(TransitionRefusedError, match=r"etcd:zone is example\.com, and was exmaple\.com"):
        await check(has=has, **TYPO)


async def test_a_backup_is_not_asked_for_after_the_founding_was_recorded(check: Any) -> None:
    with pytest.raises(TransitionRefusedError, match="pulumi destroy, which deletes no backup"):
        await check(
            has={},
            was={},
            restoreFrom="latest",
            backupBucket="backups",
            backupAccessKey="a",
            backupSecretKey="s",
        )
