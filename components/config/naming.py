"""How the caller of a cluster names a setting: by its key in ``pulumi config``, or by its argument.

A program may have several clusters, and each has its own caller. So the names belong to the context in which a cluster
is constructed. All tasks that begin there inherit it, and hooks run in it: ``components/config/hooks.py``.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "members": ("size", "region", "image", "dropletSize", "volumeSize", "sshKeys"),
        "network": ("clientCidrs", "sshCidrs", "metricsCidrs", "addresses", "vpcId"),
        "dns": ("domain", "zone", "zoneId"),
        "tls": (
            "extraNames",
            "caValidityHours",
            "certificateValidityHours",
            "certificateRenewalHours",
            "authorities",
        ),
        "etcd": (
            "version",
            "releaseUrl",
            "releaseSha256",
            "quotaGiB",
            "compactionMode",
            "compactionRetention",
            "heartbeatMs",
            "electionMs",
            "maxRequestBytes",
            "maxTxnOps",
            "snapshotCount",
            "keepaliveMinTime",
            "keepaliveInterval",
            "keepaliveTimeout",
            "logLevel",
            "extraFlags",
        ),
        "backups": (
            "backupBucket",
            "backupBucketCreate",
            "backupAccessKey",
            "backupSecretKey",
            "backupEndpoint",
            "backupRegion",
            "backupPrefix",
            "backupInterval",
            "backupRetention",
            "backupEncryption",
            "backupCaCertificate",
            "restoreFrom",
        ),
        "maintenance": (
            "rollout",
            "healthTimeoutSeconds",
            "dropletTimeoutSeconds",
            "protect",
            "alertEmails",
        ),
        "access": ("discoveryToken", "discoveryApiUrl", "auth", "clients"),
    }
)
"""The keys of ``pulumi config`` by the group of arguments that they are in."""

_PREFIX = "backup"
_GIB, _GIB_OF_SCHEMA = "GiB", "Gib"


def argument_of(key: str) -> str:
    """The argument of a key, such as ``members.dropletSize``. The group of backups leaves out their prefix."""
    group = next(group for group, keys in GROUPS.items() if key in keys)
    name = key.removeprefix(_PREFIX) if group == "backups" else key
    # Pulumi's schema capitalizes the first letter of each word alone.
    return f"{group}.{name[0].lower()}{name[1:].replace(_GIB, _GIB_OF_SCHEMA)}"


@dataclass(frozen=True)
class ConfigNames:
    """The names of a caller that reads stack configuration."""

    def key(self, key: str) -> str:
        """The name of a setting."""
        return f"etcd:{key}"

    def to_set(self, key: str, value: object) -> str:
        """What to do to set a value."""
        return f"pulumi config set {self.key(key)} {value}"

    def to_set_file(self, key: str, file: str) -> str:
        """What to do to set a value to the text in a file."""
        return f"pulumi config set {self.key(key)} < {file}"

    def to_remove(self, key: str) -> str:
        """What to do to return to the default."""
        return f"pulumi config rm {self.key(key)}"

    def to_add(self, key: str, position: int, value: object) -> str:
        """What to do to add a value to a list that has ``position`` values."""
        return f"pulumi config set --path '{self.key(key)}[{position}]' {value}"

    def to_write_list(self, key: str, example: Sequence[object]) -> str:
        """What to write where a list is needed."""
        if isinstance(example[0], Mapping):
            field, value = next(iter(cast("Mapping[str, object]", example[0]).items()))
            # A path into another value than a list or a text is an error.
            path = f"{self.key(key)}[0].{field}"
            return f"write a list: {self.to_remove(key)}, then pulumi config set --path '{path}' {value}"
        return f"write a list: {self.to_add(key, 0, shlex.quote(str(example[0])))}"

    @property
    def distinguishes_text(self) -> bool:
        """Whether the caller writes text in another way than numbers."""
        return False

    def to_set_secret(self, key: str) -> str:
        """What to do to set a secret."""
        return f"run pulumi config set --secret {self.key(key)}"

    def to_find_checksum(self, version: str, checksums: str) -> str:
        """What to do about a release of etcd without a known checksum. ``checksums`` is the URL of the release's."""
        del checksums
        return f"make release VERSION={version} looks up the checksum and prints the two lines to set"

    def provider_key(self, key: str) -> str:
        """The name of a provider's own setting, such as ``digitalocean:token``."""
        return key


@dataclass(frozen=True)
class ArgumentNames(ConfigNames):
    """The names of a caller that passes arguments to the component."""

    provider_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """The names of the providers' own settings that the caller does not set by configuration."""

    def key(self, key: str) -> str:
        """The name of a setting."""
        return f"args.{argument_of(key)}"

    def to_set(self, key: str, value: object) -> str:
        """What to do to set a value."""
        return f"set {self.key(key)} to {value}"

    def to_set_file(self, key: str, file: str) -> str:
        """What to do to set a value to the text in a file."""
        return f"set {self.key(key)} to the text in a file such as {file}"

    def to_remove(self, key: str) -> str:
        """What to do to return to the default."""
        return f"remove {self.key(key)}"

    def to_add(self, key: str, position: int, value: object) -> str:
        """What to do to add a value to a list."""
        return f"add {value} to {self.key(key)}"

    def to_write_list(self, key: str, example: Sequence[object]) -> str:
        """What to write where a list is needed."""
        return f"write a list, such as {json.dumps(example)}"

    @property
    def distinguishes_text(self) -> bool:
        """Whether the caller writes text in another way than numbers."""
        return True

    def to_set_secret(self, key: str) -> str:
        """What to do to set a secret."""
        return f"set {self.key(key)}, as a secret"

    def to_find_checksum(self, version: str, checksums: str) -> str:
        """What to do about a release of etcd without a known checksum. A caller may have no checkout."""
        file = f"etcd-v{version}-linux-amd64.tar.gz"
        return f"Set {self.key('releaseSha256')} to the digits before {file} in {checksums}"

    def provider_key(self, key: str) -> str:
        """The name of a provider's own setting, which may be an argument or an explicit provider."""
        return self.provider_keys.get(key, key)


_NAMES: ContextVar[ConfigNames | None] = ContextVar("names", default=None)


@contextmanager
def named_by(names: ConfigNames) -> Generator[None]:
    """Let all that begins inside use these names."""
    token = _NAMES.set(names)
    try:
        yield
    finally:
        _NAMES.reset(token)


def names() -> ConfigNames:
    """The names of this context's caller: those of ``pulumi config`` if it has not told."""
    return _NAMES.get() or ConfigNames()


def told_names() -> ConfigNames | None:
    """The names that the caller has told, if it has told any."""
    return _NAMES.get()


def key_of(name: str) -> str:
    """The caller's name of a setting. ``name`` is its key in camel case, without ``etcd:``."""
    return names().key(name)


def part_of(name: str, path: Sequence[int | str]) -> str:
    """The caller's name of a part of a setting, such as ``etcd:clients[0].name``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{key_of(name)}{''.join(steps)}"


def provider_key(name: str) -> str:
    """The caller's name of a provider's own setting, such as ``digitalocean:token``."""
    return names().provider_key(name)


def in_callers_words(text: str) -> str:
    """A text of the node or of a table, which has the keys of ``pulumi config``, with the caller's names."""
    caller = names()
    for known in (one for keys in GROUPS.values() for one in keys):
        text = re.sub(
            rf"pulumi config set etcd:{known} ([\w-]+)",
            lambda found, key=known: caller.to_set(key, found[1]),
            text,
        )
        text = re.sub(rf"pulumi config rm etcd:{known}\b", lambda _, key=known: caller.to_remove(key), text)
        text = re.sub(rf"\betcd:{known}\b", lambda _, key=known: caller.key(key), text)
    return text
