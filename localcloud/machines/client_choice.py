"""The choice among the client certificates of a stack: the operator's, and those of its own clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from components.config.json_text import parsed_json
from localcloud.machines.errors import LocalCloudError

CLIENT = "LOCALCLOUD_CLIENT"
"""The variable with the name of the client whose certificate is used."""
OPERATOR = "etcd-operator"
"""The name in the operator's certificate, which no client may have."""

_CLIENTS = "etcd:clients"
_AUTH = "etcd:auth"


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
    auth: bool | None = None
    """What the stack's file says of authentication; ``None`` if it says nothing."""

    def for_keys(self, chosen: str = "") -> ClientFiles:
        """The chosen client. By default the first one that may do everything, or else the first one with permissions.

        Without any client it is the operator. Raises ``LocalCloudError`` if the chosen client does not exist.
        """
        if chosen:
            return self._named(chosen)
        return self._first(*self._with("root"), *self._with("permissions"), *self.issued)

    def for_key(self, key: str, chosen: str = "") -> ClientFiles:
        """The same, but a client that may read and write this key comes before others without the role root."""
        return self.for_keys(chosen or next(iter(self.that_may_use(key)), ""))

    def that_may_use(self, key: str) -> list[str]:
        """The clients that may read and write this key, first those that may do everything."""
        allowed = [
            one["name"] for one in self.settings if _allows(one, "read", key) and _allows(one, "write", key)
        ]
        return [name for name in dict.fromkeys([*self._with("root"), *allowed]) if name in self.issued]

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
    settings = parsed_json(configuration.get(_CLIENTS))
    entries = cast("list[Any]", settings) if isinstance(settings, list) else []
    auth = parsed_json(configuration.get(_AUTH))
    return StackClients(
        issued,
        [cast("Mapping[str, Any]", one) for one in entries if isinstance(one, Mapping) and "name" in one],
        auth if isinstance(auth, bool) else None,
    )


def _allows(client: Mapping[str, Any], access: str, key: str) -> bool:
    return any(
        access in one.get("access", "") and _includes(one, key.encode())
        for one in client.get("permissions") or ()
    )


def _includes(permission: Mapping[str, Any], key: bytes) -> bool:
    """Whether a key is one of those of a permission. ``pulumi up`` says what is wrong with one that has none."""
    if (prefix := permission.get("prefix")) is not None:
        return key.startswith(prefix.encode())
    if (named := permission.get("key")) is None:
        return False
    first = named.encode()
    if (end := permission.get("rangeEnd")) is None:
        return key == first
    return first <= key < end.encode()
