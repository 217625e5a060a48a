"""Options of the component that the gates forbid, or that Pulumi would ignore. Each is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import Any, cast

import pulumi

from ..config.errors import ConfigurationError

PROTECTED = (
    "the option protect is true, and children inherit it: Pulumi refuses to replace a protected droplet, so no change "
    "would reach the members. Set args.maintenance.protect instead, which refuses to destroy the cluster"
)
"""Why the component cannot be protected like other resources."""

RETAINED = (
    "the option retainOnDelete is true, and children inherit it: a replaced member's droplet would stay beside the new "
    "one and keep its name and its volume. Remove the option. args.maintenance.protect refuses to destroy the cluster"
)
"""Why the component's resources cannot outlive it."""

DELETED_WITH = (
    "the option deletedWith is set, and children inherit it: Pulumi would delete no droplet and no volume if that "
    "resource is deleted, and replace all droplets if it is replaced. Use the option dependsOn instead"
)
"""Why no other resource's end is the end of the component's resources."""

_OF_OPTIONS = MappingProxyType(
    {
        "parent": "the resource itself",
        "provider": "a provider, such as digitalocean.Provider(...)",
        "providers": "a list of providers, such as [digitalocean.Provider(...)]",
    }
)
"""What each option takes that decides about providers."""

IN_PLACE = "members are replaced one at a time when a change needs it"


def resource_options(opts: object) -> pulumi.ResourceOptions:
    """The options that a caller gave. Raises ``ConfigurationError`` if they are none."""
    if opts is None:
        return pulumi.ResourceOptions()
    if not isinstance(opts, pulumi.ResourceOptions):
        raise ConfigurationError(
            f"opts is a value of type {type(opts).__name__}: write pulumi.ResourceOptions with the options in it, such "
            "as pulumi.ResourceOptions(depends_on=[vpc])"
        )
    if wrong := [
        f"the option {option} has a value of type {type(value).__name__}: write {_OF_OPTIONS[option]}, or remove the "
        "option"
        for option, value in _resources(opts)
        if not isinstance(value, pulumi.Resource if option == "parent" else pulumi.ProviderResource)
    ]:
        raise ConfigurationError("\n".join(dict.fromkeys(wrong)))
    return opts


def _resources(opts: pulumi.ResourceOptions) -> Iterator[tuple[str, object]]:
    """The resources in the options that decide about providers, or what a caller gave instead, by option."""
    yield from ((one, value) for one in ("parent", "provider") if (value := getattr(opts, one)) is not None)
    given = cast("object", opts.providers or ())
    if isinstance(given, Mapping):
        given = cast("Mapping[Any, object]", given).values()
    for one in cast("Iterable[object]", given if isinstance(given, Iterable) else [given]):
        yield "providers", one


def component_name(name: object) -> str:
    """The name that a caller gave to the component. Raises ``ConfigurationError`` if it is none."""
    if isinstance(name, str) and name:
        return name
    state = '""' if name == "" else f"a value of type {type(name).__name__}"
    raise ConfigurationError(f'the name of the cluster is {state}: write a string, such as "store"')


def option_problems(opts: pulumi.ResourceOptions) -> list[str]:
    """A line for each option that the component cannot honour."""
    reasons = {
        PROTECTED: opts.protect if opts.protect is not None else getattr(opts.parent, "_protect", False),
        RETAINED: opts.retain_on_delete,
        DELETED_WITH: opts.deleted_with,
        "the option customTimeouts has no effect on a component: set args.maintenance.healthTimeoutSeconds and "
        "args.maintenance.dropletTimeoutSeconds instead": opts.custom_timeouts,
        "the option ignoreChanges has no effect on a component: leave the argument as it is, or use a transform for "
        "one resource in it": opts.ignore_changes,
        **{
            f"the option {name} has no effect on a component: {IN_PLACE}": given
            for name, given in {
                "replaceOnChanges": opts.replace_on_changes,
                "replaceWith": opts.replace_with,
                "replacementTrigger": opts.replacement_trigger is not None,
                "deleteBeforeReplace": opts.delete_before_replace,
            }.items()
        },
        "the option additionalSecretOutputs has no effect on a component: clientKey is a secret already. Make another "
        "output a secret where you use it": opts.additional_secret_outputs,
        "the option import takes one resource, and a cluster has many: docs/recovery.md, Not in the state": (
            opts.import_
        ),
        **{
            f"the option {name} reads one resource that exists, and a cluster has many: remove the option. For a "
            "cluster of another stack, take that stack's outputs with pulumi.StackReference": given
            is not None
            for name, given in {"id": opts.id, "urn": opts.urn}.items()
        },
        "the option hideDiffs has no effect on a component: remove it, or use a transform for one resource in it": (
            opts.hide_diffs
        ),
        **{
            f"the option {name} has no effect on a component: set it for a provider, and pass that in providers": given
            for name, given in {
                "version": opts.version,
                "pluginDownloadURL": opts.plugin_download_url,
                "envVarMappings": opts.env_var_mappings,
            }.items()
        },
    }
    return [reason for reason, given in reasons.items() if given]


def own_options(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The options with which the component is registered.

    The engine lets a resource inherit retainOnDelete from its parent, unless it has a value of its own. No SDK shows
    the parent's.
    """
    own = copy(opts)
    own.retain_on_delete = False
    return own


def refuse_protection(protect: bool | None) -> None:
    """Raise ``ConfigurationError`` if the component is protected, by a transform of its options as well."""
    if protect:
        raise ConfigurationError(PROTECTED)


def former_names(opts: pulumi.ResourceOptions) -> frozenset[str]:
    """The names that the component had before, by its aliases."""
    names: set[str] = set()
    for alias in opts.aliases or ():
        if isinstance(alias, pulumi.Alias):
            if isinstance(alias.name, str):
                names.add(alias.name)
        elif isinstance(alias, str):
            names.add(alias.rpartition("::")[2])
    return frozenset(names)


def has_aliases(opts: pulumi.ResourceOptions) -> bool:
    """Whether the component has aliases, its own or those that it inherits from its parent."""
    return bool(opts.aliases or getattr(opts.parent, "_aliases", None))


def former_urns(component: pulumi.Resource) -> Sequence[pulumi.Input[str]]:
    """The URNs that the component had before, by its own aliases."""
    return getattr(component, "_aliases", ())
