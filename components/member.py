"""One member: droplet, data volume, DNS record, and its own server and peer certificates."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_digitalocean as digitalocean

from components.changes.bootstrap_record import BootstrapRecord
from components.changes.staged_record import StagedRecord
from components.config.settings import Settings
from components.infra.dns import DnsRecord
from components.infra.network import ClusterNetwork
from components.orphans.hooks import Orphans, clearing
from components.pki.authority import (
    LOOPBACK,
    LOOPBACK_ADDRESSES,
    SERVER_USES,
    Certificate,
    CertificateAuthority,
)
from components.rollout.gates import Rollout, digest
from components.userdata.node_config import MemberCertificates, RunValues, node_config
from components.userdata.render import render_user_data

VOLUME_LABEL = "etcd-data"


class Member(pulumi.ComponentResource):
    """A member of the cluster. Its droplet is replaced only when its gate lets it."""

    name: str
    """The member's name, which is also the droplet's hostname and the record's name."""
    address: pulumi.Output[str]
    """The IPv4 address that members and clients use."""
    droplet: digitalocean.Droplet

    def __init__(
        self,
        cluster: str,
        number: int,
        *,
        settings: Settings,
        zone_id: pulumi.Output[str],
        founding: BootstrapRecord,
        steps: StagedRecord,
        network: ClusterNetwork,
        leftovers: Orphans,
        authority: CertificateAuthority,
        rollout: Rollout,
        always: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register it; ``always`` must exist before its droplet."""
        label = f"{cluster}-{number}"
        super().__init__("etcd:index:Member", label, None, opts)
        self.name = settings.member_names[number - 1]
        child = pulumi.ResourceOptions(parent=self)

        volume = None if settings.volume_size == 0 else self._volume(label, settings, leftovers)
        user_data = self._user_data(
            number,
            label,
            settings=settings,
            founding=founding,
            steps=steps,
            network=network,
            authority=authority,
        )
        gate = rollout.gate(
            self.name,
            digest(
                {
                    "image": settings.image,
                    "region": settings.region,
                    "size": settings.droplet_size,
                    "ssh_keys": list(settings.ssh_keys),
                    "vpc_uuid": network.vpc.id,
                    "user_data": user_data,
                }
            ),
            # Their own URNs are known only once the gate has let them pass.
            droplet_urn=pulumi.create_urn(label, "digitalocean:index/droplet:Droplet", parent=self),
            record_urn=pulumi.create_urn(label, "cloudflare:index/dnsRecord:DnsRecord", parent=self),
            opts=child,
        )
        self.droplet = digitalocean.Droplet(
            label,
            name=self.name,
            image=settings.image,
            region=settings.region,
            size=settings.droplet_size,
            ssh_keys=list(settings.ssh_keys),
            vpc_uuid=network.vpc.id,
            user_data=user_data,
            monitoring=True,
            graceful_shutdown=True,
            tags=[network.cluster_tag.name],
            volume_ids=None if volume is None else [volume.id],
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                # A resize is a hard power-off, which no member can refuse. A replacement shuts down in an orderly way.
                replace_on_changes=["size"],
                depends_on=rollout.conditions(self.name, gate, always=always),
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{settings.creation_timeout_seconds}s",
                    delete=f"{settings.droplet_timeout_seconds}s",
                ),
                hooks=pulumi.ResourceHookBinding(before_create=[rollout.orphan_hook(self.name)]),
            ),
        )
        public = settings.addresses == "public"
        self.address = self.droplet.ipv4_address if public else self.droplet.ipv4_address_private
        rollout.passed(self.name, gate, self.droplet)
        comment = f"etcd cluster {cluster}"
        DnsRecord(
            label,
            zone_id=zone_id,
            name=self.name,
            address=self.address,
            comment=comment,
            opts=clearing(child, f"{label}-record", leftovers.record(self.name, comment)),
        )
        self.register_outputs({"name": self.name, "address": self.address})

    def _volume(self, label: str, settings: Settings, leftovers: Orphans) -> digitalocean.Volume:
        description = f"etcd data of {self.name}"
        blank = leftovers.volume(label, description)
        return digitalocean.Volume(
            label,
            name=label,
            region=settings.region,
            size=settings.volume_size,
            description=description,
            initial_filesystem_type="ext4",
            initial_filesystem_label=VOLUME_LABEL,
            opts=clearing(pulumi.ResourceOptions(parent=self), f"{label}-volume", blank),
        )

    def _user_data(
        self,
        number: int,
        label: str,
        *,
        settings: Settings,
        founding: BootstrapRecord,
        steps: StagedRecord,
        network: ClusterNetwork,
        authority: CertificateAuthority,
    ) -> pulumi.Output[str]:
        def issue(kind: str) -> Certificate:
            return authority.issue(
                f"{number}-{kind}",
                self.name,
                SERVER_USES,
                names=[self.name, *LOOPBACK],
                addresses=LOOPBACK_ADDRESSES,
                after=[steps.record],
            )

        server, peer = issue("server"), issue("peer")

        certificates = pulumi.Output.all(
            ca_certificate=authority.bundle,
            server_certificate=server.certificate,
            server_key=server.key,
            peer_certificate=peer.certificate,
            peer_key=peer.key,
        ).apply(lambda texts: MemberCertificates(**texts))
        run_values = pulumi.Output.all(
            token=founding.token,
            initial_size=founding.size,
            restore=founding.restore,
            version=steps.release["version"],
            release_url=steps.release["release_url"],
            release_sha256=steps.release["release_sha256"],
            tag=network.cluster_tag.name,
            certificates=certificates,
        ).apply(lambda values: RunValues(**values))

        def render(values: RunValues) -> str:
            return render_user_data(node_config(settings, number, label, values))

        return pulumi.Output.secret(run_values.apply(render))
