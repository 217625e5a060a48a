"""What a run finds, checks, records and issues before it changes any droplet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from .api.accounts import Accounts
from .arguments.cluster_names import check_stack_name
from .arguments.values import Arguments
from .backups.restore_check import check_restore
from .changes.bootstrap_record import BootstrapRecord
from .changes.immutable_settings import ImmutableSettings, InvalidTransitionError
from .changes.placement import placement_problems
from .changes.shared_authorities import SharedAuthorities
from .changes.staged_record import StagedRecord
from .changes.stash_record import depending_on
from .config.running_clusters import begin_changes, failing_last
from .config.settings import Settings
from .droplets.inventory import AccountState, Inventory
from .etcd.cluster_client import ClusterClient
from .etcd.credentials import Credentials
from .identity.ownership import Component
from .identity.stack_state import StackState
from .infra.dns import DnsZone
from .orphans.stray_tags import remove_stray_tags, stray_tags, wanted_tags
from .orphans.tag_spelling import spelling_problems
from .pki.authority import Certificate, CertificateAuthority


@dataclass(frozen=True)
class Prerequisites:
    """What the members of a cluster, and the access to it, are made with."""

    accounts: Accounts
    """The ways to the APIs of DigitalOcean and Cloudflare."""
    account: Inventory
    """What exists in the account, and what the stack's state knows."""
    zone: DnsZone
    """The Cloudflare zone that the DNS records are in, if there are any."""
    authority: CertificateAuthority
    """Issues certificates."""
    client: ClusterClient
    """Asks the running members."""
    staged: StagedRecord
    """The settings that change in steps, such as the version of etcd."""
    clients: Mapping[str, Certificate]
    """The certificates of the configured clients, by their names."""
    bootstrap: BootstrapRecord
    """The token and the initial size of the cluster."""
    after: pulumi.ResourceOptions
    """The options of resources that come after all records: the cluster is their parent."""


def register_prerequisites(
    name: str,
    arguments: Arguments,
    component: Component | None,
    *,
    parent: pulumi.ComponentResource,
    depends_on: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]] | pulumi.Resource] | None,
) -> Prerequisites:
    """Register the records of the settings, and the certificates. An invalid change fails here.

    ``depends_on`` is what the caller's program wants the cluster to wait for: resources, one, or ``None``.
    """
    settings = arguments.settings
    accounts = Accounts(parent, settings, arguments.discovery_token, arguments.providers)
    account = Inventory(
        settings,
        cluster_tag=name,
        access=accounts.digitalocean,
        discovery=accounts.discovery,
        known=accounts.known,
        component=component,
    )
    rename = "use another name for the stack" if component is None else "set another args.clusterName"
    ready = pulumi.Output.all(account.state, account.stack).apply(
        lambda both: _ready_to_begin(name, arguments, accounts, *both, rename=rename)
    )
    own = pulumi.ResourceOptions(parent=parent)
    if depends_on is not None:
        own = depending_on(pulumi.Output.from_input(depends_on).apply(_listed), own)
    first = pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=ready))
    immutable = ImmutableSettings(name, settings, account=account, opts=first)
    allowed = immutable.after_record(own)
    # It waits for nothing outside from now on: it depends on no other cluster that may wait for its changes.
    pulumi.Output.all(immutable.record.urn, arguments.resolved).apply(lambda _: begin_changes())
    zone = DnsZone(
        immutable.zone,
        domain=settings.domain,
        zone_id=arguments.zone_id,
        access=accounts.cloudflare,
        stack=account.stack,
        parent=parent,
    )
    authority = _certificate_authority(name, settings, account, allowed)
    client = ClusterClient(
        settings,
        account=account,
        credentials=Credentials(
            authority.bundle,
            operator=authority.operator,
            reader=authority.reader,
            management=authority.management,
        ),
    )
    staged = StagedRecord(
        name,
        settings,
        members=client,
        account=account,
        opts=pulumi.ResourceOptions.merge(
            allowed,
            # Its hook needs the program's certificates, and must not wait for one that could not be issued.
            pulumi.ResourceOptions(depends_on=authority.own_certificates),
        ),
    )
    child = staged.after_record(allowed)
    clients = authority.issue_clients(after=staged.allowed)
    bootstrap = BootstrapRecord(name, size=settings.size, restore=settings.restore_from, opts=child)
    return Prerequisites(
        accounts=accounts,
        account=account,
        zone=zone,
        authority=authority,
        client=client,
        staged=staged,
        clients=clients,
        bootstrap=bootstrap,
        after=bootstrap.after_record(child),
    )


def _certificate_authority(
    name: str, settings: Settings, account: Inventory, opts: pulumi.ResourceOptions
) -> CertificateAuthority:
    """The cluster's authorities, after the record of those that are shared by clients and peers."""
    shared = SharedAuthorities(name, stack=account.stack, opts=opts)
    return CertificateAuthority(
        name, settings, shared=shared.numbers, clock=account.clock, opts=shared.after_record(opts)
    )


@failing_last
async def _ready_to_begin(
    name: str,
    arguments: Arguments,
    accounts: Accounts,
    account: AccountState,
    stack: StackState,
    *,
    rename: str,
) -> list[pulumi.Resource]:
    """Dependencies that are no resources, but resolve when the run may begin.

    The cluster has a name of its own and stays where it is, its tags are spelled as it spells them, the backup to
    restore is there, and marker tags of no state are removed. ``rename`` says how the cluster gets another name.
    """
    check_stack_name(name, exists=bool(stack.token))
    vpc_id = await pulumi.Output.from_input(arguments.vpc_id).future() or ""
    zone_id = await pulumi.Output.from_input(arguments.zone_id).future() or ""
    if problems := placement_problems(name, arguments.settings, stack, vpc_id=vpc_id, zone_id=zone_id):
        raise InvalidTransitionError("\n".join([*problems, "Nothing was changed."]))
    if (settings := await arguments.resolved.future()) is not None:
        await check_restore(settings, name, stack)
    wanted = wanted_tags(name, arguments.settings, stack)
    problems = spelling_problems(
        name,
        wanted,
        listed=account.tags,
        unused=account.unused_tags,
        recorded=stack.tags,
        rename="" if stack.token else rename,
    )
    if problems:
        raise InvalidTransitionError("\n".join([*problems, "Nothing was changed."]))
    await remove_stray_tags(
        accounts.digitalocean, stray_tags(name, account.unused_tags, known=stack.tags, wanted=wanted)
    )
    return []


def _listed(
    resources: Sequence[pulumi.Input[pulumi.Resource]] | pulumi.Resource,
) -> Sequence[pulumi.Input[pulumi.Resource]]:
    return [resources] if isinstance(resources, pulumi.Resource) else resources
