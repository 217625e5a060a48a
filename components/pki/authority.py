"""The cluster's certificate authorities (CAs) and the certificates that they sign.

CAs are numbered generations. While one replaces another, members trust both. The newer CA's certificate, cross-signed
by the older CA, is appended to each certificate that the newer CA signs. So a client that trusts only the older CA can
still verify it.

Each generation has a second CA for the certificates that members show each other, so that no client's certificate
opens the peer port. In clusters of older versions, one CA of a generation signs both, until another generation replaces
it: ``SharedAuthorities``. Peers' certificates have no cross-signed one appended: all members trust a generation before
it signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_tls as tls

from ..api.clock import ApiClock
from ..config.access_settings import OPERATOR, READER, ROOT
from ..config.settings import Settings
from .clock_check import clock_hook
from .validity import Lifetime, Renewal, parse_time

Use = Literal["server_auth", "client_auth"]

SERVER_USES: tuple[Use, ...] = ("server_auth", "client_auth")
"""Both, because peers are on both sides, and etcd's gRPC gateway connects to its own port with this certificate."""
CLIENT_USES: tuple[Use, ...] = ("client_auth",)
AUTHORITY_USES = ("cert_signing", "crl_signing")
LONGEST_NAME = 64
"""The most characters of a common name (RFC 5280, appendix A.1)."""
LOOPBACK = ("localhost",)
LOOPBACK_ADDRESSES = ("127.0.0.1",)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, both PEM."""

    certificate: pulumi.Output[str]
    """The certificate, followed by the cross-signed certificate of its CA while one replaces another."""
    alone: pulumi.Output[str]
    """The certificate only. A client must trust the CA that signed it."""
    key: pulumi.Output[str]
    """Secret."""
    resource: pulumi.CustomResource
    """The resource that signs the certificate."""


@dataclass(frozen=True)
class Authority:
    """One CA with its key and certificate. Each has a subject of its own."""

    label: str
    subject: str
    key: tls.PrivateKey
    certificate: tls.SelfSignedCert


@dataclass(frozen=True)
class Generation:
    """The two CAs with one number."""

    number: int
    clients: Authority
    """Signs what clients see and show."""
    peers: Authority
    """Signs what members show each other."""


def user_subject(name: str) -> tls.CertRequestSubjectArgs:
    """The subject of a certificate whose common name is, with authentication, the name of a user of etcd."""
    return tls.CertRequestSubjectArgs(common_name=name)


def no_user_subject(organization: str) -> tls.CertRequestSubjectArgs:
    """The subject of a certificate without a common name, in which etcd sees no user.

    etcd's JSON gateway answers no certificate that has one while clients must show certificates.
    """
    return tls.CertRequestSubjectArgs(organization=organization)


class CertificateAuthority(pulumi.ComponentResource):
    """The CAs that members trust, and the certificates of the operator, the program and the clients."""

    bundle: pulumi.Output[str]
    """The certificates of all CAs that the client port trusts, PEM, ordered by number."""
    peer_bundle: pulumi.Output[str]
    """The certificates of all CAs that the peer port trusts, PEM, ordered by number."""
    operator: Certificate
    """The client certificate for ``etcdctl`` and, without authentication, for the program's own requests."""
    reader: Certificate | None
    """The client certificate of the program's questions. It has no common name, and there is none without ``auth``."""
    management: Certificate | None
    """The client certificate of the user root, for the program's changes. There is none without ``auth``."""
    own_certificates: Sequence[pulumi.Resource]
    """The resources that sign the three."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        shared: pulumi.Output[Sequence[int]],
        clock: ApiClock,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """``clock`` is known before the resources that ``opts`` depend on exist.

        ``shared`` are the numbers of the generations whose first CA also signs the peers' certificates.
        """
        super().__init__("etcd:index:CertificateAuthority", name, None, opts)
        self._name = name
        self._settings = settings
        self._shared = shared
        self._leaves: list[tls.LocallySignedCert] = []
        self._issuing = pulumi.ResourceHookBinding(before_create=[clock_hook(name, clock)])
        generations = {number: self._generation(number) for number in sorted(settings.authorities)}
        self._signer = generations[settings.authorities[0]]
        self.bundle = pulumi.Output.all(
            *(generation.clients.certificate.cert_pem for generation in generations.values())
        ).apply("".join)
        self.peer_bundle = pulumi.Output.all(
            *(self._peer_authority(generation)[0] for generation in generations.values())
        ).apply("".join)
        self._appendix = [
            self._cross_signed(self._signer.clients, other.clients)
            for other in generations.values()
            if other.number < self._signer.number
        ]
        self.operator = self.issue("operator", user_subject(OPERATOR), CLIENT_USES, names=())
        self.reader = self.management = None
        if settings.auth is not None:
            self.reader = self.issue("reader", no_user_subject(READER), CLIENT_USES, names=())
            self.management = self.issue("management", user_subject(ROOT), CLIENT_USES, names=())
        self.own_certificates = [
            one.resource for one in (self.operator, self.reader, self.management) if one is not None
        ]
        self.register_outputs({"bundle": self.bundle})

    def issue_clients(
        self, *, after: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]]]
    ) -> Mapping[str, Certificate]:
        """Issue the certificates of the configured clients. Returns them by the clients' names."""
        # Cluster names have no dots, so no other cluster's certificate can have such a name, as with a hyphen.
        return {
            client.name: self.issue(
                f"client.{client.name}", user_subject(client.name), CLIENT_USES, names=(), after=after
            )
            for client in self._settings.clients
        }

    def issue(
        self,
        label: str,
        subject: tls.CertRequestSubjectArgs,
        uses: Sequence[Use],
        *,
        names: Sequence[str],
        addresses: Sequence[str] = (),
        after: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]]] = (),
    ) -> Certificate:
        """Issue a certificate with a key of its own. A run inside its renewal window renews it.

        ``names`` and ``addresses`` are its subject alternative names. A droplet's own address is never one of them,
        because it becomes known only after the user data that contains the certificate. The certificate is signed
        after the resources of ``after`` exist.
        """
        authority = self._signer.clients
        leaf, key = self._leaf(
            label,
            subject,
            uses,
            names=names,
            addresses=addresses,
            signer=(authority.certificate.cert_pem, authority.key.private_key_pem),
            after=after,
        )
        chain = pulumi.Output.all(leaf.cert_pem, *self._appendix).apply("".join)
        return Certificate(chain, leaf.cert_pem, key.private_key_pem, leaf)

    def issue_peer(
        self,
        label: str,
        subject: tls.CertRequestSubjectArgs,
        *,
        names: Sequence[str],
        addresses: Sequence[str] = (),
        after: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]]] = (),
    ) -> Certificate:
        """Issue the certificate that a member shows other members. All else is as with ``issue``."""
        leaf, key = self._leaf(
            label,
            subject,
            SERVER_USES,
            names=names,
            addresses=addresses,
            signer=self._peer_authority(self._signer),
            after=after,
        )
        return Certificate(leaf.cert_pem, leaf.cert_pem, key.private_key_pem, leaf)

    def _leaf(
        self,
        label: str,
        subject: tls.CertRequestSubjectArgs,
        uses: Sequence[Use],
        *,
        names: Sequence[str],
        addresses: Sequence[str],
        signer: tuple[pulumi.Output[str], pulumi.Output[str]],
        after: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]]],
    ) -> tuple[tls.LocallySignedCert, tls.PrivateKey]:
        """A certificate and its key. ``signer`` is the CA's certificate and key."""
        key = self._private_key(label)
        request = tls.CertRequest(
            f"{self._name}-{label}-request",
            private_key_pem=key.private_key_pem,
            subject=subject,
            dns_names=list(names) or None,
            ip_addresses=list(addresses) or None,
            opts=self._child(),
        )
        certificate, signing_key = signer
        leaf = tls.LocallySignedCert(
            f"{self._name}-{label}",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=signing_key,
            ca_cert_pem=certificate,
            allowed_uses=["digital_signature", "key_encipherment", *uses],
            validity_period_hours=self._settings.certificate_validity_hours,
            early_renewal_hours=self._settings.certificate_renewal_hours,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after, hooks=self._issuing),
        )
        self._leaves.append(leaf)
        return leaf, key

    def _peer_authority(self, generation: Generation) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Certificate and key of the CA that signs the peers' certificates of a generation.

        A preview knows them even if it creates the other CA.
        """

        def chosen(numbers: Sequence[int]) -> Authority:
            return generation.clients if generation.number in numbers else generation.peers

        return (
            self._shared.apply(lambda numbers: chosen(numbers).certificate.cert_pem),
            self._shared.apply(lambda numbers: chosen(numbers).key.private_key_pem),
        )

    def renewal(self) -> pulumi.Output[Renewal]:
        """The dates by which the certificates issued so far must be renewed."""
        settings = self._settings
        authorities = (self._signer.clients.certificate, self._signer.peers.certificate)

        def dates(times: Sequence[Sequence[str]]) -> Renewal:
            lifetimes = [Lifetime(parse_time(start), parse_time(end)) for start, end in times]
            return Renewal.of(
                lifetimes[len(authorities) :],
                lifetimes[: len(authorities)],
                share=settings.certificate_renewal_hours / settings.certificate_validity_hours,
            )

        async def issued() -> list[tls.LocallySignedCert]:
            # With --exclude, a new certificate may be left out. What depends on it would make the state invalid.
            preview = pulumi.runtime.is_dry_run()
            return [leaf for leaf in self._leaves if preview or await leaf.id.is_known()]

        def of(leaves: Sequence[tls.LocallySignedCert]) -> pulumi.Output[Renewal]:
            return pulumi.Output.all(
                *(
                    pulumi.Output.all(one.validity_start_time, one.validity_end_time)
                    for one in (*authorities, *leaves)
                )
            ).apply(dates)

        return pulumi.Output.from_input(issued()).apply(of)

    def _generation(self, number: int) -> Generation:
        # The first generation keeps its names, because existing stacks have resources with them.
        suffix = "" if number == 1 else f"-{number}"
        words = "" if number == 1 else f" {number}"
        # Clusters exist with the subject of the clients' CA, whatever its length, and would not trust another.
        clients = self._authority(f"ca{suffix}", f"{self._name} CA{words}")
        # A cluster called NAME-peer has a CA NAME-peer-ca.
        peers = self._authority(f"ca-peer{suffix}", shortened(self._name, f" peer CA{words}"))
        return Generation(number, clients, peers)

    def _authority(self, label: str, subject: str) -> Authority:
        key = self._private_key(label)
        certificate = tls.SelfSignedCert(
            f"{self._name}-{label}",
            private_key_pem=key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(common_name=subject),
            is_ca_certificate=True,
            allowed_uses=list(AUTHORITY_USES),
            validity_period_hours=self._settings.ca_validity_hours,
            opts=pulumi.ResourceOptions(parent=self, hooks=self._issuing),
        )
        return Authority(label, subject, key, certificate)

    def _cross_signed(self, newer: Authority, older: Authority) -> pulumi.Output[str]:
        """Cross-sign the newer CA's certificate by the older CA (RFC 5280, section 3.2)."""
        label = f"{newer.label}-by-{older.label}"
        request = tls.CertRequest(
            f"{self._name}-{label}-request",
            private_key_pem=newer.key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name=newer.subject),
            opts=self._child(),
        )
        crossed = tls.LocallySignedCert(
            f"{self._name}-{label}",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=older.key.private_key_pem,
            ca_cert_pem=older.certificate.cert_pem,
            is_ca_certificate=True,
            allowed_uses=list(AUTHORITY_USES),
            validity_period_hours=self._settings.ca_validity_hours,
            opts=pulumi.ResourceOptions(parent=self, hooks=self._issuing),
        )
        return crossed.cert_pem

    def _private_key(self, label: str) -> tls.PrivateKey:
        return tls.PrivateKey(
            f"{self._name}-{label}-key", algorithm="ECDSA", ecdsa_curve="P256", opts=self._child()
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def shortened(name: str, end: str) -> str:
    """A common name that ends with ``end``, after as much of ``name`` as it has room for."""
    return name[: LONGEST_NAME - len(end)] + end
