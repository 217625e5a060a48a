"""Keys of a stack's configuration that nothing reads, such as a mistyped one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from pulumi.runtime import config as runtime

from .settings import Settings

PROGRAM = "etcd"
"""The namespace in which the documentation names the program's keys. It is the project's name in ``Pulumi.yaml``."""

PROVIDER_KEYS = MappingProxyType(
    {
        "digitalocean": frozenset(
            {
                "apiEndpoint",
                "httpRetryMax",
                "httpRetryWaitMax",
                "httpRetryWaitMin",
                "requestsPerSecond",
                "spacesAccessId",
                "spacesEndpoint",
                "spacesSecretKey",
                "token",
            }
        ),
        "cloudflare": frozenset(
            {"apiKey", "apiToken", "apiUserServiceKey", "baseUrl", "email", "userAgentOperatorSuffix"}
        ),
        "tls": frozenset({"proxy"}),
    }
)
"""The keys that each provider reads. A test compares them with the providers' packages."""

ENGINE = "pulumi"
"""The namespace of Pulumi's own keys."""

ALIKE = 0.7
"""How alike two names are at least, from 0 to 1, so that one counts as the other mistyped."""

PAGE = "docs/configuration.md lists all keys"


def configured_keys() -> frozenset[str]:
    """The full names of all keys that are set for this run, in every namespace, secrets included."""
    return frozenset({**runtime.get_config_env(), **runtime.CONFIG.get()})


def unknown_keys(configured: Iterable[str], project: str) -> list[str]:
    """Describe each key that nothing reads in one line. Values are never shown.

    ``project`` is the namespace of the program's own keys. A foreign namespace that resembles none is left alone.
    """
    known = {project: frozenset(setting_keys()), **PROVIDER_KEYS}
    return [problem for key in sorted(configured) if (problem := _problem(key, project, known))]


def setting_keys() -> list[str]:
    """The names of all settings, without a namespace."""
    return [field.alias or name for name, field in Settings.model_fields.items()]


def _problem(key: str, project: str, known: Mapping[str, Collection[str]]) -> str:
    namespace, _, name = key.partition(":")
    if namespace == ENGINE:
        return ""
    if namespace in known:
        if name in known[namespace]:
            return ""
        nearest = nearest_name(name, known[namespace])
        return _advice(key, f"{namespace}:{nearest}" if nearest else "")
    if namespace == PROGRAM:
        return (
            f"{key} is set, and this project is called {project}, so nothing reads it: set {project}:{name} instead, "
            f"and remove this key (pulumi config rm {key}). If the stack has a cluster, set the project's name in "
            f"Pulumi.yaml back to {PROGRAM} instead: docs/recovery.md, Renamed"
        )
    if meant := nearest_name(namespace, known):
        return _advice(key, f"{meant}:{nearest_name(name, known[meant]) or name}")
    return ""


def _advice(key: str, meant: str) -> str:
    remedy = f"set {meant} instead, and remove this key" if meant else "remove it"
    return f"{key} is set, and there is no such key: {remedy} (pulumi config rm {key}). {PAGE}"


def nearest_name(name: str, names: Collection[str]) -> str:
    """The name that resembles another one most, in any case of letters; empty if none does."""
    by_fold = {one.casefold(): one for one in names}
    close = get_close_matches(name.casefold(), by_fold, n=1, cutoff=ALIKE)
    return by_fold[close[0]] if close else ""
