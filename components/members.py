"""All members of a cluster, and what their droplets have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from .arguments.values import Arguments
from .config.settings import Settings
from .droplets.discovery_check import DiscoveryCheck
from .droplets.preflight import Preflight
from .identity.cluster_identity import identity_tag
from .identity.stack_state import StackState
from .infra.alerts import alert_policies
from .infra.backup_bucket import backup_bucket
from .infra.network import ClusterNetwork, marker_tags, rollout_marker_tag
from .infra.record_check import RecordCheck
from .member import Member, MemberArgs
from .orphans.hooks import Orphans
from .prerequisites import Prerequisites
from .rollout.completion import Completion
from .rollout.lockout import warn_of_lockout
from .rollout.policy import unrecorded_members
from .rollout.rollout import Rollout
from .rollout.unmanaged_authentication import refuse_unmanaged_authentication
from .shared.names import same_cluster


@dataclass(frozen=True)
class Members:
    """The members of a cluster."""

    all: Sequence[Member]
    """In the order of their numbers."""
    healthy: pulumi.Output[Sequence[str]]
    """Their names, once all of them are healthy."""


def register_members(name: str, arguments: Arguments, before: Prerequisites) -> Members:
    """Register network, members and the gate after the last one. ``name`` is the cluster's tag."""
    settings = arguments.settings
    account, client, child = before.account, before.client, before.after
    identity = before.bootstrap.identity.apply(lambda one: identity_tag(name, one))
    orphans = Orphans(
        settings,
        cluster=name,
        identity=before.bootstrap.identity,
        stack=account.stack,
        zone_id=before.zone.id,
        access=before.accounts.digitalocean,
        cloudflare=before.accounts.cloudflare,
    )
    network = ClusterNetwork(name, settings, vpc_id=arguments.vpc_id, orphans=orphans, opts=child)
    rollout = _rollout(name, arguments, before, network)
    marker = rollout_marker_tag(name, settings.rollout, opts=child)
    shared = MemberArgs(
        settings=settings,
        resolved=arguments.resolved,
        ssh_keys=arguments.ssh_keys,
        zone=before.zone,
        bootstrap=before.bootstrap,
        staged=before.staged,
        network=network,
        orphans=orphans,
        authority=before.authority,
        rollout=rollout,
        identity=identity,
        required=[
            network.firewall,
            marker,
            *backup_bucket(name, settings, stack=account.stack, opts=child),
        ],
    )
    members: list[Member] = []
    for number in range(1, settings.size + 1):
        previous = members[-1] if members else None
        members.append(Member(name, number, shared, previous=previous, opts=child))
    wanted = marker_tags(
        name, settings.size, [member.droplet for member in members], identity=identity, opts=child
    )
    healthy = Completion(rollout).gate(
        members,
        after=wanted,
        recorded=account.stack.apply(lambda stack: name in stack.healthy),
        unrecorded=pulumi.Output.all(client.existing, account.stack).apply(
            lambda both: _unrecorded(settings, *both)
        ),
        opts=child,
    )
    return Members(members, healthy)


def _rollout(name: str, arguments: Arguments, before: Prerequisites, network: ClusterNetwork) -> Rollout:
    """What the members' gates share. The first one waits for all that a run may find wrong before droplets change."""
    settings, account, client = arguments.settings, before.account, before.client
    records = RecordCheck(
        settings,
        name,
        zone_id=before.zone.id,
        existing=client.existing,
        stack=account.stack,
        access=before.accounts.cloudflare,
    )
    preflight = Preflight(
        settings,
        existing=client.existing,
        access=account.access,
        check_records=records.check,
        check_discovery=DiscoveryCheck(name, before.accounts.discovery).check,
        ssh_keys=arguments.ssh_keys,
        vpc_id=arguments.vpc_id,
    )
    rollout = Rollout(
        name,
        settings,
        members=client,
        preflight=preflight,
        zone=before.zone.state,
        version=before.staged.version,
    )
    looks = [
        client.existing.apply(lambda existing: warn_of_lockout(settings, client, existing)),
        # After the record: it knows whether this program switched authentication on.
        pulumi.Output.all(client.existing, before.staged.record.urn).apply(
            lambda known: refuse_unmanaged_authentication(settings, client, known[0])
        ),
    ]
    policies = alert_policies(name, settings, network.cluster_tag.name, opts=before.after)
    known = [
        pulumi.Output.from_input(network.vpc_id),
        *(policy.urn for policy in policies),
        *(one.resource.urn for one in before.clients.values()),
    ]
    rollout.settle(before.authority.operator.certificate, records.warnings, *looks, *known)
    return rollout


def _unrecorded(settings: Settings, existing: frozenset[str], stack: StackState) -> Sequence[str]:
    """The members that must leave although the last gate of the state does not know them."""
    known = {*existing, *stack.members(settings.domain)}
    made = (name for name in known if same_cluster(name, settings.member_names[0]))
    return unrecorded_members(settings.member_names, made, stack.recorded)
