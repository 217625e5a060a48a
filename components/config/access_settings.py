"""The settings that say who may do what in etcd: authentication, and the clients with their permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from .errors import ConflictingSettingsError, WrongPart, validated_with
from .naming import key_of
from .values import ListOf

Access = Literal["read", "write", "readwrite"]
"""What a permission allows, in etcd's words (https://etcd.io/docs/v3.6/op-guide/authentication/rbac/)."""

CLIENT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?")
"""The names of clients.

A name is a certificate's common name, which has at most 64 characters (RFC 5280, ub-common-name). It is also a part of
the names of resources, stack outputs and files.
"""
OPERATOR = "etcd-operator"
"""The common name of the operator's certificate. etcd has no such user."""
READER = "etcd-reader"
"""The organization in the certificate with which the program observes members. It has no common name."""
ROOT = "root"
"""The user and role of etcd that may do everything. etcd demands both while authentication is on."""
OWN_NAMES: Mapping[str, str] = MappingProxyType(
    {
        ROOT: "the program changes the cluster as this user. A client with root: true may do the same",
        OPERATOR: "it is the name in the operator's certificate",
        READER: "it is the name in the certificate with which the program observes the cluster",
    }
)
"""The names that no client may have, each with the reason."""
MEMBER = re.compile(r"etcd-server-[0-9]+(\..+)?")
"""The names of members, with the cluster's domain, another one or none."""
OWN_START = "pulumi-"
"""The start of the names of the program's roles."""
MOST_CLIENTS = 100
"""The most clients.

Each one costs three resources and two stack outputs, and several requests to etcd in every run.
"""
MOST_PERMISSIONS = 100
"""The most permissions of a client. A role with so many of the longest keys is far smaller than a message of gRPC."""
LONGEST_KEY = 1024
"""The most bytes of a key in a permission."""

ACTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"read": frozenset({"r"}), "write": frozenset({"w"}), "readwrite": frozenset({"r", "w"})}
)
OPEN_END = b"\0"
"""The range end that stands for all keys from the first one on."""


class _Entry(BaseModel):
    """An entry of a list in the settings."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty_fields(cls, value: Any) -> Any:
        """A field that is null is not set. One that does not exist stays for validation."""
        if not isinstance(value, dict):
            return value
        fields = cast("dict[Any, Any]", value)
        known = {one for name, field in cls.model_fields.items() for one in (name, field.alias)}
        return {name: given for name, given in fields.items() if given is not None or name not in known}


class Permission(_Entry):
    """What a client may do with one key, with the keys of a prefix, or with the keys of a range."""

    access: Access
    key: str | None = None
    """One key. With ``range_end``, the first key of a range."""
    range_end: str | None = None
    """The key after the last one of a range."""
    prefix: str | None = None
    """The start of all keys. The empty prefix is that of every key."""

    @field_validator("key", "range_end", "prefix")
    @classmethod
    def _writable(cls, value: str | None) -> str | None:
        if value and not value.isprintable():
            raise ValueError(
                "it has characters that cannot be seen, such as a line break or NUL, and a permission with them is "
                "hard to find and to remove: use printable characters"
            )
        if value and len(value.encode()) > LONGEST_KEY:
            raise ValueError(
                f"use at most {LONGEST_KEY} bytes: a role must fit into one message. A prefix has all longer keys"
            )
        return value

    @field_validator("key")
    @classmethod
    def _not_empty(cls, value: str | None) -> str | None:
        if value == "":
            raise ValueError(
                'etcd has no empty key: write a key of at least one character. The prefix "" stands for every key'
            )
        return value

    @field_validator("range_end")
    @classmethod
    def _ends_a_range(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or "key" not in info.data:
            return value
        key: str | None = info.data["key"]
        if key is None:
            raise ValueError(
                "a range begins with a key, and a prefix has no other end: set key to the first key of the range, or "
                "remove rangeEnd"
            )
        if value == "":
            raise ValueError(
                "write the key after the last one of the range, or remove rangeEnd for the key alone"
            )
        if value == key:
            raise ValueError(
                "the range is empty, because it ends before this key and begins with it: write the key after the last "
                "one of the range, or remove rangeEnd for the key alone"
            )
        if value.encode() < key.encode():
            raise ValueError(
                f"it comes before key, {key}, in the order of bytes that etcd uses, so the range is empty: exchange "
                "the two, or write a later key"
            )
        return value

    @field_validator("prefix")
    @classmethod
    def _no_pattern(cls, value: str | None) -> str | None:
        if value and value.endswith("*"):
            start = value.rstrip("*") or '""'
            raise ValueError(
                f"a prefix is no pattern, and * is a character of the keys here. Write {start} for all keys that begin "
                "so"
            )
        return value

    @field_validator("prefix")
    @classmethod
    def _not_beside_a_key(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("key") is not None:
            raise ValueError(
                "a permission is for a key, a range or a prefix, and this one has key as well: remove one of them, or "
                "write two permissions"
            )
        return value

    @model_validator(mode="after")
    def _names_keys(self) -> Permission:
        if self.key is None and self.prefix is None:
            raise ValueError('it names no keys: set key or prefix. The prefix "" stands for every key')
        return self

    @property
    def key_range(self) -> tuple[bytes, bytes]:
        """Key and range end as etcd's API has them. An empty range end stands for the key alone."""
        if self.prefix is None:
            return (self.key or "").encode(), (self.range_end or "").encode()
        return prefix_range(self.prefix.encode())

    def includes(self, other: Permission) -> bool:
        """Whether a client with this permission may do all that the other one allows."""
        (first, end), (others_first, others_end) = self.key_range, other.key_range
        if not ACTIONS[self.access] >= ACTIONS[other.access] or others_first < first:
            return False
        if end == OPEN_END:
            return True
        # A key alone is the range up to the next possible key.
        others_end = others_end or others_first + b"\0"
        return others_end != OPEN_END and others_end <= (end or first + b"\0")


class Client(_Entry):
    """A client with a certificate of its own. Its name is the certificate's common name, and that of its user."""

    name: str
    permissions: ListOf[Permission] = ()
    """Without any and without ``root``, the client reads metrics and no key."""
    root: bool = False
    """Whether the client may do everything, users and members included."""

    @field_validator("name")
    @classmethod
    def _free_name(cls, value: str) -> str:
        if not CLIENT_NAME.fullmatch(value):
            raise ValueError(
                "it is a certificate's common name, and part of the names of files and stack outputs: write at most 64 "
                "lower-case letters, digits, dots and hyphens, with a letter or a digit at each end"
            )
        if value in OWN_NAMES:
            raise ValueError(f"{OWN_NAMES[value]}. Use another name")
        if MEMBER.fullmatch(value):
            raise ValueError(
                "it is a member's name, and a certificate with it could pass for the member's: use another name"
            )
        if value.startswith(OWN_START):
            raise ValueError(f"the names of the program's own roles begin with {OWN_START}: use another name")
        return value

    @field_validator("permissions", mode="wrap")
    @classmethod
    def _each_counts(cls, value: Any, validate: ValidatorFunctionWrapHandler) -> tuple[Permission, ...]:
        return validated_with(_wrong_permissions(_entries(value)), value, validate)

    @field_validator("root")
    @classmethod
    def _alone(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("permissions"):
            raise ValueError(
                "a client with root may do everything, and this one has permissions as well: remove root to limit it "
                "to them, or remove permissions"
            )
        return value


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

    @field_validator("clients", mode="wrap")
    @classmethod
    def _different(cls, value: Any, validate: ValidatorFunctionWrapHandler) -> tuple[Client, ...]:
        return validated_with(_wrong_clients(_entries(value)), value, validate)

    def check_clients(self) -> None:
        """Raise ``ConflictingSettingsError`` if there are clients, and nothing says whether etcd distinguishes them."""
        if self.clients and self.auth is None:
            raise ConflictingSettingsError(
                "clients",
                "set",
                f"clients also need {key_of('auth')}. Set it to true, and etcd enforces their permissions. With false, "
                "they have certificates, and each of these opens everything",
            )


def prefix_range(prefix: bytes) -> tuple[bytes, bytes]:
    """Key and range end of all keys with a prefix (``clientv3.GetPrefixRangeEnd``)."""
    if not prefix:
        return b"\0", OPEN_END
    for position in range(len(prefix) - 1, -1, -1):
        if prefix[position] < 0xFF:
            return prefix, prefix[:position] + bytes([prefix[position] + 1])
    return prefix, OPEN_END


def _entries(value: Any) -> Sequence[Any]:
    """The entries of a list that is not validated yet. Another value has none."""
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()


def _wrong_clients(clients: Sequence[Any]) -> Iterator[WrongPart]:
    """What is wrong with a list of clients, whatever else is wrong with each of them."""
    if len(clients) > MOST_CLIENTS:
        yield WrongPart(
            clients,
            f"use at most {MOST_CLIENTS} clients, because every run issues their certificates and checks their users. "
            "Applications that may do the same can share one",
        )
    positions: dict[str, int] = {}
    for position, client in enumerate(clients):
        name = _name(client)
        if not name:
            continue
        if name in positions:
            yield WrongPart(
                name,
                f"{key_of('clients')}[{positions[name]}] has the same name, and both would be one user of etcd: rename "
                "or remove one of them",
                (position, "name"),
            )
        positions.setdefault(name, position)


def _name(client: Any) -> str:
    """The name of a client that is not validated yet; empty if it is no text."""
    name: Any = (
        cast("Mapping[Any, Any]", client).get("name")
        if isinstance(client, Mapping)
        else getattr(client, "name", None)
    )
    return name if isinstance(name, str) else ""


def _wrong_permissions(permissions: Sequence[Any]) -> Iterator[WrongPart]:
    """What is wrong with a client's list of permissions, whatever else is wrong with some of them."""
    if len(permissions) > MOST_PERMISSIONS:
        yield WrongPart(permissions, f"a client has at most {MOST_PERMISSIONS} permissions: use prefixes")
        return
    valid = [
        (position, one)
        for position, given in enumerate(permissions)
        if (one := _permission(given)) is not None
    ]
    useless: set[int] = set()
    for position, one in valid:
        for earlier, other in valid:
            if earlier >= position or {earlier, position} & useless:
                continue
            if other.includes(one):
                useless.add(position)
                yield WrongPart(permissions[position], _without_effect(one, earlier, other), (position,))
            elif one.includes(other):
                useless.add(earlier)
                yield WrongPart(permissions[earlier], _without_effect(other, position, one), (earlier,))
            elif one.key_range == other.key_range:
                yield WrongPart(
                    permissions[position],
                    f"permissions[{earlier}] is for the same keys with the access {other.access}, and etcd holds one "
                    "access for them: if the client needs both, set the access of one to readwrite and remove the "
                    "other. Otherwise remove the one that it does not need",
                    (position,),
                )


def _permission(given: Any) -> Permission | None:
    """The permission that an entry stands for; ``None`` if it is wrong."""
    try:
        return Permission.model_validate(given)
    except ValidationError:
        return None


def _without_effect(one: Permission, wider: int, other: Permission) -> str:
    if one.key_range == other.key_range:
        return (
            f"permissions[{wider}] is for the same keys, and allows all of it already: remove one of the two"
        )
    return (
        f"permissions[{wider}] allows all of it already, and etcd adds permissions up, so it has no effect: remove it, "
        f"or narrow permissions[{wider}]"
    )
