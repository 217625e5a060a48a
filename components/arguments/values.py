"""Turns the arguments of a cluster into settings, by the keys of ``pulumi config``.

An argument that comes from another resource is an output. Until the run knows it, its setting has a placeholder of the
right form, so that all other settings are validated before anything is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, cast

import pulumi
from pydantic.alias_generators import to_camel

from ..config.loading import validated
from ..config.naming import GROUPS, argument_of
from ..config.settings import Settings
from ..config.unknown_keys import nearest_name
from .types import EtcdClusterArgs

PLACEHOLDERS: Mapping[str, Any] = MappingProxyType(
    {
        "sshKeys": ["1"],
        "vpcId": "00000000-0000-0000-0000-000000000000",
        "zoneId": "0" * 32,
        "backupAccessKey": "0" * 20,
        "backupSecretKey": "0" * 43,
        "discoveryToken": "dop_v1_" + "0" * 64,
    }
)
"""The keys whose values may come from other resources, each with a value of a typical length."""

OF_PROVIDERS = ("digitalocean_token", "digitalocean_api_url", "cloudflare_token", "cloudflare_api_url")
"""The arguments of the group ``access`` that are no settings."""

CLUSTER_NAME = "cluster_name"


@dataclass(frozen=True)
class Arguments:
    """The arguments of one cluster."""

    settings: Settings
    """The settings, with a placeholder for each value that is not known yet."""
    resolved: pulumi.Output[Settings]
    """The settings with all values. It is unknown in a preview that does not know one of them."""
    discovery_token: pulumi.Input[str]
    """The token that members and health checks use."""
    ssh_keys: pulumi.Input[Sequence[str]]
    """The SSH keys, as a resource takes them."""
    vpc_id: pulumi.Input[str]
    """The id of an existing VPC; empty if there is none."""
    zone_id: pulumi.Input[str]
    """The id of the Cloudflare zone; empty if it is found by its name."""
    providers: Mapping[str, pulumi.Input[str]]
    """What the caller tells of its providers, by the names of ``OF_PROVIDERS``."""


def read_arguments(args: EtcdClusterArgs, *, explicit: Collection[str]) -> Arguments:
    """Validate the arguments. ``explicit`` are the packages whose resources have a provider of their own.

    Raises ``ConfigurationError``, which names every wrong or unknown argument.
    """
    values, problems = settings_values(args)
    late = {key: value for key, value in values.items() if key in PLACEHOLDERS and _is_late(value)}
    problems += [
        f"{'args.' + argument_of(key)} is known only during a run: it decides which resources exist, so it takes a "
        "plain value"
        for key, value in values.items()
        if key not in late and _is_late(value)
    ]
    plain = {key: PLACEHOLDERS[key] if key in late else value for key, value in values.items()}
    settings = validated(
        {key: value for key, value in plain.items() if not _is_late(value)}, problems, explicit=explicit
    )

    def complete(known: Mapping[str, Any]) -> Settings:
        found = {key: _as_texts(value) for key, value in known.items()}
        return validated({**plain, **found}, [], explicit=explicit)

    def checked(key: str, value_in: Callable[[Settings], Any], otherwise: Any) -> Any:
        """A late value alone, validated when it is known."""
        if key not in late:
            return otherwise
        return pulumi.Output.from_input(late[key]).apply(lambda value: value_in(complete({key: value})))

    resolved = pulumi.Output.all(**late).apply(complete) if late else pulumi.Output.from_input(settings)
    return Arguments(
        settings=settings,
        resolved=resolved,
        discovery_token=checked("discoveryToken", _token, _token(settings)),
        ssh_keys=checked("sshKeys", lambda one: [*one.ssh_keys], [*settings.ssh_keys]),
        vpc_id=checked("vpcId", lambda one: one.vpc_id, settings.vpc_id),
        zone_id=checked("zoneId", lambda one: one.zone_id, settings.zone_id),
        providers=provider_arguments(args),
    )


def settings_values(args: EtcdClusterArgs) -> tuple[dict[str, Any], list[str]]:
    """The values that are set, by the keys of ``pulumi config``, and a line for each argument that does not exist."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    by_argument = {argument_of(key): key for keys in GROUPS.values() for key in keys}
    for group, given in cast("Mapping[str, Any]", args).items():
        if group == CLUSTER_NAME:
            continue
        if group not in GROUPS:
            problems.append(_unknown(group, [*GROUPS, CLUSTER_NAME]))
            continue
        if _is_late(given):
            problems.append(
                f"args.{group} is known only during a run: pass a group with plain and late values in it"
            )
            continue
        for name, value in cast("Mapping[str, Any]", given or {}).items():
            if group == "access" and name in OF_PROVIDERS:
                continue
            argument = f"{group}.{to_camel(name)}"
            if argument not in by_argument:
                problems.append(_unknown(argument, by_argument))
            # An empty value counts as not set, as it does in a stack's configuration.
            elif value is not None and not (isinstance(value, (str, list, tuple)) and not value):
                values[by_argument[argument]] = _as_texts(value) if name == "ssh_keys" else value
    return values, problems


def provider_arguments(args: EtcdClusterArgs) -> Mapping[str, pulumi.Input[str]]:
    """What the caller tells of its providers, by the names of ``OF_PROVIDERS``."""
    access = cast("Mapping[str, Any]", args.get("access") or {})
    return {name: access[name] for name in OF_PROVIDERS if access.get(name) is not None}


def arguments_of(settings_by_key: Mapping[str, Any]) -> EtcdClusterArgs:
    """The arguments with these values, which are given by the keys of ``pulumi config``."""
    groups: dict[str, dict[str, Any]] = {}
    names = {field.alias or name: name for name, field in Settings.model_fields.items()}
    for key, value in settings_by_key.items():
        group = argument_of(key).partition(".")[0]
        name = names[key].removeprefix("backup_") if group == "backups" else names[key]
        groups.setdefault(group, {})[name] = value
    return cast("EtcdClusterArgs", groups)


def _unknown(argument: str, known: Collection[str]) -> str:
    nearest = nearest_name(argument, known)
    remedy = f"set args.{nearest} instead, and remove this one" if nearest else "remove it"
    return f"args.{argument} is set, and there is no such argument: {remedy}. docs/component.md lists all arguments"


def _token(settings: Settings) -> str:
    return settings.discovery_token.get_secret_value()


def _is_late(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_late(one) for one in cast("Sequence[Any]", value))
    return isinstance(value, pulumi.Output) or isawaitable(value)


def _as_texts(value: Any) -> Any:
    """Ids of SSH keys may be numbers, and other languages send whole numbers as floats."""
    if isinstance(value, (list, tuple)):
        return [_as_texts(one) for one in cast("Sequence[Any]", value)]
    return f"{value:.0f}" if isinstance(value, (int, float)) and not isinstance(value, bool) else value
