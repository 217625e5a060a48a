"""Users and roles become those of the settings, whatever etcd has and wherever a run is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.access.desired import Access, DesiredClient, KeyRange, desired_clients
from components.access.plan import access_steps, foreign_clients
from components.access.state import apply_steps, read_access
from components.config.access_settings import Client, Permission

from .fake_auth import FakeAuth, KilledError

BOTH = Access.READ | Access.WRITE
PREFIX = KeyRange(b"/a", b"/b")


async def run(auth: FakeAuth, clients: Sequence[DesiredClient]) -> list[str]:
    """One run of the program. Returns what it did."""
    texts: list[str] = []
    steps = access_steps(await read_access(auth, clients), clients)
    await apply_steps(auth, steps, done=lambda step: texts.append(step.text))
    return texts


def client(name: str = "app", *permissions: Permission, root: bool = False) -> DesiredClient:
    (one,) = desired_clients([Client(name=name, permissions=permissions, root=root)])
    return one


READS = Permission(access="read", prefix="/a")
WRITES = Permission(access="readwrite", prefix="/a")


async def test_authentication_is_switched_on_last() -> None:
    auth = FakeAuth()
    assert await run(auth, [client("app", READS), client("metrics")]) == [
        "add the user root, without password",
        "grant the role root to the user root",
        "add the role pulumi-client-app",
        "grant read of prefix /a to the role pulumi-client-app",
        "add the user app, without password",
        "grant the role pulumi-client-app to the user app",
        "add the role pulumi-client-metrics",
        "add the user metrics, without password",
        "grant the role pulumi-client-metrics to the user metrics",
        "switch authentication on",
    ]
    assert auth.enabled
    assert (auth.allowed("app", b"/ab"), auth.allowed("app", b"/b")) == (Access.READ, Access(0))
    assert await run(auth, [client("app", READS), client("metrics")]) == []


async def test_a_root_user_made_by_hand_is_used_as_it_is() -> None:
    auth = FakeAuth()
    auth.users["root"] = ["root", "audit"]
    auth.roles["audit"] = []
    assert await run(auth, []) == ["switch authentication on"]
    assert auth.users["root"] == ["root", "audit"]


async def test_what_authentication_prevents_is_revoked_before_it_is_on() -> None:
    auth = FakeAuth()
    await run(auth, [client("old", WRITES)])
    auth.enabled = False
    assert (await run(auth, [client("new", READS)]))[-3:] == [
        "delete the user old",
        "delete the role pulumi-client-old",
        "switch authentication on",
    ]


async def test_a_removed_client_loses_its_user_and_its_role() -> None:
    auth = FakeAuth()
    await run(auth, [client("app", WRITES)])
    await run(auth, [])
    assert (set(auth.users), auth.roles) == ({"root"}, {})


async def test_a_client_gets_and_loses_the_role_root() -> None:
    auth = FakeAuth()
    await run(auth, [client(root=True)])
    assert auth.allowed("app", b"/x") == BOTH
    assert await run(auth, [client()]) == ["revoke the role root from the user app"]
    assert auth.allowed("app", b"/x") == Access(0)


async def test_what_was_changed_by_hand_is_repaired() -> None:
    auth = FakeAuth()
    clients = [client("app", READS), client("web", WRITES)]
    await run(auth, clients)
    before = (dict(auth.users), dict(auth.roles))
    auth.users["app"] = []
    auth.users["web"] = [*auth.users["web"], "root"]
    auth.roles["pulumi-client-app"] = [(KeyRange(b"/", b"0"), BOTH)]
    del auth.users["root"]
    auth.enabled = False
    await run(auth, clients)
    assert (auth.users, auth.roles) == before
    assert auth.enabled


async def test_users_and_roles_made_by_hand_are_named_and_left_alone() -> None:
    auth = FakeAuth()
    await run(auth, [client("app", READS)])
    auth.roles["manual"] = [(PREFIX, BOTH)]
    auth.users["bob"] = ["manual", "pulumi-client-app"]
    state = await read_access(auth, [])
    assert (state.foreign_users, state.foreign_roles) == (["bob"], ["manual"])
    await run(auth, [])
    assert auth.users["bob"] == ["manual"]
    assert auth.roles == {"manual": [(PREFIX, BOTH)]}


@pytest.mark.parametrize("roles", [[], ["manual"]])
async def test_a_clients_user_that_was_made_by_hand_is_not_taken_over(roles: list[str]) -> None:
    auth = FakeAuth()
    auth.roles["manual"] = []
    auth.users["app"] = roles
    clients = [client("app", READS)]
    state = await read_access(auth, clients)
    assert foreign_clients(state, clients) == ["app"]
    assert state.foreign_users == ["app"]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (KeyRange(b"/a"), "key /a"),
        (KeyRange(b"/a", b"/b"), "prefix /a"),
        (KeyRange(b"/a", b"/c"), "keys from /a to before /c"),
        (KeyRange(b"/a", b"\0"), "keys from /a"),
        (KeyRange(b"\0", b"\0"), "all keys"),
        (KeyRange(b"\xff", b"\xff\0"), "keys from \\xff to before \\xff\0"),
    ],
)
def test_messages_name_ranges_as_people_do(keys: KeyRange, text: str) -> None:
    assert str(keys) == text


NAMES = ("app", "web")
POINTS = (b"a", b"b", b"c")
RANGES = st.builds(KeyRange, st.sampled_from(POINTS), st.sampled_from([b"", b"d", b"e", b"\0"]))
GRANTS = st.dictionaries(RANGES, st.sampled_from([Access.READ, Access.WRITE, BOTH]), max_size=4)
CLIENTS = st.dictionaries(st.sampled_from(NAMES), st.tuples(GRANTS, st.booleans()), max_size=2).map(
    lambda found: [DesiredClient(name, grants, root=root) for name, (grants, root) in sorted(found.items())]
)


class WatchedAuth(FakeAuth):
    """It checks after each change that no client lost what it has before and after the run."""

    def __init__(self) -> None:
        super().__init__()
        self.promised: dict[tuple[str, bytes], Access] = {}

    def permissions(self) -> dict[tuple[str, bytes], Access]:
        return {(name, key): self.allowed(name, key) for name in NAMES for key in POINTS}

    def verify(self) -> None:
        if self.enabled:
            for (name, key), access in self.promised.items():
                assert self.allowed(name, key) & access == access, (name, key)


def wanted(clients: Sequence[DesiredClient]) -> dict[tuple[str, bytes], Access]:
    auth = WatchedAuth()
    asyncio.run(run(auth, clients))
    return auth.permissions()


@given(st.lists(st.tuples(CLIENTS, st.integers(0, 30)), max_size=4), CLIENTS)
def test_a_killed_run_loses_nothing_and_the_next_ends_as_configured(
    killed: list[tuple[list[DesiredClient], int]], last: list[DesiredClient]
) -> None:
    auth = WatchedAuth()
    for clients, calls in [*killed, (last, 1 << 30)]:
        # Whatever every run so far and this one allow, is there at each moment.
        now, then = auth.permissions(), wanted(clients)
        auth.promised = {one: now[one] & then[one] for one in now}
        auth.calls_left = calls
        try:
            asyncio.run(stepwise(auth, clients))
        except KilledError:
            continue
    assert auth.enabled
    assert auth.permissions() == wanted(last)
    assert asyncio.run(run(auth, last)) == []
    assert set(auth.users) == {"root", *(one.name for one in last)}
    assert set(auth.roles) == {one.role for one in last}


async def stepwise(auth: WatchedAuth, clients: Sequence[DesiredClient]) -> None:
    steps = access_steps(await read_access(auth, clients), clients)
    await apply_steps(auth, steps, done=lambda _: auth.verify())
