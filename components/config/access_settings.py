"""The settings that say who may do what in etcd: authentication, and the clients with their permissions."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from .values import ListOf

Access = Literal["read", "write", "readwrite"]
"""What a permission allows, in etcd's words (https://etcd.io/docs/v3.6/op-guide/authentication/rbac/)."""


class Permission(BaseModel):
    """What a client may do with one key, with the keys of a prefix, or with the keys of a range."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    access: Access
    key: str | None = None
    """One key. With ``range_end``, the first key of a range."""
    range_end: str | None = None
    """The key after the last one of a range."""
    prefix: str | None = None
    """The start of all keys. The empty prefix is that of every key."""

    @property
    def key_range(self) -> tuple[bytes, bytes]:
        """Key and range end as etcd's API has them. An empty range end stands for the key alone."""
        if self.prefix is None:
            return (self.key or "").encode(), (self.range_end or "").encode()
        return prefix_range(self.prefix.encode())


class Client(BaseModel):
    """A client with a certificate of its own. Its name is the certificate's common name, and that of its user."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    name: str
    permissions: ListOf[Permission] = ()
    """Without any and without ``root``, the client reads metrics and no key."""
    root: bool = False
    """Whether the client may do everything, users and members included."""


class AccessSettings(BaseModel):
    """Authentication and clients."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    auth: bool | None = None
    """Whether etcd enforces permissions.

    ``None`` leaves certificates as they are in clusters without authentication. ``False`` prepares the members'
    certificates for it.
    """
    clients: ListOf[Client] = ()


def prefix_range(prefix: bytes) -> tuple[bytes, bytes]:
    """Key and range end of all keys with a prefix (``clientv3.GetPrefixRangeEnd``)."""
    if not prefix:
        return b"\0", b"\0"
    for position in range(len(prefix) - 1, -1, -1):
        if prefix[position] < 0xFF:
            return prefix, prefix[:position] + bytes([prefix[position] + 1])
    return prefix, b"\0"
