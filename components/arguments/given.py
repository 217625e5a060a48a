"""Reads the arguments of a cluster as its caller wrote them, whatever their shape is.

Each argument has two names: that of Python, such as ``droplet_size``, and that of Pulumi's schema, such as
``dropletSize``, which errors use. Callers may write either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, cast

import pulumi
from pydantic.alias_generators import to_camel

from ..config.forms import FORMS, MISSING, example_of, shown, to_write, to_write_missing
from ..config.loading import url_problem
from ..config.naming import GROUPS, argument_of, key_of, part_of
from ..config.settings import Settings
from ..config.unknown_keys import listed_names, nearest_names
from .entries import Entries, Path

OF_PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "digitaloceanToken": "digitalocean_token",
        "digitaloceanApiUrl": "digitalocean_api_url",
        "cloudflareToken": "cloudflare_token",
        "cloudflareApiUrl": "cloudflare_api_url",
    }
)
"""The arguments of the group ``access`` that are no settings, each with its name in Python."""

CLUSTER_NAME = "clusterName"
CLUSTER_NAME_IN_PYTHON = "cluster_name"
PAGE = "docs/component.md lists all arguments"
ALIKE_IN_A_GROUP = 0.6
"""How alike two names of one group are at least, from 0 to 1, so that one counts as the other mistyped."""


@dataclass(frozen=True)
class Given:
    """What a caller gave."""

    values: Mapping[str, Any]
    """The values of the settings, by the keys of ``pulumi config``. Some of them may be outputs."""
    providers: Mapping[str, pulumi.Input[str]]
    """What the caller tells of its providers, by the names of Python."""
    cluster_name: str | None
    problems: tuple[str, ...]
    """A line for each argument that does not exist, or that has an impossible shape."""
    left_out: frozenset[Path]
    """The keys of the settings whose values have such a shape, each with the path of the part that has it."""


def given_in(args: object, takes_output: Collection[str]) -> Given:
    """Read the arguments. ``takes_output`` are the keys of the settings that may be outputs."""
    if not isinstance(args, Mapping):
        problem = f"args is {_kind(args)}: write a dictionary with the groups {', '.join(GROUPS)}"
        return Given({}, {}, None, (problem,), frozenset((key,) for key in _KEYS.values()))
    reading = _Reading(takes_output)
    groups = reading.known("", cast("Mapping[Any, Any]", args), _TOP)
    for group, arguments in groups.items():
        if group != CLUSTER_NAME:
            reading.read_group(group, arguments)
    return Given(
        reading.values,
        reading.providers,
        reading.plain_text(CLUSTER_NAME, groups.get(CLUSTER_NAME)),
        tuple(reading.problems),
        frozenset(reading.left_out),
    )


def is_output(value: object) -> bool:
    """Whether a value, or an entry of a list, is known only during a run."""
    if isinstance(value, (list, tuple)):
        return any(is_output(one) for one in cast("list[object]", value))
    return isinstance(value, pulumi.Output) or isawaitable(value)


def empty_problem(key: str, value: object) -> str:
    """The line about an empty text, which no argument takes; else empty."""
    if value != "":
        return ""
    if key in MISSING:
        return f'{key_of(key)} is "": {to_write_missing(key)}'
    return f'{key_of(key)} is "": {to_write(key)}, or remove the argument'


class _Reading:
    """Collects the values and the problems of a caller's arguments."""

    def __init__(self, takes_output: Collection[str]) -> None:
        self._takes_output = takes_output
        self.values: dict[str, Any] = {}
        self.providers: dict[str, pulumi.Input[str]] = {}
        self.problems: list[str] = []
        self.left_out: set[Path] = set()

    def known(self, group: str, given: Mapping[Any, Any], spellings: Mapping[str, str]) -> dict[str, Any]:
        """The values that are set, by the schema's names of their arguments."""
        found: dict[str, Any] = {}
        written: dict[str, str] = {}
        for spelling, value in given.items():
            argument = spellings.get(spelling) if isinstance(spelling, str) else None
            if argument is None:
                self.problems.append(_unknown(f"{group}{spelling}", f"{group}{to_camel(str(spelling))}"))
            elif argument in written:
                self.problems.append(
                    f"args.{group}{argument} is set twice, as {written[argument]} and as {spelling}: remove one of them"
                )
            else:
                written[argument] = spelling
                if value is not None:
                    found[argument] = value
        return found

    def read_group(self, group: str, given: object) -> None:
        """Read the arguments of a group."""
        if not isinstance(given, Mapping):
            first = argument_of(GROUPS[group][0]).partition(".")[2]
            remedy = f"write a dictionary with arguments such as {first}"
            if is_output(given):
                remedy += ". docs/component.md tells which of them may be outputs"
            self.problems.append(f"args.{group} is {_kind(given)}: {remedy}")
            self.left_out.update((key,) for key in GROUPS[group])
            return
        spellings = _SPELLINGS[group]
        for argument, value in self.known(f"{group}.", cast("Mapping[Any, Any]", given), spellings).items():
            if group == "access" and argument in OF_PROVIDERS:
                self._read_of_provider(argument, value)
            else:
                self._read_setting(_KEYS[f"{group}.{argument}"], value)

    def _read_setting(self, key: str, value: object) -> None:
        if problem := empty_problem(key, value):
            self.problems.append(problem)
            self.left_out.add((key,))
        elif key in self._takes_output and is_output(value):
            self.values[key] = value
        else:
            self._read_plain(key, value)

    def _read_plain(self, key: str, value: object) -> None:
        """Read a value that the program knows before the run."""
        reading = Entries()
        plain = reading.read(value, FORMS[key])
        if not FORMS[key].listed and is_output(value):
            reading.outputs = [()]
        self.problems += [
            f"{part_of(key, path)} is an output, and this argument takes a plain value: write one that the program "
            f"knows before the run, such as {shown(example_of(key, path), quoted=True)}, or read it with pulumi.Config"
            for path in reading.outputs
        ]
        self.problems += [
            f"{part_of(key, path)} is set twice, as {first} and as {second}: remove one of them"
            for path, (first, second) in reading.twice.items()
        ]
        self.left_out.update((key, *path) for path in reading.left_out)
        if (key,) not in self.left_out:
            self.values[key] = plain

    def _read_of_provider(self, argument: str, value: object) -> None:
        if is_output(value) and not isinstance(value, (list, tuple)):
            self.providers[OF_PROVIDERS[argument]] = cast("pulumi.Input[str]", value)
        elif isinstance(value, str) and value:
            self.providers[OF_PROVIDERS[argument]] = value
            if argument.endswith("ApiUrl") and (problem := url_problem(f"args.access.{argument}", value)):
                self.problems.append(problem)
        else:
            what = "the token" if argument.endswith("Token") else "the URL"
            state = '""' if value == "" else "not a string"
            self.problems.append(
                f"args.access.{argument} is {state}: write {what} as a string, or remove the argument"
            )

    def plain_text(self, argument: str, value: object) -> str | None:
        """The value of an argument that is no setting, and takes a text."""
        if value is None or (isinstance(value, str) and value):
            return value
        self.problems.append(
            f"args.{argument} is {_kind(value)}: write a string that the program knows before the run, such as "
            '"etcd-shop", or remove the argument'
        )
        return None


def _kind(value: object) -> str:
    """What a value of an impossible shape is. A text is not shown: it may be a secret."""
    if is_output(value) and not isinstance(value, (list, tuple)):
        return "an output"
    if isinstance(value, str):
        return "a string" if value else '""'
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "a dictionary"
    return shown(value)


def _unknown(written: str, argument: str) -> str:
    """The line about an argument that does not exist. ``argument`` is its name as the schema would have it."""
    group, _, name = argument.rpartition(".")
    beside = [one for one in _ALL if one.startswith(f"{group}.")]
    meant = nearest_names(name, [_own(one) for one in _ALL])
    # In its own group, a name may resemble another one less.
    meant = meant or nearest_names(name, [_own(one) for one in beside], alike=ALIKE_IN_A_GROUP)
    nearest = [one for one in beside if _own(one) in meant] or [one for one in _ALL if _own(one) in meant]
    remedy = "remove it"
    if nearest:
        remedy = f"set {listed_names([f'args.{one}' for one in nearest])} instead, and remove this one"
    return f"args.{written} is set, and there is no such argument: {remedy}. {PAGE}"


def _own(argument: str) -> str:
    """The name of an argument without its group."""
    return argument.rpartition(".")[2]


def _spellings() -> dict[str, dict[str, str]]:
    """The schema's name of each argument by all its names, by group."""
    in_python = {setting.alias or name: name for name, setting in Settings.model_fields.items()}
    found: dict[str, dict[str, str]] = {}
    for group, keys in GROUPS.items():
        names = found.setdefault(group, {})
        for key in keys:
            argument = argument_of(key).partition(".")[2]
            names[argument] = argument
            names[in_python[key].removeprefix("backup_") if group == "backups" else in_python[key]] = argument
    found["access"].update(
        {one: argument for argument, name in OF_PROVIDERS.items() for one in (argument, name)}
    )
    return found


_SPELLINGS = MappingProxyType(_spellings())
_TOP = MappingProxyType(
    {**{group: group for group in GROUPS}, CLUSTER_NAME: CLUSTER_NAME, CLUSTER_NAME_IN_PYTHON: CLUSTER_NAME}
)
_KEYS = MappingProxyType({argument_of(key): key for keys in GROUPS.values() for key in keys})
_ALL = (*_KEYS, *(f"access.{argument}" for argument in OF_PROVIDERS), *GROUPS, CLUSTER_NAME)
