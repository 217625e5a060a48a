"""The DigitalOcean provider's resources that a cluster needs.

They are the provider's own, asked for by their names. ``import pulumi_digitalocean`` would take 0.4 s, a seventh of
a run that changes nothing; the package is installed all the same, and its version is the provider's. Inputs and
outputs: https://www.pulumi.com/registry/packages/digitalocean/api-docs/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import pulumi

VERSION = version("pulumi-digitalocean")


class Vpc(pulumi.CustomResource):
    """A private network."""

    def __init__(
        self, resource_name: str, *, name: str, region: str, description: str, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(
            "digitalocean:index/vpc:Vpc",
            resource_name,
            {"name": name, "region": region, "description": description},
            _versioned(opts),
        )


class Tag(pulumi.CustomResource):
    """A tag, which may exist before anything carries it."""

    name: pulumi.Output[str]

    def __init__(self, resource_name: str, *, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("digitalocean:index/tag:Tag", resource_name, {"name": name}, _versioned(opts))


class Firewall(pulumi.CustomResource):
    """What may reach droplets, and what they may reach."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        tags: Sequence[pulumi.Input[str]],
        inbound_rules: Sequence[Mapping[str, Any]],
        outbound_rules: Sequence[Mapping[str, Any]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register it for the droplets with one of ``tags``; a rule's keys are as in the provider, ``portRange``."""
        super().__init__(
            "digitalocean:index/firewall:Firewall",
            resource_name,
            {"name": name, "tags": tags, "inboundRules": inbound_rules, "outboundRules": outbound_rules},
            _versioned(opts),
        )


class Volume(pulumi.CustomResource):
    """Block storage, which outlives the droplet that it is attached to."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        region: str,
        size: int,
        description: str,
        initial_filesystem_type: str,
        initial_filesystem_label: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register it; ``size`` is in GiB."""
        super().__init__(
            "digitalocean:index/volume:Volume",
            resource_name,
            {
                "name": name,
                "region": region,
                "size": size,
                "description": description,
                "initialFilesystemType": initial_filesystem_type,
                "initialFilesystemLabel": initial_filesystem_label,
            },
            _versioned(opts),
        )


class Droplet(pulumi.CustomResource):
    """A virtual machine."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        image: str,
        region: str,
        size: str,
        ssh_keys: Sequence[str],
        vpc_uuid: pulumi.Input[str],
        user_data: pulumi.Input[str],
        monitoring: bool,
        graceful_shutdown: bool,
        tags: Sequence[pulumi.Input[str]],
        volume_ids: Sequence[pulumi.Input[str]] | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register it. ``ssh_keys`` are ids or fingerprints; ``user_data`` is as secret as the caller makes it."""
        super().__init__(
            "digitalocean:index/droplet:Droplet",
            resource_name,
            {
                "name": name,
                "image": image,
                "region": region,
                "size": size,
                "sshKeys": ssh_keys,
                "vpcUuid": vpc_uuid,
                "userData": user_data,
                "monitoring": monitoring,
                "gracefulShutdown": graceful_shutdown,
                "tags": tags,
                "volumeIds": volume_ids,
                # Outputs alone; Pulumi keeps those that it was told of.
                "ipv4Address": None,
                "ipv4AddressPrivate": None,
            },
            _versioned(opts),
        )

    @property
    def ipv4_address(self) -> pulumi.Output[str]:
        """The public address."""
        return self.__dict__["ipv4Address"]

    @property
    def ipv4_address_private(self) -> pulumi.Output[str]:
        """The address in its VPC."""
        return self.__dict__["ipv4AddressPrivate"]


class SpacesBucket(pulumi.CustomResource):
    """A bucket of Spaces. To make one that the account has already is no error, and changes nothing in it.

    The provider's keys for Spaces are its own: ``digitalocean:spacesAccessId`` and ``digitalocean:spacesSecretKey``.
    """

    def __init__(self, resource_name: str, *, name: str, region: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            "digitalocean:index/spacesBucket:SpacesBucket",
            resource_name,
            {"name": name, "region": region},
            _versioned(opts),
        )


class MonitorAlert(pulumi.CustomResource):
    """A policy by which DigitalOcean mails when droplets' measurements are too high."""

    def __init__(
        self,
        resource_name: str,
        *,
        type: str,  # noqa: A002  # the provider's word
        value: float,
        window: str,
        description: str,
        tags: Sequence[pulumi.Input[str]],
        emails: Sequence[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register it for the droplets with one of ``tags``: mail when ``type`` is above ``value`` for ``window``."""
        super().__init__(
            "digitalocean:index/monitorAlert:MonitorAlert",
            resource_name,
            {
                "type": type,
                "compare": "GreaterThan",
                "value": value,
                "window": window,
                "description": description,
                "tags": tags,
                "alerts": {"emails": list(emails)},
            },
            _versioned(opts),
        )


def _versioned(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=VERSION))
