"""One run's end: what it reads, changes, tells and refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.access.enforcement import AccessError, Enforcement, recorded_access
from components.config.access_settings import Client, Permission
from components.config.settings import Settings
from components.etcd.admin import Change, ChangeRefusedError
from components.identity.stack_state import stack_state
from tests.unit.components.config.valid_settings import settings

from .fake_auth import FakeAuth

APP = Client(name="app", permissions=(Permission(access="read", prefix="/app/"),))
EMPTY = stack_state({}, "etcd-test")
"""A state without any resource."""


@pytest.fixture(autouse=True)
def _forget_outputs() -> Iterator[None]:
    """Outputs that no test awaited belong to a closed event loop."""
    yield
    SETTINGS.outputs.clear()


class FakeClient:
    """A cluster with these users and roles."""

    def __init__(self, *refusals: ChangeRefusedError) -> None:
        self.auth = FakeAuth()
        self.refusals = list(refusals)
        self.existing = pulumi.Output.from_input(frozenset({"a"}))
        self.names: Mapping[str, str] = {"a": ""}
        self.possible = True

    async def changes_possible(self) -> bool:
        return self.possible

    async def through_any(self, change: Change[object], *, seconds: float) -> object:
        if self.refusals:
            raise self.refusals.pop()
        return await change(self.auth)

    async def disable_authentication(self) -> bool:
        was_on, self.auth.enabled = self.auth.enabled, False
        return was_on

    async def common_names(self) -> Mapping[str, str]:
        return self.names


class Issued:
    """A certificate that the run issues, or leaves out."""

    def __init__(self, *, known: bool = True) -> None:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        future.set_result(known)
        self.resource: Any = SimpleNamespace(id=SimpleNamespace(is_known=lambda: future))


def enforcement(
    client: FakeClient,
    *clients: Client,
    auth: bool = True,
    recorded: Collection[str] = (),
    enforced: bool = False,
    issued: bool = True,
) -> Enforcement:
    """One run's view. The run before it ``enforced`` permissions for the ``recorded`` clients."""
    stack = replace(EMPTY, enforced=enforced, clients=frozenset(recorded))
    return Enforcement(
        "etcd-test",
        access_settings(*clients, auth=auth),
        client,
        certificates={one.name: Issued(known=issued) for one in clients},
        stack=pulumi.Output.from_input(stack),
    )


def access_settings(*clients: Client, auth: bool | None = True) -> Settings:
    return settings().model_copy(update={"auth": auth, "clients": clients})


async def test_each_change_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient()
    await enforcement(client, APP).enforce()
    lines = capsys.readouterr().err.splitlines()
    assert lines[3:] == [
        "info: etcd-test: grant read of prefix /app/ to the role pulumi-client-app: done",
        "info: etcd-test: add the user app, without password: done",
        "info: etcd-test: grant the role pulumi-client-app to the user app: done",
        "info: etcd-test: switch authentication on: done",
    ]
    await enforcement(client, APP).enforce()
    assert capsys.readouterr().err == ""


async def test_a_preview_tells_the_changes_and_makes_none(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient()
    client.auth.users = {"bob": []}
    await enforcement(client, APP).announce()
    told = capsys.readouterr().err
    assert "warning: etcd-test: etcd has users that are not in etcd:clients" in told
    assert "info: etcd-test: the run will grant read of prefix /app/ to the role pulumi-client-app" in told
    assert "info: etcd-test: the run will switch authentication on" in told
    assert not client.auth.changes


async def test_a_preview_that_cannot_read_says_so_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient(ChangeRefusedError("a at 127.0.0.1 did not answer"))
    await enforcement(client, APP).announce()
    client.possible = False
    await enforcement(client, APP).announce()
    told = capsys.readouterr().err
    assert "could not read etcd's users and roles: a at 127.0.0.1 did not answer" in told
    assert "are read when there is a certificate for it" in told


async def test_a_preview_refuses_a_client_whose_user_is_somebody_elses() -> None:
    client = FakeClient()
    client.auth.users = {"app": []}
    with pytest.raises(
        AccessError, match="etcd:clients has app, and etcd has a user app that no earlier run"
    ):
        await enforcement(client, APP).announce()


async def test_authentication_is_switched_off_and_no_user_changes(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient()
    await enforcement(client, APP).enforce()
    users = dict(client.auth.users)
    client.auth.changes.clear()
    capsys.readouterr()
    await enforcement(client, auth=False).announce()
    assert capsys.readouterr().err == "info: etcd-test: the run will switch authentication off\n"
    await enforcement(client, auth=False).enforce()
    assert "somebody switched it on without this program" in capsys.readouterr().err
    await enforcement(client, auth=False).enforce()
    assert capsys.readouterr().err == ""
    assert (client.auth.enabled, client.auth.users, client.auth.changes) == (False, users, [])


async def test_a_server_certificate_with_a_name_keeps_authentication_off() -> None:
    client = FakeClient()
    client.names = {"a": "", "b": "root"}
    with pytest.raises(AccessError, match="the server certificate of b has the common name root"):
        await enforcement(client, APP).enforce()
    assert not client.auth.changes


async def test_a_refused_change_is_planned_again_from_what_etcd_has() -> None:
    client = FakeClient(ChangeRefusedError("etcdserver: role name already exists"))
    await enforcement(client, APP).enforce()
    assert client.auth.enabled


async def test_a_run_that_cannot_enforce_says_what_it_saw_last() -> None:
    client = FakeClient(*[ChangeRefusedError("a answered PERMISSION_DENIED")] * 9)
    with pytest.raises(
        AccessError, match=r"Last observed: a answered PERMISSION_DENIED. Run pulumi up again"
    ):
        await enforcement(client, APP).enforce()


def test_the_record_shows_permissions_in_words() -> None:
    root = Client(name="boss", root=True)
    assert recorded_access(access_settings(APP, root)) == {
        "auth": "on",
        "clients": {"app": ["read prefix /app/"], "boss": ["root"]},
    }
    assert recorded_access(access_settings(auth=False)) == {"auth": "off", "clients": {}}


async def test_a_run_revokes_removed_clients_at_its_beginning() -> None:
    client = FakeClient()
    await enforcement(client, APP, Client(name="old")).enforce()
    run = enforcement(client, recorded=["app", "old"], enforced=True)
    await run.revoke(frozenset({"a"}))
    assert set(client.auth.users) == {"root"}
    assert not client.auth.roles


async def test_only_what_a_run_enforced_is_revoked_at_its_beginning() -> None:
    client = FakeClient()
    await enforcement(client, APP).enforce()
    users = set(client.auth.users)
    await enforcement(client, recorded=["app"]).revoke(frozenset({"a"}))
    await enforcement(client, auth=False, recorded=["app"], enforced=True).revoke(frozenset({"a"}))
    await enforcement(client, recorded=["app"], enforced=True).revoke(frozenset())
    await enforcement(client, APP, recorded=["app"], enforced=True).revoke(frozenset({"a"}))
    assert set(client.auth.users) == users


async def test_a_client_that_could_not_be_revoked_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    client = FakeClient(ChangeRefusedError("a did not answer"))
    await enforcement(client, recorded=["old"], enforced=True).revoke(frozenset({"a"}))
    assert "not revoked yet: old. a did not answer" in capsys.readouterr().err


async def test_a_recorded_client_gets_a_deleted_role_again() -> None:
    client = FakeClient()
    await enforcement(client, APP).enforce()
    before = dict(client.auth.users), dict(client.auth.roles)
    client.auth.users["app"] = []
    client.auth.roles = {}
    await enforcement(client, APP, recorded=["app"], enforced=True).enforce()
    assert (dict(client.auth.users), dict(client.auth.roles)) == before


async def test_a_conflict_keeps_no_other_client_from_its_permissions() -> None:
    client = FakeClient()
    await enforcement(client, APP).enforce()
    client.auth.enabled = False
    client.auth.users["boss"] = ["root"]
    run = enforcement(client, APP, Client(name="boss"), recorded=["app"], enforced=True)
    with pytest.raises(AccessError, match="has a user boss that no earlier run has made"):
        await run.enforce()
    assert client.auth.enabled


async def test_the_advice_about_a_conflict_lets_the_next_run_end_well() -> None:
    client = FakeClient()
    client.auth.users = {"app": []}
    with pytest.raises(AccessError, match="etcdctl user grant-role app pulumi-client-app"):
        await enforcement(client, APP).enforce()
    assert not client.auth.enabled
    client.auth.RoleAdd("pulumi-client-app")
    client.auth.UserGrantRole("app", "pulumi-client-app")
    await enforcement(client, APP).enforce()
    assert client.auth.enabled


async def test_a_run_that_leaves_out_a_certificate_changes_no_user() -> None:
    client = FakeClient()
    with pytest.raises(AccessError, match="etcd:clients has app, and this run issues no certificate for it"):
        await enforcement(client, APP, issued=False).enforce()
    assert not client.auth.changes
