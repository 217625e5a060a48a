"""What to write for a setting whose value is wrong, in the words of its caller."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, NoneType
from typing import Any, Literal, cast, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from .json_text import parsed_json
from .naming import names
from .settings import Settings
from .values import PRIVATE_KEY, number_as_text

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
        "auth": True,
        "clients": [{"name": "shop", "permissions": [{"access": "readwrite", "prefix": "/shop/"}]}],
    }
)
"""A value for each key whose default is no example."""

FIELD_EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {"key": "/shop/leader", "rangeEnd": "/shop0", "root": True}
)
"""A value for each field of an entry that the entry's example does not have."""

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
"""The keys whose values are secrets."""

NEVER_SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "discoveryToken": "a token",
        "backupAccessKey": "a key",
        "backupSecretKey": "a key",
        # The file beside the certificate's has its key.
        "backupCaCertificate": "a certificate",
    }
)
"""The keys whose values no error shows, each with what its value is."""

PASSWORD = re.compile(r"(?<=//).*@", re.DOTALL)
"""User name and password in a URL."""

TOKEN = re.compile(r"\b(do[a-z]_v1_)\w+")
"""A token of DigitalOcean."""

LONGEST = 100
"""The most characters of a value that an error shows."""


@dataclass(frozen=True)
class Form:
    """The type of a value, and its bounds."""

    kind: Any
    least: int | None = None
    most: int | None = None
    exact: bool = False
    """Whether only the texts ``true`` and ``false`` stand for a truth value, and others such as ``yes`` do not."""

    @property
    def listed(self) -> bool:
        """Whether the value is a list."""
        return get_origin(self.kind) is tuple

    @property
    def entry(self) -> Form:
        """The form of a list's entries."""
        return _form(FieldInfo.from_annotation(get_args(self.kind)[0]))

    @property
    def fields(self) -> Mapping[str, Form]:
        """The forms of the fields of a dictionary, by name. Another value has none."""
        if not (isinstance(self.kind, type) and issubclass(self.kind, BaseModel)):
            return {}
        return {field.alias or name: _form(field) for name, field in self.kind.model_fields.items()}

    def at(self, path: Sequence[int | str]) -> Form:
        """The form of a part of the value, to which positions and the names of fields lead."""
        form = self
        for part in path:
            form = form.entry if isinstance(part, int) else form.fields[part]
        return form

    def advice(self, example: Any, text: str | None = None) -> str:
        """What to write instead of a value that has another form.

        ``text`` is the value as a text, if that is valid.
        """
        if get_origin(self.kind) is Literal:
            *others, last = get_args(self.kind)
            return f"write {', '.join(others)} or {last}"
        if self.kind is bool:
            return "write true or false"
        if self.kind is not int:
            if text is not None:
                return f"write it as a string, {json.dumps(text)}"
            kind = "a list" if self.listed else "a dictionary" if self.fields else "a string"
            return f"write {kind}, such as {json.dumps(example, ensure_ascii=False)}"
        if self.least is not None and self.most is not None:
            return f"write a whole number from {self.least} to {self.most}"
        if self.least is not None:
            return f"write a whole number that is {self.least} or more"
        return f"write a whole number, such as {example}"

    def from_text(self, value: Any) -> Any:
        """The value that a text in a stack's configuration stands for. A text of no such value stays as it is."""
        if self.listed:
            value = parsed_json(value)
            listed = cast("list[Any]", value)
            return [self.entry.from_text(one) for one in listed] if isinstance(value, list) else value
        if self.kind not in {int, bool} or not isinstance(value, str):
            return value
        if self.exact:
            parsed = parsed_json(value)
            return parsed if isinstance(parsed, bool) else value
        try:
            return TypeAdapter(self.kind).validate_python(value)
        except ValidationError:
            return value


def _form(setting: FieldInfo) -> Form:
    bounds = setting.metadata
    optional = NoneType in get_args(setting.annotation)
    kind = (
        next(one for one in get_args(setting.annotation) if one is not NoneType)
        if optional
        else setting.annotation
    )
    return Form(
        kind,
        next((one.ge for one in bounds if isinstance(one, Ge)), None),  # type: ignore[arg-type]
        next((one.le for one in bounds if isinstance(one, Le)), None),  # type: ignore[arg-type]
        # The keys that had a default before may be in stacks with a word such as yes.
        exact=optional,
    )


FORMS: Mapping[str, Form] = MappingProxyType(
    {setting.alias or name: _form(setting) for name, setting in Settings.model_fields.items()}
)
"""The form of each setting, by key."""


def example_of(key: str, path: Sequence[int | str] = ()) -> Any:
    """A value that a setting may have, or the part of it to which ``path`` leads. It is no secret."""
    example = EXAMPLES[key] if key in EXAMPLES else _default(key)
    for part in path:
        example = example[0] if isinstance(part, int) else example.get(part, FIELD_EXAMPLES.get(part))
    return example


def _default(key: str) -> Any:
    default = next(one.default for name, one in Settings.model_fields.items() if (one.alias or name) == key)
    return [*default] if isinstance(default, tuple) else default


def accepts(key: str, path: Sequence[int | str], value: Any) -> bool:
    """Whether a setting, or the part of it to which ``path`` leads, may have this value, whatever the others are."""
    at = [key, *(0 if isinstance(part, int) else part for part in path)]
    for part in reversed(at):
        value = [value] if isinstance(part, int) else {part: value}
    try:
        Settings.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        return not any([*one["loc"]] == at[: len(one["loc"])] for one in error.errors() if one["loc"])
    return True


def _as_text(key: str, path: Sequence[int | str], given: Any) -> str | None:
    """The text of a number in whose place a text is needed; ``None`` if that one would be wrong as well."""
    text = number_as_text(given)
    return text if text is not given and accepts(key, path, text) else None


def to_write(key: str, given: Any = None) -> str:
    """What to write for a setting whose value, ``given``, has a wrong form."""
    if key in SECRETS:
        return to_write_missing(key) if key in MISSING else names().to_set_secret(key)
    form, example = FORMS[key], example_of(key)
    if not form.listed:
        return form.advice(example, _as_text(key, (), given))
    alone = isinstance(given, (str, int, float)) and accepts(key, (0,), given)
    return names().to_write_list(key, [given] if alone else example)


def to_write_missing(key: str) -> str:
    """What to do about a setting that has no value and needs one."""
    return f"{MISSING[key]}{names().to_set_secret(key) if key in SECRETS else ''}"


def to_write_part(key: str, path: Sequence[int | str], given: Any = None) -> str:
    """What to write for a part of a setting that has a wrong form, such as an entry of a list."""
    return FORMS[key].at(path).advice(example_of(key, path), _as_text(key, path, given))


def shown(value: Any, *, quoted: bool = False) -> str:
    """A value for people, in one line. Text is in quotes if ``quoted``, or where its ends could not be seen.

    It does not show a private key, a token of DigitalOcean or a URL's password, which may be in the place of another
    value.
    """
    if isinstance(value, str) and not quoted and value and value == value.strip() and value.isprintable():
        text = value
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
            if not text.isprintable():
                text = json.dumps(value)
        except (TypeError, ValueError):
            return f"a value of type {type(value).__name__}"
    if PRIVATE_KEY in text:
        return "a private key"
    text = TOKEN.sub(r"\1…", PASSWORD.sub("…@", text))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def stands_for_another_type(value: Any) -> bool:
    """Whether a value is a text that would be a number, a list or the like without its quotes."""
    return isinstance(value, str) and not isinstance(parsed_json(value), str)
