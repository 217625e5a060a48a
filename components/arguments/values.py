"""Turns the arguments of a cluster into settings, by the keys of ``pulumi config``.

An argument that comes from another resource is an output. Until the run knows it, its setting has a placeholder of the
right form, so that all other settings are validated before anything is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import pulumi

from ..config.errors import ConfigurationError
from ..config.loading import validated
from ..config.naming import argument_of
from ..config.running_clusters import wait_for_other_clusters
from ..config.settings import Settings
from .cluster_names import component_cluster_name
from .given import empty_problem, given_in, is_output
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


@dataclass(frozen=True)
class Arguments:
    """The arguments of one cluster."""

    settings: Settings
    """The settings, with a placeholder for each value that is not known yet."""
    cluster: str
    """The name of the cluster in the account; empty if the caller has it."""
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
    """What the caller tells of its providers, by the arguments' names in Python."""


def read_arguments(
    args: object, *, component: str = "", explicit: Collection[str], problems: Sequence[str] = ()
) -> Arguments:
    """Validate the arguments. ``explicit`` are the packages whose resources have a provider of their own.

    ``component`` is the name of the component after which its cluster is called. Empty leaves the cluster's name to the
    caller. Raises ``ConfigurationError``, which has the ``problems`` that the caller has found, and names every wrong
    or unknown argument. An argument that is found wrong later is an error when other clusters' changes are done.
    """
    given = given_in(args, PLACEHOLDERS)
    problems = [*problems, *given.problems]
    cluster = ""
    if component:
        try:
            cluster = component_cluster_name(component, given.cluster_name)
        except ConfigurationError as error:
            problems.append(str(error))
    late = {key: given.values[key] for key in PLACEHOLDERS if is_output(given.values.get(key))}
    plain = {**given.values, **{key: _with_placeholders(key, value) for key, value in late.items()}}
    settings = validated(plain, problems, left_out=given.left_out, explicit=explicit)

    async def complete(known: Mapping[str, Any]) -> Settings:
        empty = [problem for key, value in known.items() if (problem := empty_problem(key, value))]
        all_values = {**plain, **known}
        present = {key: value for key, value in all_values.items() if value is not None}
        try:
            return validated(present, empty, explicit=explicit)
        except ConfigurationError:
            await wait_for_other_clusters(component)
            raise

    def checked(key: str, value_in: Callable[[Settings], Any], otherwise: Any) -> Any:
        """A late value alone, validated when it is known."""
        if key not in late:
            return otherwise

        async def check(value: Any) -> Any:
            return value_in(await complete({key: value}))

        return pulumi.Output.from_input(late[key]).apply(check)

    resolved = pulumi.Output.all(**late).apply(complete) if late else pulumi.Output.from_input(settings)
    return Arguments(
        settings=settings,
        cluster=cluster,
        resolved=resolved,
        discovery_token=checked("discoveryToken", _token, _token(settings)),
        ssh_keys=checked("sshKeys", lambda one: [*one.ssh_keys], [*settings.ssh_keys]),
        vpc_id=checked("vpcId", lambda one: one.vpc_id, settings.vpc_id),
        zone_id=checked("zoneId", lambda one: one.zone_id, settings.zone_id),
        providers=given.providers,
    )


def _with_placeholders(key: str, value: object) -> Any:
    """The value with a placeholder for what only a run knows: for the whole of it, or for some entries of a list."""
    if not isinstance(value, (list, tuple)) or not isinstance(PLACEHOLDERS[key], list):
        return PLACEHOLDERS[key]
    return [PLACEHOLDERS[key][0] if is_output(one) else one for one in cast("list[object]", value)]


def provider_arguments(args: object) -> Mapping[str, pulumi.Input[str]]:
    """What the caller tells of its providers, by the arguments' names in Python."""
    return given_in(args, PLACEHOLDERS).providers


def arguments_of(settings_by_key: Mapping[str, Any]) -> EtcdClusterArgs:
    """The arguments with these values, which are given by the keys of ``pulumi config``."""
    groups: dict[str, dict[str, Any]] = {}
    names = {field.alias or name: name for name, field in Settings.model_fields.items()}
    for key, value in settings_by_key.items():
        group = argument_of(key).partition(".")[0]
        name = names[key].removeprefix("backup_") if group == "backups" else names[key]
        groups.setdefault(group, {})[name] = value
    return cast("EtcdClusterArgs", groups)


def _token(settings: Settings) -> str:
    return settings.discovery_token.get_secret_value()
