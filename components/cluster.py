"""The cluster as one component."""

# No "from __future__ import annotations" here: Pulumi's analyzer reads annotations that are evaluated.
from collections.abc import Mapping, Sequence

import pulumi

from .access.enforcement import enforce_access
from .api.accounts import argument_names, explicit_packages
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
from .config.authentication_holes import authentication_warning
from .config.backup_settings import backup_summary, backup_target, short_deletion
from .config.naming import ConfigNames, named_by, names, told_names
from .config.running_clusters import (
    RunningCluster,
    refuse_shared_names,
    reporting_failure,
    running,
)
from .identity.ownership import Component
from .infra.protection import protect_from_destroy
from .infra.scrape_config import scrape_config
from .members import register_members
from .pki.expiry_warning import announce
from .prerequisites import register_prerequisites
from .run_log import log
from .run_log.cluster_report import reported_cluster
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
        before = register_prerequisites(name, arguments, component, parent=self, depends_on=opts.depends_on)
        members = register_members(name, arguments, before)
        accessible = enforce_access(
            name,
            settings,
            before.client,
            certificates=before.clients,
            stack=before.account.stack,
            completed=members.healthy,
            opts=before.after,
        )
        # Clients that take the endpoints find their users there.
        self.endpoints = reported_cluster(
            name,
            settings.member_names,
            pulumi.Output.all(members.healthy, accessible).apply(
                lambda known: [f"https://{one}:{CLIENT_PORT}" for one in known[0]]
            ),
        )
        self.members = [member.output() for member in members.all]
        self.ca_certificate = before.authority.bundle
        self.client_certificate = before.authority.operator.certificate
        self.client_key = pulumi.Output.secret(before.authority.operator.key)
        self.clients = {
            client: {"certificate": one.certificate, "key": pulumi.Output.secret(one.key)}
            for client, one in before.clients.items()
        }
        self.certificates = announce(
            name, before.authority.renewal(), clock=before.account.clock, opts=before.after
        )
        self.backups = backup_summary(settings, backup_target(settings, cluster=name, region=settings.region))
        self.environment = self.endpoints.apply(etcdctl_environment)
        self.prometheus_scrape_config = members.healthy.apply(
            lambda all_names: scrape_config(name, all_names)
        )
        outputs: dict[str, pulumi.Input[object]] = {
            "endpoints": self.endpoints,
            "members": {member.name: member.address for member in members.all},
        }
        self.register_outputs(outputs if component is None else {**outputs, "clusterName": name})


def etcdctl_environment(endpoints: Sequence[str]) -> dict[str, str]:
    """Variables for etcdctl (https://etcd.io/docs/v3.6/op-guide/security/), with files in the working directory."""
    return {
        "ETCDCTL_ENDPOINTS": ",".join(endpoints),
        "ETCDCTL_CACERT": "ca.pem",
        "ETCDCTL_CERT": "client.pem",
        "ETCDCTL_KEY": "client-key.pem",
    }
