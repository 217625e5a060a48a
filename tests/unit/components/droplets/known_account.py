"""An account that a test wrote, and that is not listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.api.clock import ApiClock
from components.config.loading import ProviderAccess
from components.droplets.address_book import AddressBook
from components.droplets.inventory import Inventory
from components.identity.stack_state import StackState, stack_state
from tests.unit.components.config.valid_settings import settings

NEW = stack_state({}, "etcd-test")
"""The state of a new stack."""


class KnownDroplets(AddressBook):
    """A listing that the test wrote."""

    async def droplets(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"id": 1, "name": "a", "status": "off"},
            {"id": 2, "name": "a", "status": "active"},
            {"id": 3, "name": "b", "status": "active"},
            {"id": 4, "name": "a", "status": "new"},
        ]


class KnownInventory(Inventory):
    """An account that is not listed."""

    def __init__(self, stack: StackState) -> None:
        self.clock = ApiClock("https://api.example.test")
        self.access = ProviderAccess("https://api.example.test", "token")
        self.book = KnownDroplets(settings(), "etcd-test")
        self.existing = pulumi.Output.from_input(frozenset[str]())
        self.unguarded = pulumi.Output.from_input(False)
        self.stack = pulumi.Output.from_input(stack)
