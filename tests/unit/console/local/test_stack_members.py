from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from console.local.stack_members import StackMembers
from localcloud.machines.layout import Layout
from localcloud.machines.stack import Stack
from tests.unit.console.local.listings import NAMES

ONE, TWO, THREE = NAMES


class State:
    """A stack's state, which a test changes."""

    def __init__(self, folder: Path) -> None:
        self.stack = Stack(Layout("test", folder), "etcd", "local", folder)
        self.members = StackMembers(self.stack)
        self._time = 1_000_000_000
        self.configure(3)

    def configure(self, size: int) -> None:
        settings = {"config": {"etcd:domain": "example.test", "etcd:size": size}}
        (self.stack.directory / "Pulumi.local.yaml").write_text(yaml.safe_dump(settings))

    def store(self, droplets: Sequence[str], outputs: Sequence[str] = ()) -> None:
        """Store a state with these droplets, and with these members in its outputs."""
        root = {"type": "pulumi:pulumi:Stack", "outputs": {"members": dict.fromkeys(outputs, "203.0.113.1")}}
        made = [
            {"type": "digitalocean:index/droplet:Droplet", "outputs": {"name": name}} for name in droplets
        ]
        self.write(json.dumps({"checkpoint": {"latest": {"resources": [root, *made]}}}))

    def write(self, text: str) -> None:
        file = self.stack.checkpoint
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self._time += 1
        os.utime(file, (self._time, self._time))


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


def test_a_stack_that_never_ran_has_no_members(state: State) -> None:
    assert state.members.names([]) == []


def test_members_are_those_in_the_state_in_the_order_of_their_numbers(state: State) -> None:
    state.store([THREE, ONE, TWO, "bastion.example.test"])
    assert state.members.names([]) == NAMES


def test_a_droplet_that_is_not_in_the_state_yet_is_a_member(state: State) -> None:
    assert state.members.names([TWO]) == [TWO]


def test_a_member_that_is_being_replaced_stays_one(state: State) -> None:
    state.store(NAMES)
    assert state.members.names(NAMES) == NAMES
    state.store([ONE, THREE])
    assert state.members.names([ONE, THREE]) == NAMES


def test_the_outputs_have_a_member_that_is_being_replaced(state: State) -> None:
    state.store([ONE, THREE], outputs=NAMES)
    assert state.members.names([ONE, THREE]) == NAMES


def test_a_member_that_left_the_stack_is_none(state: State) -> None:
    state.configure(5)
    five = [*NAMES, "etcd-server-4.example.test", "etcd-server-5.example.test"]
    state.store(five)
    assert state.members.names(five) == five
    state.configure(3)
    state.store(NAMES)
    assert state.members.names(NAMES) == NAMES


def test_members_that_are_only_configured_are_none(state: State) -> None:
    state.configure(5)
    state.store(NAMES)
    assert state.members.names(NAMES) == NAMES


def test_a_destroyed_stack_has_no_members(state: State) -> None:
    state.store(NAMES, outputs=NAMES)
    assert state.members.names(NAMES) == NAMES
    state.store([], outputs=NAMES)
    assert state.members.names([]) == []


def test_a_state_that_is_being_written_changes_nothing(state: State) -> None:
    state.store(NAMES)
    assert state.members.names([]) == NAMES
    state.write('{"checkpoint": ')
    assert state.members.names([]) == NAMES
