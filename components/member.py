"""One member: droplet, data volume, DNS record, and its own server and peer certificates."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare
import pulumi_digitalocean as digitalocean

from components.certificates import (
    LOOPBACK,
    LOOPBACK_ADDRESSES,
    SERVER_USES,
    Certificate,
    CertificateAuthority,
)
from components.founding import Founding
from components.network import SHARED_TAG, ClusterNetwork
from components.rollout import Rollout, digest
from components.settings import Settings
from components.user_data import NodeConfig, render_user_data

RECORD_TTL = 60
VOLUME_LABEL = "etcd-data"
DELETE_TIMEOUT = "5m"
"""A graceful shutdown, the detaching of a volume and the deletion together; the provider's default is one minute."""


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
        zone_id: pulumi.Input[str],
        founding: Founding,
        network: ClusterNetwork,
        authority: CertificateAuthority,
        rollout: Rollout,
        opts: pulumi.ResourceOptions,
    ) -> None:
        label = f"{cluster}-{number}"
        super().__init__("etcd:index:Member", label, None, opts)
        self.name = settings.member_names[number - 1]
        child = pulumi.ResourceOptions(parent=self)

        volume = None if settings.volume_size == 0 else self._volume(label, settings)
        user_data = self._user_data(label, settings, founding, network, authority)
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
            tags=[SHARED_TAG, network.cluster_tag.name],
            volume_ids=None if volume is None else [volume.id],
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                depends_on=founding.unless_founding(gate, always=[network.firewall]),
                custom_timeouts=pulumi.CustomTimeouts(delete=DELETE_TIMEOUT),
            ),
        )
        public = settings.addresses == "public"
        self.address = self.droplet.ipv4_address if public else self.droplet.ipv4_address_private
        rollout.passed(self.droplet)
        cloudflare.DnsRecord(
            label,
            zone_id=zone_id,
            name=self.name,
            type="A",
            content=self.address,
            ttl=RECORD_TTL,
            proxied=False,
            comment=f"etcd cluster {cluster}",
            opts=child,
        )
        self.register_outputs({"name": self.name, "address": self.address})

    def _volume(self, label: str, settings: Settings) -> digitalocean.Volume:
        return digitalocean.Volume(
            label,
            name=label,
            region=settings.region,
            size=settings.volume_size,
            description=f"etcd data of {self.name}",
            initial_filesystem_type="ext4",
            initial_filesystem_label=VOLUME_LABEL,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _user_data(
        self,
        label: str,
        settings: Settings,
        founding: Founding,
        network: ClusterNetwork,
        authority: CertificateAuthority,
    ) -> pulumi.Output[str]:
        def issue(kind: str) -> Certificate:
            return authority.issue(
                f"{label}-{kind}",
                self.name,
                SERVER_USES,
                names=[self.name, *LOOPBACK],
                addresses=LOOPBACK_ADDRESSES,
            )

        server, peer = issue("server"), issue("peer")

        def render(values: dict[str, Any]) -> str:
            return render_user_data(NodeConfig(name=self.name))

        return pulumi.Output.secret(
            pulumi.Output.all(
                token=founding.token,
                size=founding.size,
                tag=network.cluster_tag.name,
                ca=authority.certificate,
                server=server.certificate,
                server_key=server.key,
                peer=peer.certificate,
                peer_key=peer.key,
            ).apply(render)
        )
