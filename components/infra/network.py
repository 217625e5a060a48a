"""The cluster's private network, its tags and its firewall."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_digitalocean as digitalocean

from ..config.settings import Settings
from ..orphans.default_vpc import after_default_vpc
from ..orphans.hooks import Orphans, with_orphan_removal
from ..shared.markers import rollout_marker, size_marker, up_marker
from ..shared.ports import CLIENT_PORT, EXPORTER_PORT, METRICS_PORT, PEER_PORT

SSH_PORT = 22
EVERYWHERE = ["0.0.0.0/0", "::/0"]


class ClusterNetwork:
    """VPC, tag and firewall of one cluster.

    The firewall applies to the cluster's tag. So it holds for a new droplet without a further request, needs no
    droplet's id, and does not change when a droplet is replaced. DigitalOcean applies it asynchronously: a new droplet
    may be open at first (``pending_changes`` in its API). Droplets share no tag with another cluster's. If they did,
    the last cluster would leave the tag in the account, or the first one would remove it from the others' droplets.
    """

    vpc_id: pulumi.Input[str]
    """Id of the VPC that the droplets are in."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        vpc_id: pulumi.Input[str],
        orphans: Orphans,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """``vpc_id`` is the id of an existing VPC, if the settings name one."""
        self.vpc_id = vpc_id if settings.vpc_id else _own_vpc(name, settings, orphans, opts).id
        self.cluster_tag = digitalocean.Tag(f"{name}-tag", name=name, opts=opts)
        self.firewall = digitalocean.Firewall(
            f"{name}-firewall",
            name=name,
            tags=[self.cluster_tag.name],
            inbound_rules=inbound_rules(settings, self.cluster_tag.name),
            outbound_rules=[
                digitalocean.FirewallOutboundRuleArgs(
                    protocol="tcp", port_range="1-65535", destination_addresses=EVERYWHERE
                ),
                digitalocean.FirewallOutboundRuleArgs(
                    protocol="udp", port_range="1-65535", destination_addresses=EVERYWHERE
                ),
                digitalocean.FirewallOutboundRuleArgs(protocol="icmp", destination_addresses=EVERYWHERE),
            ],
            opts=with_orphan_removal(opts, f"{name}-firewall", orphans.firewall(name)),
        )


def _own_vpc(
    name: str, settings: Settings, orphans: Orphans, opts: pulumi.ResourceOptions
) -> digitalocean.Vpc:
    description = f"etcd cluster {name}"
    return digitalocean.Vpc(
        f"{name}-vpc",
        name=name,
        region=settings.region,
        description=description,
        opts=after_default_vpc(
            with_orphan_removal(opts, f"{name}-vpc", orphans.vpc(name, description)),
            f"{name}-vpc",
            settings.region,
            orphans.access,
        ),
    )


def rollout_marker_tag(name: str, rollout: str, *, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Register the tag that tells the members' guards how changes are rolled out. No droplet carries it.

    It always exists, and is replaced before any droplet is: the engine deletes a removed resource only at the end of a
    successful run. While it is as a run all at once has left it, droplets wait for each other: rollout/unguarded.py.
    """
    only = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))
    return digitalocean.Tag(f"{name}-rollout", name=rollout_marker(name, rollout), opts=only)


def marker_tags(
    name: str,
    size: int,
    droplets: Sequence[pulumi.Resource],
    *,
    identity: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Register the tags that tell the members that the cluster is wanted, and its size. No droplet carries them.

    They depend on all droplets, so ``pulumi destroy`` deletes them first. The tag of the size is replaced before a run
    ends: a removed member reads from it whether it may rejoin.

    The tag with the cluster's ``identity`` is here as well. DigitalOcean creates it with the first volume, so that no
    droplet depends on it: a droplet can be replaced alone in a cluster that has no such tag yet.
    """
    late = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*droplets]))
    only = pulumi.ResourceOptions.merge(late, pulumi.ResourceOptions(delete_before_replace=True))
    return [
        digitalocean.Tag(up_marker(name), name=up_marker(name), opts=late),
        digitalocean.Tag(f"{name}-size", name=size_marker(name, size), opts=only),
        digitalocean.Tag(f"{name}-identity", name=identity, opts=late),
    ]


def inbound_rules(
    settings: Settings, cluster_tag: pulumi.Input[str]
) -> list[digitalocean.FirewallInboundRuleArgs]:
    """The rules for connections to members: from members to both ports, from ``client_cidrs`` to the client port.

    Both reach the exporter, too: a member says there why its etcd does not run, to certificates of the cluster's CA.
    Metrics and SSH are open to the configured networks alone. etcd always serves its metrics, so another network
    changes the firewall and no droplet.
    """
    clients = [str(network) for network in settings.client_cidrs]
    rules = [
        digitalocean.FirewallInboundRuleArgs(
            protocol="tcp", port_range=str(PEER_PORT), source_tags=[cluster_tag]
        ),
        digitalocean.FirewallInboundRuleArgs(
            protocol="tcp",
            port_range=str(CLIENT_PORT),
            source_tags=[cluster_tag],
            source_addresses=clients,
        ),
        digitalocean.FirewallInboundRuleArgs(
            protocol="tcp",
            port_range=str(EXPORTER_PORT),
            source_tags=[cluster_tag],
            source_addresses=clients,
        ),
    ]
    metrics = f"{METRICS_PORT}-{EXPORTER_PORT}"
    for ports, networks in ((metrics, settings.metrics_cidrs), (str(SSH_PORT), settings.ssh_cidrs)):
        if networks:
            sources = [str(network) for network in networks]
            rules.append(
                digitalocean.FirewallInboundRuleArgs(
                    protocol="tcp", port_range=ports, source_addresses=sources
                )
            )
    return rules
