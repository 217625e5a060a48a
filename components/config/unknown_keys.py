"""Keys of a stack's configuration that nothing reads, such as a mistyped one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    known = {project: setting_keys(), **{name: sorted(keys) for name, keys in PROVIDER_KEYS.items()}}
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
        return _advice(key, [f"{namespace}:{one}" for one in nearest_names(name, known[namespace])])
    if namespace == PROGRAM:
        return (
            f"{key} is set, and this project is called {project}, so nothing reads it: set {project}:{name} instead, "
            f"and remove this key (pulumi config rm {key}). If the stack has a cluster, set the project's name in "
            f"Pulumi.yaml back to {PROGRAM} instead: docs/recovery.md, Renamed"
        )
    resembled = nearest_names(namespace, known)
    for meant in (*resembled, *([project] if resembled else [])):
        if nearest := nearest_names(name, known[meant]):
            return _advice(key, [f"{meant}:{one}" for one in nearest])
    return ""


def _advice(key: str, meant: Sequence[str]) -> str:
    remedy = f"set {listed_names(meant)} instead, and remove this key" if meant else "remove it"
    return f"{key} is set, and there is no such key: {remedy} (pulumi config rm {key}). {PAGE}"


def nearest_names(name: str, names: Collection[str], *, alike: float = ALIKE) -> list[str]:
    """The names that another one may stand for, in any case of letters.

    They are the one that it resembles most, or all that end with it: ``cidrs`` may stand for ``sshCidrs`` and for
    ``clientCidrs``. ``alike`` is how much one must resemble it, from 0 to 1.
    """
    folded = name.casefold()
    by_fold = {one.casefold(): one for one in names}
    if folded in by_fold:
        return [by_fold[folded]]
    if name and (
        longer := [
            one for fold, one in by_fold.items() if fold.endswith(folded) and one[-len(name)].isupper()
        ]
    ):
        return longer
    return [by_fold[close] for close in get_close_matches(folded, by_fold, n=1, cutoff=alike)]


def listed_names(names: Sequence[str]) -> str:
    """Names of which one is meant, for people: ``a, b or c``."""
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
