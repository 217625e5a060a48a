"""The users and roles that the settings ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag

from ..config.access_settings import OWN_START, Client, Permission

OWN_ROLES = f"{OWN_START}client-"
"""The start of the names of the program's own roles. The role of a client tells its user from one made by hand."""
COVER_ROLES = f"{OWN_START}change-"
"""The start of the names of roles that a client has while its own role changes."""


class Access(IntFlag):
    """What a permission allows."""

    READ = 1
    WRITE = 2

    @property
    def word(self) -> str:
        """etcd's word."""
        return {1: "read", 2: "write", 3: "readwrite"}[self]

    @property
    def number(self) -> int:
        """The number in etcd's API (``authpb.Permission.Type``)."""
        return self - 1


WORDS = {access.word: access for access in (Access.READ, Access.WRITE, Access.READ | Access.WRITE)}


@dataclass(frozen=True, order=True)
class KeyRange:
    """A key, or the keys from ``key`` to before ``end``. The end that is a zero byte is that of all keys."""

    key: bytes
    end: bytes = b""

    def __str__(self) -> str:
        """The range as messages name it."""
        first, end = (part.decode(errors="backslashreplace") for part in (self.key, self.end))
        if not self.end:
            return f"key {first}"
        if self.end == b"\0":
            return "all keys" if self.key == b"\0" else f"keys from {first}"
        if self.key[:-1] + bytes([min(self.key[-1] + 1, 0xFF)]) == self.end:
            return f"prefix {first}"
        return f"keys from {first} to before {end}"


Grants = Mapping[KeyRange, Access]
"""What one role allows."""


@dataclass(frozen=True)
class DesiredClient:
    """A client with the permissions that it is to have."""

    name: str
    grants: Grants
    root: bool = False

    @property
    def role(self) -> str:
        """The role with its permissions."""
        return OWN_ROLES + self.name

    @property
    def cover(self) -> str:
        """A role with the same permissions, which it has while ``role`` changes."""
        return COVER_ROLES + self.name


def desired_clients(clients: Iterable[Client]) -> tuple[DesiredClient, ...]:
    """The clients of the settings."""
    return tuple(DesiredClient(one.name, desired_grants(one.permissions), root=one.root) for one in clients)


def desired_grants(permissions: Iterable[Permission]) -> Grants:
    """What the permissions allow together, range by range."""
    grants: dict[KeyRange, Access] = {}
    for one in permissions:
        keys = KeyRange(*one.key_range)
        grants[keys] = grants.get(keys, Access(0)) | WORDS[one.access]
    return grants
