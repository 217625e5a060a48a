"""The cluster's private network, its tags and its firewall."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_digitalocean as digitalocean

from components.config.settings import Settings
from components.orphans.default_vpc import after_default_vpc
from components.orphans.hooks import Orphans, with_orphan_removal
from components.shared.markers import rollout_marker, size_marker, up_marker
from components.shared.ports import CLIENT_PORT, EXPORTER_PORT, METRICS_PORT, PEER_PORT

SSH_PORT = 22
EVERYWHERE = ["0.0.0.0/0", "::/0"]


class ClusterNetwork:
    """VPC, tag and firewall of one cluster.

    The firewall applies to the cluster's tag. So it protects a droplet from its first second, needs no droplet's id,
    and does not change when a droplet is replaced. Droplets have no other tag. If several clusters shared one, the last
    cluster would leave it in the account, or the first one would remove it from the others' droplets.
    """

    def __init__(
        self, name: str, settings: Settings, *, orphans: Orphans, opts: pulumi.ResourceOptions
    ) -> None:
        description = f"etcd cluster {name}"
        self.vpc = digitalocean.Vpc(
            f"{name}-vpc",
            name=name,
            region=settings.region,
            description=description,
            opts=after_default_vpc(
                with_orphan_removal(opts, f"{name}-vpc", orphans.vpc(name, description)),
                f"{name}-vpc",
                settings.region,
            ),
        )
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
            opts=with_orphan_removal(opts, f"{name}-firewall", orphans.firewall(name, name)),
        )


def rollout_marker_tag(name: str, rollout: str, *, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Register the tag that tells the members' guards how changes are rolled out. No droplet carries it.

    It always exists, and is replaced before any droplet is: the engine deletes a removed resource only at the end of a
    successful run. While it is as a run all at once has left it, droplets wait for each other: rollout/unguarded.py.
    """
    only = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))
    return digitalocean.Tag(f"{name}-rollout", name=rollout_marker(name, rollout), opts=only)


def marker_tags(
    name: str, size: int, droplets: Sequence[pulumi.Resource], *, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Register the tags that tell the members that the cluster is wanted, and its size. No droplet carries them.

    They depend on all droplets, so ``pulumi destroy`` deletes them first. The tag of the size is replaced before a run
    ends: a removed member reads from it whether it may rejoin.
    """
    late = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*droplets]))
    only = pulumi.ResourceOptions.merge(late, pulumi.ResourceOptions(delete_before_replace=True))
    return [
        digitalocean.Tag(up_marker(name), name=up_marker(name), opts=late),
        digitalocean.Tag(f"{name}-size", name=size_marker(name, size), opts=only),
    ]


def inbound_rules(
    settings: Settings, cluster_tag: pulumi.Input[str]
) -> list[digitalocean.FirewallInboundRuleArgs]:
    """The rules for connections to members: from members to both ports, from ``client_cidrs`` to the client port.

    Metrics and SSH are open to the configured networks alone. etcd always serves its metrics, so another network
    changes the firewall and no droplet.
    """
    rules = [
        digitalocean.FirewallInboundRuleArgs(
            protocol="tcp", port_range=str(PEER_PORT), source_tags=[cluster_tag]
        ),
        digitalocean.FirewallInboundRuleArgs(
            protocol="tcp",
            port_range=str(CLIENT_PORT),
            source_tags=[cluster_tag],
            source_addresses=[str(network) for network in settings.client_cidrs],
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
