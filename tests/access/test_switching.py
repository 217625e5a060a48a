"""Authentication is switched on and off under load. A run may end between any two of its steps."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import OPERATOR
from tests.access.stack import ADMIN, APP, READER, AccessStack, WithClients, permission
from tests.cluster.cluster import UP_LIMIT, WITHOUT_BACKUPS
from tests.lifecycle.agent import Process
from tests.lifecycle.update import Update

ROOT = {"name": ADMIN, "root": True}
OFF = [ROOT, {"name": READER, "permissions": [permission("read", "/app/")]}]
ON = [
    ROOT,
    {"name": READER, "permissions": [permission("read", "/reader/")]},
    {"name": APP, "permissions": [permission("readwrite", "/app/")]},
]
STATES: tuple[dict[str, Any], ...] = ({"auth": False, "clients": OFF}, {"auth": True, "clients": ON})
"""Two states that differ in authentication, a client and a permission."""


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
    single.configure(auth=True, clients=ON)
    single.up()
    assert single.is_enforced()
    assert single.etcdctl("get", "--print-value-only", "/app/old") == "kept\n"
    assert single.may(APP, "put", "/app/new", "value")
    assert not single.may(APP, "put", "/other", "value")
    assert not single.may(OPERATOR, "get", "/app/old")


def test_authentication_is_not_forgotten_but_switched_off(single: WithClients) -> None:
    rights, droplet = single.rights(), single.droplet_id("etcd-server-1.switch.example.test")
    single.configure(auth=None, clients=None)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = single.run("pulumi", *command, "--non-interactive", limit=UP_LIMIT)
        assert refused.returncode != 0
        assert "etcd:auth is not set, and was true" in refused.stdout
        assert "Set it to false and complete a pulumi up first" in refused.stdout
        assert "Traceback" not in refused.stdout
    single.configure(auth=True, clients=ON)
    assert single.rights() == rights
    assert single.droplet_id("etcd-server-1.switch.example.test") == droplet
    single.configure(**STATES[0])
    single.up()
    assert not single.is_enforced()


@pytest.mark.timeout(600)
def test_a_run_killed_at_any_step_ends_as_configured_after_the_next(
    single: WithClients, cloud: LocalCloud, tmp_path: Path
) -> None:
    single.configure(**STATES[0])
    single.up()
    single.save_client(ADMIN, tmp_path)
    command = [sys.executable, "-m", "tests.access.auth_revision", "etcd-server-1.switch.example.test"]
    with Process(cloud, [*command, str(tmp_path)]) as users:
        wanted: dict[bool, str] = {}
        steps: dict[bool, int] = {}
        for state in (*STATES[::-1], *STATES[::-1]):
            before = users.order("now")
            single.configure(**state)
            single.up()
            wanted[state["auth"]] = single.rights()
            steps[state["auth"]] = users.order("now") - before
        assert min(steps.values()) > 0
        states = itertools.cycle(STATES[::-1])
        for number in range(1, max(steps.values()) + 1):
            for state in itertools.islice(states, 2):
                single.configure(**state)
                # A run that has fewer steps is not killed.
                killed_at_step(single, users, min(number, steps[state["auth"]]))
                single.up()
                assert single.rights() == wanted[state["auth"]]
    single.up("--expect-no-changes")


def killed_at_step(single: WithClients, users: Process, step: int) -> None:
    """Start a run, and kill its engine and program once it has changed users or roles so often."""
    target = users.order("now") + step
    update = Update(single)
    assert users.order("reached", revision=target, seconds=UP_LIMIT), update.output()
    update.kill()
    single.pulumi("cancel", "--yes")
