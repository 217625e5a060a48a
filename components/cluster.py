"""The cluster as one component."""

from __future__ import annotations

import pulumi

from components.backups.restore_check import check_restore
from components.changes.bootstrap_record import BootstrapRecord
from components.changes.immutable_settings import ImmutableSettings
from components.changes.staged_record import StagedRecord
from components.config.backup_settings import backup_summary, backup_target, short_deletion
from components.config.loading import ProviderAccess, digitalocean_access
from components.config.settings import Settings
from components.droplets.inventory import AccountState, Inventory
from components.droplets.preflight import Preflight
from components.etcd.cluster_client import ClusterClient
from components.identity.cluster_identity import identity_tag
from components.identity.stack_state import StackState
from components.infra.alerts import alert_policies
from components.infra.backup_bucket import backup_bucket
from components.infra.dns import DnsZone
from components.infra.network import ClusterNetwork, marker_tags, rollout_marker_tag
from components.infra.record_check import RecordCheck
from components.infra.scrape_config import scrape_config
from components.member import Member, MemberArgs
from components.orphans.hooks import Orphans
from components.orphans.stray_tags import remove_stray_tags, stray_tags, wanted_tags
from components.pki.authority import CertificateAuthority
from components.pki.expiry_warning import announce
from components.rollout.completion import Completion
from components.rollout.lockout import warn_of_lockout
from components.rollout.rollout import Rollout
from components.shared.ports import CLIENT_PORT
from components.userdata.size_check import check_user_data


class EtcdCluster(pulumi.ComponentResource):
    """An etcd cluster of TLS-secured members on DigitalOcean droplets.

    It registers:

    - for each member, a droplet, a data volume, a DNS record and certificates;
    - for the cluster, a VPC, tags, a firewall, a certificate authority, the operator's client certificate and, on
      request, the bucket for backups;
    - records of the settings, which reject an invalid change before any other resource changes;
    - gates, which let droplets be replaced one at a time.

    A run ends when every member is healthy over TLS.
    """

    endpoints: pulumi.Output[list[str]]
    """Client URLs, one for each member, such as ``https://etcd-server-1.example.com:2379``."""
    members: pulumi.Output[dict[str, str]]
    """IPv4 address of each member by name."""
    ca_certificate: pulumi.Output[str]
    """The certificates of all CAs that members trust, PEM."""
    client_certificate: pulumi.Output[str]
    """The operator's certificate, PEM."""
    client_key: pulumi.Output[str]
    """The operator's key, PEM; secret."""
    certificates: pulumi.Output[dict[str, str]]
    """Dates: when runs begin to renew certificates, by when one must have done so, and when the CA expires."""
    backups: str
    """A sentence that says where backups go and how often, or that there are none."""
    environment: pulumi.Output[dict[str, str]]
    """Environment variables for ``etcdctl``. The files that they name are those of docs and README."""
    prometheus_scrape_config: pulumi.Output[str]
    """YAML for Prometheus' ``scrape_config_files``. It names certificate files beside it."""

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the cluster. ``name`` is its tag, and the prefix of its resources' names."""
        check_user_data(name, settings)
        if warning := short_deletion(settings, settings.droplet_timeout_seconds):
            pulumi.log.warn(warning)
        super().__init__("etcd:index:EtcdCluster", name, None, opts)
        account = Inventory(settings, cluster_tag=name, access=digitalocean_access())
        known = pulumi.Output.all(account.state, account.stack).apply(
            lambda both: _ready_to_begin(name, settings, account.access, *both)
        )
        first = pulumi.ResourceOptions(parent=self, depends_on=known)
        immutable = ImmutableSettings(name, settings, account=account, opts=first)
        allowed = immutable.after_record(pulumi.ResourceOptions(parent=self))
        zone = DnsZone(immutable.zone, stack=account.stack, parent=self)
        authority = CertificateAuthority(name, settings, clock=account.clock, opts=allowed)
        client = ClusterClient(
            settings,
            account=account,
            ca_certificate=authority.bundle,
            operator_certificate=authority.operator.alone,
            operator_key=authority.operator.key,
        )
        # Its hook needs the operator's certificate, and must not wait for one that could not be issued.
        issued = pulumi.ResourceOptions(depends_on=[authority.operator.resource])
        staged = StagedRecord(
            name, settings, members=client, opts=pulumi.ResourceOptions.merge(allowed, issued)
        )
        child = staged.after_record(allowed)
        bootstrap = BootstrapRecord(name, size=settings.size, restore=settings.restore_from, opts=child)
        child = bootstrap.after_record(child)
        identity = bootstrap.identity.apply(lambda one: identity_tag(name, one))
        orphans = Orphans(
            settings, cluster=name, identity=bootstrap.identity, stack=account.stack, zone_id=zone.id
        )
        network = ClusterNetwork(name, settings, orphans=orphans, opts=child)
        records = RecordCheck(settings, name, zone_id=zone.id, existing=client.existing, stack=account.stack)
        preflight = Preflight(
            settings, existing=client.existing, access=account.access, check_records=records.check
        )
        rollout = Rollout(
            name, settings, members=client, preflight=preflight, zone=zone.state, version=staged.version
        )
        lockout = client.existing.apply(lambda names: warn_of_lockout(settings, client, names))
        policies = alert_policies(name, settings, network.cluster_tag.name, opts=child)
        urns = [network.vpc.urn, *(policy.urn for policy in policies)]
        rollout.settle(authority.operator.certificate, records.warnings, lockout, *urns)
        marker = rollout_marker_tag(name, settings.rollout, opts=child)
        args = MemberArgs(
            settings=settings,
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
            members.append(Member(name, number, args, previous=previous, opts=child))
        wanted = marker_tags(
            name, settings.size, [member.droplet for member in members], identity=identity, opts=child
        )
        healthy = Completion(rollout).gate(
            members,
            after=wanted,
            recorded=account.stack.apply(lambda stack: name in stack.healthy),
            opts=child,
        )

        self.endpoints = healthy.apply(lambda names: [f"https://{member}:{CLIENT_PORT}" for member in names])
        self.members = pulumi.Output.all(**{member.name: member.address for member in members})
        self.ca_certificate = authority.bundle
        self.client_certificate = authority.operator.certificate
        self.client_key = pulumi.Output.secret(authority.operator.key)
        self.certificates = announce(name, authority.renewal(), clock=account.clock, opts=child)
        self.backups = backup_summary(settings, backup_target(settings, cluster=name, region=settings.region))
        self.environment = self.endpoints.apply(etcdctl_environment)
        self.prometheus_scrape_config = healthy.apply(lambda names: scrape_config(name, names))
        self.register_outputs({"endpoints": self.endpoints, "members": self.members})


async def _ready_to_begin(
    name: str, settings: Settings, access: ProviderAccess, account: AccountState, stack: StackState
) -> list[pulumi.Resource]:
    """Dependencies that are no resources, but resolve when the run may begin.

    The backup to restore is there, and marker tags of no state are removed.
    """
    await check_restore(settings, name, stack)
    wanted = wanted_tags(name, settings, stack)
    await remove_stray_tags(access, stray_tags(name, account.unused_tags, known=stack.tags, wanted=wanted))
    return []


def etcdctl_environment(endpoints: list[str]) -> dict[str, str]:
    """Variables for etcdctl (https://etcd.io/docs/v3.6/op-guide/security/), with files in the working directory."""
    return {
        "ETCDCTL_ENDPOINTS": ",".join(endpoints),
        "ETCDCTL_CACERT": "ca.pem",
        "ETCDCTL_CERT": "client.pem",
        "ETCDCTL_KEY": "client-key.pem",
    }
