"""One member: droplet, data volume, DNS record, and its own server and peer certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_digitalocean as digitalocean

from .arguments.types import MemberOutput
from .changes.bootstrap_record import BootstrapRecord
from .changes.staged_record import StagedRecord
from .config.settings import Settings
from .config.values import is_address
from .identity.stack_state import RECORD_TYPE
from .infra.dns import DnsRecord, DnsZone
from .infra.network import ClusterNetwork
from .orphans.hooks import Orphans, with_orphan_removal
from .pki.authority import (
    LOOPBACK,
    LOOPBACK_ADDRESSES,
    SERVER_USES,
    CertificateAuthority,
    no_user_subject,
    user_subject,
)
from .rollout.gate import Gate, GateArgs, digest
from .rollout.rollout import Rollout
from .shared.names import VOLUME_LABEL
from .userdata.node_config import MemberCertificates, RunValues, node_config
from .userdata.render import render_user_data
from .userdata.size_check import advice_to_shorten


@dataclass(frozen=True)
class MemberArgs:
    """What all members of a cluster have in common."""

    settings: Settings
    """The stack's settings."""
    resolved: pulumi.Output[Settings]
    """The same settings, with the values that come from other resources."""
    ssh_keys: pulumi.Input[Sequence[str]]
    """The SSH keys that may log in as root."""
    zone: DnsZone
    """The Cloudflare zone that the DNS records are in, if there are any."""
    bootstrap: BootstrapRecord
    """The token and the initial size of the cluster."""
    staged: StagedRecord
    """The version of etcd that droplets install."""
    network: ClusterNetwork
    """The VPC and the tag of the droplets."""
    orphans: Orphans
    """Deletes what an interrupted run has left, before a volume or a record is created."""
    authority: CertificateAuthority
    """Issues the members' certificates."""
    rollout: Rollout
    """What the members' gates share."""
    identity: pulumi.Output[str]
    """The tag that droplets and volumes of this cluster have, and those of no other cluster."""
    required: Sequence[pulumi.Resource]
    """Resources that must exist before any droplet."""


class Member(pulumi.ComponentResource):
    """A member of the cluster. Its droplet is replaced only after its gate has opened."""

    name: str
    """The member's name, which is also the droplet's hostname and the DNS record's name."""
    address: pulumi.Output[str]
    """The IPv4 address that members and clients use."""
    droplet: digitalocean.Droplet
    """The member's droplet."""
    record: DnsRecord | None
    """The member's DNS record. There is none without a zone."""
    replaced_by: pulumi.Output[str]
    """The digest of all inputs whose change replaces the droplet."""

    def __init__(
        self,
        cluster: str,
        number: int,
        args: MemberArgs,
        *,
        previous: Member | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register member ``number``, counted from 1. ``previous`` is the member with the number before."""
        label = f"{cluster}-{number}"
        super().__init__("etcd:index:Member", label, None, opts)
        settings = args.settings
        self.name = settings.member_names[number - 1]
        child = pulumi.ResourceOptions(parent=self)

        volume = self._volume(label, args) if settings.volume_size else None
        if volume is not None:
            args.rollout.settle(volume.urn)
        replacing: dict[str, Any] = {
            "image": settings.image,
            "region": settings.region,
            "size": settings.droplet_size,
            "ssh_keys": args.ssh_keys,
            "vpc_uuid": args.network.vpc_id,
            "user_data": self._user_data(cluster, number, args),
        }
        self.replaced_by = digest(replacing)
        gate = Gate(
            args.rollout,
            GateArgs(
                member=self.name,
                number=number,
                replaced_by=self.replaced_by,
                previous=previous,
                required=args.required,
                # The resources' own URNs resolve only after the gate.
                droplet_urn=pulumi.create_urn(label, "digitalocean:index/droplet:Droplet", parent=self),
                record_urn=pulumi.create_urn(label, RECORD_TYPE, parent=self)
                if settings.has_records
                else pulumi.Output.from_input(""),
            ),
            opts=child,
        )
        self.gate = gate.record
        self.droplet = digitalocean.Droplet(
            label,
            name=self.name,
            **replacing,
            monitoring=True,
            graceful_shutdown=True,
            tags=[args.network.cluster_tag.name, args.identity],
            volume_ids=None if volume is None else [volume.id],
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                # A resize is a hard power-off, which no member can block. A replacement is an orderly shutdown.
                replace_on_changes=["size"],
                depends_on=gate.dependencies(args.required),
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{settings.creation_timeout_seconds}s",
                    delete=f"{settings.droplet_timeout_seconds}s",
                ),
                hooks=pulumi.ResourceHookBinding(before_create=[gate.preview_hook(), gate.orphan_hook()]),
            ),
        )
        public = settings.addresses == "public"
        self.address = self.droplet.ipv4_address if public else self.droplet.ipv4_address_private
        self.record = self._record(label, args) if settings.has_records else None
        args.rollout.add_member(
            self.name, gate=gate.record, droplet=self.droplet, record=self.record or self.droplet
        )
        # The engine deletes a droplet within the limit that the state has, not within that of the settings.
        limit = self.droplet.urn.apply(lambda _: settings.droplet_timeout_seconds)
        self.register_outputs({"name": self.name, "address": self.address, "deleteTimeout": limit})

    def output(self) -> MemberOutput:
        """The member, for other resources of the caller's program."""
        return {
            "name": self.name,
            "address": self.address,
            "public": self.droplet.ipv4_address,
            "private": self.droplet.ipv4_address_private,
            "droplet": self.droplet.id,
            "urn": self.droplet.droplet_urn,
        }

    def _record(self, label: str, args: MemberArgs) -> DnsRecord:
        address = args.zone.address(self.name, self.address)
        after_droplet = pulumi.ResourceOptions(parent=self, depends_on=[self.droplet])
        return DnsRecord(
            label,
            zone_id=args.zone.id,
            name=self.name,
            address=args.rollout.when_records_may_change().apply(lambda _: address),
            comment=args.zone.comment(self.name, args.orphans.comment),
            opts=args.orphans.kept_record(after_droplet, label, self.name),
        )

    def _volume(self, label: str, args: MemberArgs) -> digitalocean.Volume:
        description = f"etcd data of {self.name}"
        blank = args.orphans.volume(label, description)
        # A change of these would replace the volume by an empty one. They are unknown after a pulumi import.
        keeping = pulumi.ResourceOptions(
            parent=self, ignore_changes=["description", "initial_filesystem_type", "initial_filesystem_label"]
        )
        return digitalocean.Volume(
            label,
            name=label,
            region=args.settings.region,
            size=args.settings.volume_size,
            description=description,
            initial_filesystem_type="ext4",
            initial_filesystem_label=VOLUME_LABEL,
            tags=[args.identity],
            opts=with_orphan_removal(keeping, f"{label}-volume", blank),
        )

    def _user_data(self, cluster: str, number: int, args: MemberArgs) -> pulumi.Output[str]:
        authority, settings = args.authority, args.settings
        # With authentication, requests without a user must not get that of the member whose certificate etcd's gateway
        # shows. So no common name is in it.
        subject = user_subject(self.name) if settings.auth is None else no_user_subject(self.name)
        extra = [one for one in settings.extra_names if not is_address(one)]
        server = authority.issue(
            f"{number}-server",
            subject,
            SERVER_USES,
            names=[self.name, *LOOPBACK, *extra],
            addresses=[*LOOPBACK_ADDRESSES, *(one for one in settings.extra_names if one not in extra)],
            after=args.staged.allowed,
        )
        peer = authority.issue_peer(
            f"{number}-peer",
            subject,
            names=[self.name, *LOOPBACK],
            addresses=LOOPBACK_ADDRESSES,
            after=args.staged.allowed,
        )
        for certificate in (server, peer):
            args.rollout.settle(certificate.resource.urn)
        texts: dict[str, pulumi.Input[str]] = {
            "ca_certificate": authority.bundle,
            "server_certificate": server.certificate,
            "server_key": server.key,
            "peer_ca_certificate": authority.peer_bundle,
            "peer_certificate": peer.certificate,
            "peer_key": peer.key,
        }
        if authority.management is not None:
            # Members trust its CA before it signs, so they need no cross-signed certificate.
            texts["management_certificate"] = authority.management.alone
            texts["management_key"] = authority.management.key
        certificates = pulumi.Output.all(**texts).apply(lambda known: MemberCertificates(**known))
        run_values = pulumi.Output.all(
            token=args.bootstrap.token,
            initial_size=args.bootstrap.size,
            restore=args.bootstrap.restore,
            version=args.staged.release["version"],
            release_url=args.staged.release["release_url"],
            release_sha256=args.staged.release["release_sha256"],
            # Not the tag's output: the engine would delete all droplets at once with a tag that it replaces.
            tag=cluster,
            certificates=certificates,
        ).apply(lambda values: RunValues(**values))

        def render(known: Sequence[Any]) -> str:
            settings, values = known
            config = node_config(settings, number, f"{cluster}-{number}", values)
            # A value that only the run knows may be longer than the one that was checked in its place.
            return render_user_data(config, advice_to_shorten(settings))

        return pulumi.Output.secret(pulumi.Output.all(args.resolved, run_values).apply(render))
