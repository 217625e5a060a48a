"""The cluster as one component."""

# No "from __future__ import annotations" here: Pulumi's analyzer reads annotations that are evaluated.
from collections.abc import Mapping, Sequence

import pulumi

from .access.enforcement import enforce_access
from .api.accounts import Accounts, argument_names, explicit_packages
from .arguments.cluster_names import check_stack_name
from .arguments.options import (
    component_name,
    former_names,
    former_urns,
    has_aliases,
    option_problems,
    own_options,
    refuse_protection,
    resource_options,
)
from .arguments.types import ClientOutput, EtcdClusterArgs, MemberOutput
from .arguments.values import Arguments, provider_arguments, read_arguments
from .backups.restore_check import check_restore
from .changes.bootstrap_record import BootstrapRecord
from .changes.immutable_settings import ImmutableSettings, InvalidTransitionError
from .changes.placement import placement_problems
from .changes.shared_authorities import SharedAuthorities
from .changes.staged_record import StagedRecord
from .changes.stash_record import depending_on
from .config.authentication_holes import authentication_warning
from .config.backup_settings import backup_summary, backup_target, short_deletion
from .config.naming import ConfigNames, named_by, names, told_names
from .config.running_clusters import (
    RunningCluster,
    begin_changes,
    failing_last,
    refuse_shared_names,
    reporting_failure,
    running,
)
from .config.settings import Settings
from .droplets.discovery_check import DiscoveryCheck
from .droplets.inventory import AccountState, Inventory
from .droplets.preflight import Preflight
from .etcd.cluster_client import ClusterClient
from .etcd.credentials import Credentials
from .identity.cluster_identity import identity_tag
from .identity.ownership import Component
from .identity.stack_state import StackState
from .infra.alerts import alert_policies
from .infra.backup_bucket import backup_bucket
from .infra.dns import DnsZone
from .infra.network import ClusterNetwork, marker_tags, rollout_marker_tag
from .infra.protection import protect_from_destroy
from .infra.record_check import RecordCheck
from .infra.scrape_config import scrape_config
from .member import Member, MemberArgs
from .orphans.hooks import Orphans
from .orphans.stray_tags import remove_stray_tags, stray_tags, wanted_tags
from .pki.authority import CertificateAuthority
from .pki.expiry_warning import announce
from .rollout.completion import Completion
from .rollout.lockout import warn_of_lockout
from .rollout.policy import unrecorded_members
from .rollout.rollout import Rollout
from .rollout.unmanaged_authentication import refuse_unmanaged_authentication
from .run_log import log
from .run_log.cluster_report import reported_cluster
from .shared.names import same_cluster
from .shared.ports import CLIENT_PORT
from .userdata.size_check import check_user_data


class EtcdCluster(pulumi.ComponentResource):
    """An etcd cluster of TLS-secured members on DigitalOcean droplets.

    It registers:

    - for each member, a droplet, certificates, a data volume unless its size is 0, and, with a zone, a DNS record;
    - for the cluster, a VPC unless one is given, tags, a firewall, certificate authorities, the operator's client
      certificate, those of the program if authentication is set, one for each client and, on request, alert policies
      and the bucket for backups;
    - records of the settings, which reject an invalid change before any other resource changes;
    - gates, which let droplets be replaced one at a time.

    A run ends when every member is healthy over TLS.
    """

    endpoints: pulumi.Output[Sequence[str]]
    """Client URLs, one for each member, such as ``https://etcd-server-1.example.com:2379``.

    A run knows them when all members are healthy, and etcd has the users of all clients.
    """
    members: Sequence[MemberOutput]
    """The members with their addresses and droplets, in the order of their numbers."""
    ca_certificate: pulumi.Output[str]
    """The certificates of all CAs that clients and the client port trust, PEM."""
    client_certificate: pulumi.Output[str]
    """The operator's certificate, PEM."""
    client_key: pulumi.Output[str]
    """The operator's key, PEM; secret."""
    clients: Mapping[str, ClientOutput]
    """The certificates and keys of the configured clients, by their names."""
    certificates: pulumi.Output[Mapping[str, str]]
    """Dates: when runs begin to renew certificates (``renewsFrom``), by when one must have done so (``renewBefore``),
    and when the CA expires (``authorityEnds``).
    """
    backups: str
    """A sentence that says where backups go and how often, or that there are none."""
    environment: pulumi.Output[Mapping[str, str]]
    """Environment variables for ``etcdctl``. They name the files ``ca.pem``, ``client.pem`` and ``client-key.pem``."""
    prometheus_scrape_config: pulumi.Output[str]
    """YAML for Prometheus' ``scrape_config_files``. It names the same files, in the folder of Prometheus' configuration
    file.
    """

    def __init__(self, name: str, args: EtcdClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the cluster. ``name`` is its name in the program.

        Raises ``ConfigurationError``, which names every wrong argument and option, before anything is registered.
        """
        name, opts = component_name(name), resource_options(opts)
        given = provider_arguments(args)
        with reporting_failure(), named_by(told_names() or argument_names(given, opts)):
            alone = type(names()) is ConfigNames
            # The program of this project has one cluster, and gives both the same name.
            arguments = read_arguments(
                args,
                component="" if alone else name,
                explicit=explicit_packages(opts),
                problems=option_problems(opts),
            )
            cluster = arguments.cluster or name
            refuse_shared_names(name, cluster, arguments.settings.domain)
            check_user_data(cluster, arguments.settings)
            for warning in (
                short_deletion(arguments.settings, arguments.settings.droplet_timeout_seconds),
                authentication_warning(arguments.settings, arguments.settings.version),
            ):
                if warning:
                    log.warn(warning)
            super().__init__("etcd:index:EtcdCluster", name, None, own_options(opts))
            refuse_protection(self._protect)
            component = (
                None
                if alone
                else Component(name, former_names(opts), has_aliases=has_aliases(opts), urn=self.urn)
            )
            with running(RunningCluster(cluster, arguments.settings.change_limit_seconds)):
                self._register(cluster, arguments, component, opts)
            protect_from_destroy(
                cluster,
                self,
                protect=arguments.settings.protect,
                parent=opts.parent,
                aliases=former_urns(self),
            )

    def _register(
        self, name: str, arguments: Arguments, component: Component | None, opts: pulumi.ResourceOptions
    ) -> None:
        """Register everything in the cluster. ``name`` is its tag, and the prefix of its resources' names."""
        settings = arguments.settings
        accounts = Accounts(self, settings, arguments.discovery_token, arguments.providers)
        account = Inventory(
            settings,
            cluster_tag=name,
            access=accounts.digitalocean,
            discovery=accounts.discovery,
            known=accounts.known,
            component=component,
        )
        ready = pulumi.Output.all(account.state, account.stack).apply(
            lambda both: _ready_to_begin(name, arguments, accounts, *both)
        )
        own = pulumi.ResourceOptions(parent=self)
        if opts.depends_on is not None:
            own = depending_on(pulumi.Output.from_input(opts.depends_on).apply(_listed), own)
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
            parent=self,
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
        child = bootstrap.after_record(child)
        identity = bootstrap.identity.apply(lambda one: identity_tag(name, one))
        orphans = Orphans(
            settings,
            cluster=name,
            identity=bootstrap.identity,
            stack=account.stack,
            zone_id=zone.id,
            access=accounts.digitalocean,
            cloudflare=accounts.cloudflare,
        )
        network = ClusterNetwork(name, settings, vpc_id=arguments.vpc_id, orphans=orphans, opts=child)
        records = RecordCheck(
            settings,
            name,
            zone_id=zone.id,
            existing=client.existing,
            stack=account.stack,
            access=accounts.cloudflare,
        )
        preflight = Preflight(
            settings,
            existing=client.existing,
            access=account.access,
            check_records=records.check,
            check_discovery=DiscoveryCheck(name, accounts.discovery).check,
            ssh_keys=arguments.ssh_keys,
            vpc_id=arguments.vpc_id,
        )
        rollout = Rollout(
            name, settings, members=client, preflight=preflight, zone=zone.state, version=staged.version
        )
        looks = [
            client.existing.apply(lambda existing: warn_of_lockout(settings, client, existing)),
            # After the record: it knows whether this program switched authentication on.
            pulumi.Output.all(client.existing, staged.record.urn).apply(
                lambda known: refuse_unmanaged_authentication(settings, client, known[0])
            ),
        ]
        policies = alert_policies(name, settings, network.cluster_tag.name, opts=child)
        known = [
            pulumi.Output.from_input(network.vpc_id),
            *(policy.urn for policy in policies),
            *(client.resource.urn for client in clients.values()),
        ]
        rollout.settle(authority.operator.certificate, records.warnings, *looks, *known)
        marker = rollout_marker_tag(name, settings.rollout, opts=child)
        shared = MemberArgs(
            settings=settings,
            resolved=arguments.resolved,
            ssh_keys=arguments.ssh_keys,
            zone=zone,
            bootstrap=bootstrap,
            staged=staged,
            network=network,
            orphans=orphans,
            authority=authority,
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

        accessible = enforce_access(
            name,
            settings,
            client,
            certificates=clients,
            stack=account.stack,
            completed=healthy,
            opts=child,
        )
        # Clients that take the endpoints find their users there.
        self.endpoints = reported_cluster(
            name,
            settings.member_names,
            pulumi.Output.all(healthy, accessible).apply(
                lambda known: [f"https://{one}:{CLIENT_PORT}" for one in known[0]]
            ),
        )
        self.members = [member.output() for member in members]
        self.ca_certificate = authority.bundle
        self.client_certificate = authority.operator.certificate
        self.client_key = pulumi.Output.secret(authority.operator.key)
        self.clients = {
            client: {"certificate": one.certificate, "key": pulumi.Output.secret(one.key)}
            for client, one in clients.items()
        }
        self.certificates = announce(name, authority.renewal(), clock=account.clock, opts=child)
        self.backups = backup_summary(settings, backup_target(settings, cluster=name, region=settings.region))
        self.environment = self.endpoints.apply(etcdctl_environment)
        self.prometheus_scrape_config = healthy.apply(lambda all_names: scrape_config(name, all_names))
        outputs: dict[str, pulumi.Input[object]] = {
            "endpoints": self.endpoints,
            "members": {member.name: member.address for member in members},
        }
        self.register_outputs(outputs if component is None else {**outputs, "clusterName": name})


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
    name: str, arguments: Arguments, accounts: Accounts, account: AccountState, stack: StackState
) -> list[pulumi.Resource]:
    """Dependencies that are no resources, but resolve when the run may begin.

    The cluster has a name of its own and stays where it is, the backup to restore is there, and marker tags of no state
    are removed.
    """
    check_stack_name(name, exists=bool(stack.token))
    vpc_id = await pulumi.Output.from_input(arguments.vpc_id).future() or ""
    zone_id = await pulumi.Output.from_input(arguments.zone_id).future() or ""
    if problems := placement_problems(name, arguments.settings, stack, vpc_id=vpc_id, zone_id=zone_id):
        raise InvalidTransitionError("\n".join([*problems, "Nothing was changed."]))
    if (settings := await arguments.resolved.future()) is not None:
        await check_restore(settings, name, stack)
    wanted = wanted_tags(name, arguments.settings, stack)
    await remove_stray_tags(
        accounts.digitalocean, stray_tags(name, account.unused_tags, known=stack.tags, wanted=wanted)
    )
    return []


def _unrecorded(settings: Settings, existing: frozenset[str], stack: StackState) -> Sequence[str]:
    """The members that must leave although the last gate of the state does not know them."""
    known = {*existing, *stack.members(settings.domain)}
    made = (name for name in known if same_cluster(name, settings.member_names[0]))
    return unrecorded_members(settings.member_names, made, stack.recorded)


def _listed(
    resources: Sequence[pulumi.Input[pulumi.Resource]] | pulumi.Resource,
) -> Sequence[pulumi.Input[pulumi.Resource]]:
    return [resources] if isinstance(resources, pulumi.Resource) else resources


def etcdctl_environment(endpoints: Sequence[str]) -> dict[str, str]:
    """Variables for etcdctl (https://etcd.io/docs/v3.6/op-guide/security/), with files in the working directory."""
    return {
        "ETCDCTL_ENDPOINTS": ",".join(endpoints),
        "ETCDCTL_CACERT": "ca.pem",
        "ETCDCTL_CERT": "client.pem",
        "ETCDCTL_KEY": "client-key.pem",
    }
