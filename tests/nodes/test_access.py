"""The program's look-ups, changes and users against real members, with and without etcd's authentication."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest

from components.access.desired import desired_clients
from components.access.enforcement import AccessError, Enforcement
from components.access.plan import access_steps
from components.access.state import apply_steps, read_access
from components.config.access_settings import Client, Permission
from components.etcd.admin import ChangeRefusedError, MemberAdmin
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import AUTHENTICATION, MemberStatus
from components.identity.stack_state import stack_state
from localcloud.toolchain.etcd import VERSIONS

from .plain_members import NAMES, PlainMembers, healthy

FIRST = NAMES[0]
APP = Client(name="app", permissions=(Permission(access="readwrite", prefix="/app/"),))
METRICS = Client(name="metrics")
READS = Permission(access="read", prefix="/a")


@pytest.fixture(params=VERSIONS)
async def members(
    request: pytest.FixtureRequest, tmp_path: Path, network: str
) -> AsyncIterator[PlainMembers]:
    """Three healthy members."""
    running = PlainMembers(tmp_path, network, request.param)
    for kind in ("app", "metrics", "stranger"):
        running.issue(kind, kind)
    try:
        for name in NAMES:
            running.start(name)
        await until_healthy(running.client())
        yield running
    finally:
        running.stop()


async def until_healthy(client: ClusterClient) -> None:
    deadline = time.monotonic() + 60
    while not await healthy(client):
        assert time.monotonic() < deadline, await client.observe()
        await asyncio.sleep(0.2)


async def enforce(members: PlainMembers, *clients: Client, auth: bool = True) -> None:
    """The end of one run."""
    settings = members.settings(*clients, auth=auth)
    run = Enforcement(
        "etcd",
        settings,
        members.client(*clients, auth=auth),
        certificates={},
        stack=pulumi.Output.from_input(stack_state({}, "etcd")),
    )
    await run.enforce()


async def test_everything_works_with_and_without_authentication(members: PlainMembers) -> None:
    client = members.client(APP)
    for enabled in (False, True):
        if enabled:
            await enforce(members, APP)
        assert await client.authentication_is_on() is enabled
        assert await healthy(client)
        observations = await client.observe()
        status = observations[FIRST]
        assert isinstance(status, MemberStatus)
        hashes = {name: await client.data_hash(name, status.revision) for name in NAMES}
        assert len(set(hashes.values())) == 1
        admin = await client.admin(FIRST)
        await admin.grant_lease(77, 60)
        assert await admin.has_lease(77)
        await admin.revoke_lease(77)
        await admin.revoke_lease(77)
        assert not await admin.has_lease(77)
        leader = next(name for name, id_ in status.ids.items() if id_ == status.leader)
        follower = next(name for name in NAMES if name != leader)
        await client.transfer_leadership(leader, status.ids[follower])
        await until_healthy(client)
        before = (await client.observe())[FIRST]
        await client.append_entries(FIRST, 500)
        after = (await client.observe())[FIRST]
        assert isinstance(before, MemberStatus)
        assert isinstance(after, MemberStatus)
        assert after.leader == status.ids[follower]
        assert after.applied_index >= before.applied_index + 500
    leaving = NAMES[2]
    members.stop(leaving)
    await client.remove_member(leaving, await client.observe(), through=[FIRST])
    remaining = (await client.observe())[FIRST]
    assert isinstance(remaining, MemberStatus)
    assert leaving not in remaining.ids


async def test_without_settings_authentication_is_recognised_by_name(members: PlainMembers) -> None:
    await enforce(members)
    observations = await members.client(auth=None).observe()
    assert {one.problem for one in observations.values() if isinstance(one, MemberStatus)} == {AUTHENTICATION}
    assert len(observations) == len(NAMES)


async def test_a_client_opens_its_prefix_and_nothing_after_its_removal(members: PlainMembers) -> None:
    await enforce(members, APP, METRICS)
    assert members.etcdctl("app", "put", "/app/a", "1").returncode == 0
    assert members.etcdctl("app", "get", "--print-value-only", "/app/a").stdout == "1\n"
    for kind, *command in (
        ("app", "put", "/other", "1"),
        ("app", "get", "--prefix", "/"),
        ("metrics", "get", "/app/a"),
        ("stranger", "get", "/app/a"),
        ("operator", "get", "/app/a"),
    ):
        assert members.etcdctl(kind, *command).returncode != 0, (kind, command)
    await enforce(members, METRICS)
    assert members.etcdctl("app", "get", "/app/a").returncode != 0
    assert members.etcdctl("management", "get", "--print-value-only", "/app/a").stdout == "1\n"


async def test_authentication_goes_off_and_on_and_drift_is_repaired(members: PlainMembers) -> None:
    await enforce(members, APP)
    await enforce(members, APP, auth=False)
    assert members.etcdctl("stranger", "put", "/x", "1").returncode == 0
    for command in (
        "user delete root",
        "role revoke-permission --prefix pulumi-client-app /app/",
        "user revoke-role app pulumi-client-app",
        "user add --no-password bob",
    ):
        assert members.etcdctl("operator", *command.split()).returncode == 0, command
    await enforce(members, APP)
    assert members.etcdctl("app", "put", "/app/a", "1").returncode == 0
    assert members.etcdctl("stranger", "put", "/x", "1").returncode != 0
    assert members.etcdctl("management", "user", "list").stdout.split() == ["app", "bob", "root"]


async def test_users_made_by_hand_are_kept_and_never_taken_over(
    members: PlainMembers, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("user add --no-password app", "user add --no-password bob", "role add manual"):
        assert members.etcdctl("operator", *command.split()).returncode == 0, command
    with pytest.raises(AccessError, match="etcd has a user app that no earlier run has made"):
        await enforce(members, APP)
    assert not await members.client().authentication_is_on()
    await enforce(members, METRICS)
    told = capsys.readouterr()
    assert "leaves them alone: app, bob" in told.out + told.err
    assert "leaves them alone: manual" in told.out + told.err


async def test_a_certificate_with_a_name_keeps_authentication_off(members: PlainMembers) -> None:
    members.issue(NAMES[1], "root", names=(NAMES[1], "localhost"))
    with pytest.raises(AccessError, match=rf"{NAMES[1]} has the common name root"):
        await enforce(members, APP)
    assert not await members.client().authentication_is_on()


async def test_users_change_while_a_member_is_down(members: PlainMembers) -> None:
    await enforce(members, APP)
    members.stop(FIRST)
    await enforce(members, APP, METRICS)
    assert members.etcdctl("metrics", "user", "get", "metrics", member=NAMES[1]).returncode == 0
    assert await members.client().disable_authentication()
    assert not await members.client().disable_authentication()


async def test_a_change_says_why_it_was_refused(members: PlainMembers, tmp_path: Path) -> None:
    admin = await members.client().admin(FIRST)
    with pytest.raises(
        ChangeRefusedError, match=f"^{FIRST} answered NOT_FOUND to Cluster/MemberRemove: etcdse"
    ):
        await admin.remove_member("5")
    address = members.addresses[FIRST]
    with pytest.raises(ChangeRefusedError, match="Hostname"):
        await MemberAdmin(NAMES[1], address, members.texts("management")).has_lease(1)
    members.issue("management", "root", hours=(-2, -1))
    with pytest.raises(ChangeRefusedError, match="this program's certificate was valid until 20"):
        await MemberAdmin(FIRST, address, members.texts("management")).has_lease(1)
    stranger = PlainMembers(tmp_path / "other", "127.0.0", VERSIONS[1]).texts("management")
    stranger = replace(stranger, ca=members.texts("management").ca)
    with pytest.raises(ChangeRefusedError, match="the member may not trust the CA of this program's cert"):
        await MemberAdmin(FIRST, address, stranger).has_lease(1)
    members.stop(FIRST)
    with pytest.raises(
        ChangeRefusedError, match=f"{FIRST} at {address} did not answer to .*refused"
    ) as caught:
        await admin.has_lease(1)
    assert caught.value.temporary


async def test_a_run_killed_at_each_step_ends_as_configured_by_the_next(members: PlainMembers) -> None:
    before = (
        Client(name="app", permissions=(READS, Permission(access="readwrite", key="/a"))),
        Client(name="old", root=True),
    )
    after = (
        Client(name="app", permissions=(APP.permissions[0], Permission(access="read", prefix="/a"))),
        METRICS,
    )
    client = members.client()
    killed_after = 0
    finished = False
    while not finished:
        await enforce(members, *before)
        wanted = desired_clients(after)
        async with (await client.admin(FIRST)).calls() as calls:
            steps = access_steps(await read_access(calls, wanted), wanted)
            await apply_steps(calls, steps[:killed_after], done=lambda _: None)
        # What the client may do before and after is never taken from it.
        assert members.etcdctl("app", "get", "/app/a").returncode == 0
        await enforce(members, *after)
        async with (await client.admin(FIRST)).calls() as calls:
            state = await read_access(calls, wanted)
        assert access_steps(state, wanted) == []
        assert set(state.users) == {"root", "app", "metrics"}
        finished = killed_after >= len(steps)
        killed_after += 1
    assert members.etcdctl("app", "put", "/app/a", "1").returncode == 0
    assert members.etcdctl("app", "put", "/a", "1").returncode != 0


async def test_false_switches_off_what_was_switched_on_by_hand(members: PlainMembers) -> None:
    """The members still have the certificates of a cluster without authentication."""
    members.stop()
    for name in NAMES:
        members.issue(name, name, names=(name, "localhost"))
        members.start(name)
    unset = members.client(auth=None)
    await until_healthy(unset)
    for command in ("user add root:secret", "user grant-role root root", "auth enable"):
        assert members.etcdctl("operator", *command.split()).returncode == 0, command
    problems = {one.problem for one in (await unset.observe()).values() if isinstance(one, MemberStatus)}
    assert problems == {AUTHENTICATION}
    off = members.client(auth=False)
    await until_healthy(off)
    assert await off.authentication_is_on()
    await enforce(members, auth=False)
    await until_healthy(unset)
