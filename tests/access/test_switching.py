"""Authentication is switched on and off under load. A run may end between any two of its steps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import OPERATOR
from testbed.agent import Process
from testbed.cluster import UP_LIMIT, WITHOUT_BACKUPS
from testbed.update import Update
from tests.access.stack import ADMIN, APP, READER, AccessStack, WithClients, permission

MEMBER = "etcd-server-1.switch.example.test"
ROOT = {"name": ADMIN, "root": True}
FIRST = [
    ROOT,
    {"name": READER, "permissions": [permission("read", "/app/")]},
    {"name": "old", "permissions": [permission("write", "/old/")]},
]
SECOND = [
    ROOT,
    {"name": READER, "permissions": [permission("read", "/reader/")]},
    {"name": APP, "permissions": [permission("readwrite", "/app/")]},
]
"""Two lists that differ by a client that is removed, one that is added, and one with another permission."""
KILL_SECONDS = UP_LIMIT
"""Seconds within which a run changes the next user or role."""


@pytest.fixture(scope="module")
def single(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithClients]:
    """One member without authentication, which the tests go on from in their order."""
    folder = tmp_path_factory.mktemp("single")
    created = WithClients(cloud, folder, "switch", domain="switch.example.test", size=1, **WITHOUT_BACKUPS)
    created.up()
    yield created
    created.destroy()


def test_off_and_on_again_stalls_no_permitted_client(stack: AccessStack) -> None:
    droplets = stack.droplets()
    for auth in (False, True, False, True):
        stack.configure(auth=auth)
        with stack.case(f"authentication switched {'on' if auth else 'off'}"):
            stack.up()
        assert stack.is_enforced() is auth
    assert stack.droplets() == droplets
    stack.up("--expect-no-changes")


def test_a_cluster_without_authentication_gets_it_in_one_run(single: WithClients) -> None:
    single.etcdctl("put", "/app/old", "kept")
    single.configure(auth=True, clients=SECOND)
    single.up()
    assert single.is_enforced()
    assert single.etcdctl("get", "--print-value-only", "/app/old") == "kept\n"
    assert single.may(APP, "put", "/app/new", "value")
    assert not single.may(APP, "put", "/other", "value")
    assert not single.may(OPERATOR, "get", "/app/old")


def test_authentication_is_not_forgotten_but_switched_off(single: WithClients) -> None:
    rights, droplet = single.rights(), single.droplet_id(MEMBER)
    single.configure(auth=None, clients=None)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = single.run("pulumi", *command, "--non-interactive", limit=UP_LIMIT)
        assert refused.returncode != 0
        assert "etcd:auth is not set, and was true" in refused.stdout
        assert "Set it to false and complete a pulumi up first" in refused.stdout
        assert "Traceback" not in refused.stdout
    single.configure(auth=True, clients=SECOND)
    assert single.rights() == rights
    assert single.droplet_id(MEMBER) == droplet
    single.configure(auth=False)
    single.up()
    assert not single.is_enforced()
    assert single.may(OPERATOR, "get", "/app/old")


def test_a_run_killed_at_any_step_ends_as_configured_after_the_next(
    single: WithClients, cloud: LocalCloud, tmp_path: Path
) -> None:
    wanted, steps = list[str](), list[int]()
    single.configure(auth=True, clients=SECOND)
    single.up()
    single.save_client(ADMIN, tmp_path)
    command = [sys.executable, "-m", "tests.access.auth_revision", MEMBER, str(tmp_path)]
    with Process(cloud, command) as users:
        for clients in (FIRST, SECOND):
            before = users.order("now")
            single.configure(clients=clients)
            single.up()
            wanted.append(single.rights())
            steps.append(users.order("now") - before)
        for number in range(1, max(steps) + 1):
            target = (number + 1) % 2
            single.configure(clients=(FIRST, SECOND)[target])
            reached = users.order("now") + min(number, steps[target])
            killed_after(single, users, "reached", revision=reached)
            single.up()
            assert single.rights() == wanted[target], f"killed at step {number} of {steps[target]}"
        before = single.rights()
        for auth in (False, True):
            single.configure(auth=auth)
            killed_after(single, users, "switched", on=auth)
            single.up()
            assert single.is_enforced() is auth
        assert single.rights() == before
    single.up("--expect-no-changes")


def killed_after(single: WithClients, users: Process, change: str, **details: Any) -> None:
    """Start a run, and kill its engine and program once it has made a change of users and roles."""
    update = Update(single)
    assert users.order(change, **details, seconds=KILL_SECONDS), update.output()
    update.kill()
    single.pulumi("cancel", "--yes")
