"""The stack of a project in the local cloud's own backend is created once."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.stack import Stack

LIMIT = 10.0


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "Pulumi.local.yaml").touch()
    return Stack(Layout("mine", tmp_path / "state"), "etcd", "local", tmp_path)


class Pulumi:
    """Creates a stack once all commands have begun to, as Pulumi does."""

    def __init__(self, stack: Stack, commands: int) -> None:
        self.stack, self.begun = stack, Barrier(commands)
        self.statuses: list[int] = []

    def __call__(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        self.begun.wait(LIMIT)
        file = self.stack.checkpoint
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            file.touch(exist_ok=False)
            status = 0
        except FileExistsError:
            status = 255
        self.statuses.append(status)
        return subprocess.CompletedProcess(
            argv, status, "", "error: stack 'local' already exists\n" if status else ""
        )


def test_two_first_commands_at_once_both_succeed(stack: Stack) -> None:
    pulumi = Pulumi(stack, 2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(stack.create, [pulumi, pulumi]))
    assert sorted(pulumi.statuses) == [0, 255]


def test_a_stack_that_cannot_be_created_is_an_error(stack: Stack) -> None:
    def refuse(argv: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 255, "", "error: no space left on device\n")

    with pytest.raises(
        LocalCloudError, match="pulumi stack init local --non-interactive: error: no space left"
    ):
        stack.create(refuse)
