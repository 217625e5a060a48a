"""A cluster with authentication lives like any other. The writer is an application with its own permissions."""

from __future__ import annotations

import httpx

from tests.access.stack import AccessStack
from tests.lifecycle.repairs import rejoined_after_a_wipe, replaced_by_command, replaces
from tests.lifecycle.sizes import grows, shrinks


def test_a_changed_setting_rolls_the_members(stack: AccessStack) -> None:
    stack.configure(maxTxnOps=1024)
    with replaces(stack, 1, 2, 3), stack.case("a changed setting, with authentication"):
        stack.up()


def test_members_join_and_leave(stack: AccessStack, control: httpx.Client) -> None:
    grows(stack, control, 3, 5)
    shrinks(stack, 5, 3)


def test_a_member_is_replaced_by_command(stack: AccessStack) -> None:
    replaced_by_command(stack, 2)


def test_a_member_with_a_wiped_disk_gets_its_data_from_the_others(stack: AccessStack) -> None:
    rejoined_after_a_wipe(stack, 3)


def test_a_backup_is_taken_on_every_member(stack: AccessStack) -> None:
    for name in stack.names:
        done = stack.back_up(name)
        assert done.returncode == 0, done.stdout
