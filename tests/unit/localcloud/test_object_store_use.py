"""Which commands wait for an object store that is still being built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localcloud.machines import object_store_use
from localcloud.machines.layout import Layout
from localcloud.machines.object_store_use import may_use_object_store
from localcloud.machines.stack import Stack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack of this checkout, before its first run."""
    monkeypatch.setattr(object_store_use, "CHECKOUT", tmp_path)
    return Stack(Layout("x", tmp_path / "state"), "etcd", "local", tmp_path)


def ran(stack: Stack, *resources: str) -> None:
    """A run has left this state."""
    stack.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    state = {"version": 3, "checkpoint": {"latest": {"resources": [*resources]}}}
    stack.checkpoint.write_text(json.dumps(state))


def test_the_first_run_makes_a_cluster_without_the_object_store(stack: Stack) -> None:
    assert not may_use_object_store(["pulumi", "up", "--yes"], stack)
    ran(stack)
    assert not may_use_object_store(["pulumi", "up", "--yes"], stack)


@pytest.mark.parametrize("command", ["up", "update", "destroy", "down", "dn", "refresh"])
def test_a_run_that_changes_a_cluster_waits_for_the_object_store(stack: Stack, command: str) -> None:
    ran(stack, "etcd-server-1")
    assert may_use_object_store(["pulumi", "--stack", "local", command], stack)


@pytest.mark.parametrize("setting", ["etcd:restoreFrom: latest", "etcd:backupBucketCreate: true"])
def test_a_first_run_that_uses_the_bucket_waits(stack: Stack, setting: str) -> None:
    (stack.directory / "Pulumi.local.yaml").write_text(f"config:\n  {setting}\n")
    assert may_use_object_store(["pulumi", "up"], stack)


def test_a_program_elsewhere_waits_since_it_may_make_buckets(stack: Stack, tmp_path: Path) -> None:
    other = Stack(stack.layout, "other", "local", tmp_path / "other")
    assert may_use_object_store(["pulumi", "up"], other)
    assert may_use_object_store(["pulumi", "up"], None)


def test_a_state_that_cannot_be_read_counts_as_a_cluster(stack: Stack) -> None:
    ran(stack)
    stack.checkpoint.write_text("")
    assert may_use_object_store(["pulumi", "up"], stack)


@pytest.mark.parametrize("argv", [["etcdctl", "get", "/"], ["pulumi", "stack", "output"], ["/bin/etcdutl"]])
def test_commands_that_only_read_do_not_wait(stack: Stack, argv: list[str]) -> None:
    ran(stack, "etcd-server-1")
    assert not may_use_object_store(argv, stack)


def test_an_unknown_program_waits(stack: Stack) -> None:
    assert may_use_object_store(["python", "-m", "components.backups.adopt"], stack)
