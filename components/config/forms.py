"""What to write for a setting whose value is wrong, in the words of its caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from .naming import names
from .settings import Settings

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "domain": "etcd.example.com",
        "clientCidrs": ["198.51.100.0/24"],
        "zone": "example.com",
        "zoneId": "9a7806061c88ada191ed06f989cc3dac",
        "vpcId": "5a4981aa-9653-4bd1-bef5-d6bff52042e4",
        "sshKeys": ["3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45"],
        "sshCidrs": ["198.51.100.0/24"],
        "metricsCidrs": ["198.51.100.0/24"],
        "alertEmails": ["ops@example.com"],
        "extraNames": ["etcd.internal.example.com"],
        "extraFlags": ["bcrypt-cost=9"],
        "releaseSha256": "ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5",
        "backupBucket": "etcd-backups",
        "backupEndpoint": "https://fra1.digitaloceanspaces.com",
        "backupRegion": "fra1",
        "backupPrefix": "production/etcd/",
        "backupCaCertificate": "-----BEGIN CERTIFICATE-----…",
        "backupEncryption": "AES256",
        "restoreFrom": "latest",
    }
)
"""A value for each key whose default is no example."""

MISSING: Mapping[str, str] = MappingProxyType(
    {
        "domain": "name the DNS domain of the members, such as etcd.example.com",
        "discoveryToken": "create a DigitalOcean token with the scopes droplet:read and tag:read, then ",
        "clientCidrs": "list the IPv4 networks of etcd's clients, and that of the machine that runs pulumi up, "
        "which checks the members' health",
    }
)
"""How to set each key that has no default."""

SECRETS = frozenset({"discoveryToken", "backupAccessKey", "backupSecretKey"})
"""The keys whose values no error shows."""

LONGEST = 100
"""The most characters of a value that an error shows."""


@dataclass(frozen=True)
class Form:
    """The type of a value, and its bounds."""

    kind: Any
    least: int | None = None
    most: int | None = None

    @property
    def listed(self) -> bool:
        """Whether the value is a list."""
        return get_origin(self.kind) is tuple

    @property
    def entry(self) -> Form:
        """The form of a list's entries."""
        return _form(FieldInfo.from_annotation(get_args(self.kind)[0]))

    def advice(self, example: Any) -> str:
        """What to write instead of a value that has another form."""
        if get_origin(self.kind) is Literal:
            *others, last = get_args(self.kind)
            return f"write {', '.join(others)} or {last}"
        if self.kind is bool:
            return "write true or false"
        if self.kind is not int:
            return f"write {'a list' if self.listed else 'a string'}, such as {json.dumps(example, ensure_ascii=False)}"
        if self.least is not None and self.most is not None:
            return f"write a whole number from {self.least} to {self.most}"
        if self.least is not None:
            return f"write a whole number that is {self.least} or more"
        return f"write a whole number, such as {example}"

    def from_text(self, value: Any) -> Any:
        """The value that a text in a stack's configuration stands for. A text of no such value stays as it is."""
        if self.listed:
            value = _parsed(value)
            listed = cast("list[Any]", value)
            return [self.entry.from_text(one) for one in listed] if isinstance(value, list) else value
        if self.kind not in {int, bool} or not isinstance(value, str):
            return value
        try:
            return TypeAdapter(self.kind).validate_python(value)
        except ValidationError:
            return value


def _form(setting: FieldInfo) -> Form:
    bounds = setting.metadata
    return Form(
        setting.annotation,
        next((one.ge for one in bounds if isinstance(one, Ge)), None),  # type: ignore[arg-type]
        next((one.le for one in bounds if isinstance(one, Le)), None),  # type: ignore[arg-type]
    )


FORMS: Mapping[str, Form] = MappingProxyType(
    {setting.alias or name: _form(setting) for name, setting in Settings.model_fields.items()}
)
"""The form of each setting, by key."""


def example_of(key: str) -> Any:
    """A value that a setting may have. It is no secret."""
    if key in EXAMPLES:
        return EXAMPLES[key]
    default = next(one.default for name, one in Settings.model_fields.items() if (one.alias or name) == key)
    return [*default] if isinstance(default, tuple) else default


def to_write(key: str) -> str:
    """What to write for a setting whose value has a wrong form."""
    if key in SECRETS:
        return to_write_missing(key) if key in MISSING else names().to_set_secret(key)
    form, example = FORMS[key], example_of(key)
    return names().to_write_list(key, example) if form.listed else form.advice(example)


def to_write_missing(key: str) -> str:
    """What to do about a setting that has no value and needs one."""
    return f"{MISSING[key]}{names().to_set_secret(key) if key in SECRETS else ''}"


def to_write_entry(key: str) -> str:
    """What to write for an entry of a list that has a wrong form."""
    return FORMS[key].entry.advice(example_of(key)[0])


def shown(value: Any, *, quoted: bool = False) -> str:
    """A value for people, in one line. Text is in quotes if ``quoted``, or where its ends could not be seen."""
    if isinstance(value, str) and not quoted and value and value == value.strip() and value.isprintable():
        text = value
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            return f"a value of type {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def stands_for_another_type(value: Any) -> bool:
    """Whether a value is a text that would be a number, a list or the like without its quotes."""
    return isinstance(value, str) and not isinstance(_parsed(value), str)


def _parsed(value: Any) -> Any:
    """The value that a text of JSON stands for, or the text itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
