"""The choice among the client certificates of a stack: the operator's, and those of its own clients."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.machines.errors import LocalCloudError

CLIENT = "LOCALCLOUD_CLIENT"
"""The variable with the name of the client whose certificate is used."""
OPERATOR = "etcd-operator"
"""The name in the operator's certificate, which no client may have."""

_SETTING = "etcd:clients"


@dataclass(frozen=True)
class ClientFiles:
    """The outputs with a client's certificate and key."""

    name: str
    certificate: str
    key: str


OPERATOR_FILES = ClientFiles(OPERATOR, "clientCertificate", "clientKey")
"""The operator's certificate opens no keys while authentication is on."""


@dataclass(frozen=True)
class StackClients:
    """The clients of a stack that have certificates."""

    issued: Mapping[str, ClientFiles]
    """By name, in the order of the output ``clients``."""
    settings: Sequence[Mapping[str, Any]]
    """What the stack's file says of each client. Empty for a program that has its clients elsewhere."""

    def for_keys(self, chosen: str = "") -> ClientFiles:
        """The chosen client. By default the first one that may do everything, or else the first one with permissions.

        Without any client it is the operator. Raises ``LocalCloudError`` if the chosen client does not exist.
        """
        if chosen:
            return self._named(chosen)
        return self._first(*self._with("root"), *self._with("permissions"), *self.issued)

    def for_metrics(self, chosen: str = "") -> ClientFiles:
        """The chosen client. By default the first one that may read no key, or else the operator."""
        if chosen:
            return self._named(chosen)
        return self._first(
            *(one["name"] for one in self.settings if not one.get("root") and not one.get("permissions"))
        )

    def _with(self, key: str) -> list[str]:
        return [one["name"] for one in self.settings if one.get(key)]

    def _first(self, *names: str) -> ClientFiles:
        return next((self.issued[name] for name in names if name in self.issued), OPERATOR_FILES)

    def _named(self, name: str) -> ClientFiles:
        if name in self.issued:
            return self.issued[name]
        if name == OPERATOR:
            return OPERATOR_FILES
        known = ", ".join([*self.issued, OPERATOR])
        raise LocalCloudError(f"client {name} has no certificate in this stack (clients: {known})")


def clients_of(outputs: Mapping[str, Any], configuration: Mapping[str, Any]) -> StackClients:
    """The clients in a stack's outputs. ``configuration`` is that of the stack's file."""
    names: Sequence[str] = outputs.get("clients") or ()
    files = [ClientFiles(name, f"client-{name}-certificate", f"client-{name}-key") for name in names]
    issued = {one.name: one for one in files if one.certificate in outputs and one.key in outputs}
    settings: Any = configuration.get(_SETTING) or ()
    # ``pulumi config set etcd:clients JSON`` stores a text.
    found: Sequence[Mapping[str, Any]] = json.loads(settings) if isinstance(settings, str) else settings
    return StackClients(issued, found)
