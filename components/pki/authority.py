"""The cluster's certificate authorities (CAs) and the certificates that they sign.

CAs are numbered generations. While one replaces another, members trust both. The newer CA's certificate, cross-signed
by the older CA, is appended to each certificate that the newer CA signs. So a client that trusts only the older CA can
still verify it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_tls as tls

from ..api.clock import ApiClock
from ..config.settings import Settings
from .clock_check import clock_hook
from .validity import Lifetime, Renewal, parse_time

Use = Literal["server_auth", "client_auth"]

SERVER_USES: tuple[Use, ...] = ("server_auth", "client_auth")
"""Both, because peers are on both sides, and etcd's gRPC gateway connects to its own port with this certificate."""
CLIENT_USES: tuple[Use, ...] = ("client_auth",)
AUTHORITY_USES = ("cert_signing", "crl_signing")
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
    resource: pulumi.Resource
    """The resource that signs the certificate."""


@dataclass(frozen=True)
class Generation:
    """One CA with its key and certificate. Each generation has a subject of its own."""

    number: int
    label: str
    subject: str
    key: tls.PrivateKey
    certificate: tls.SelfSignedCert


class CertificateAuthority(pulumi.ComponentResource):
    """The CAs that members trust, and the operator's client certificate."""

    bundle: pulumi.Output[str]
    """The certificates of all trusted CAs, PEM, ordered by number."""
    operator: Certificate
    """The client certificate for ``etcdctl`` and for the program's own health checks."""

    def __init__(
        self, name: str, settings: Settings, *, clock: ApiClock, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """``clock`` is known before the resources that ``opts`` depend on exist."""
        super().__init__("etcd:index:CertificateAuthority", name, None, opts)
        self._name = name
        self._settings = settings
        self._leaves: list[tls.LocallySignedCert] = []
        self._issuing = pulumi.ResourceHookBinding(before_create=[clock_hook(name, clock)])
        generations = {number: self._generation(number) for number in sorted(settings.authorities)}
        self._signer = generations[settings.authorities[0]]
        self.bundle = pulumi.Output.all(
            *(generation.certificate.cert_pem for generation in generations.values())
        ).apply("".join)
        self._appendix = [
            self._cross_signed(self._signer, other)
            for other in generations.values()
            if other.number < self._signer.number
        ]
        self.operator = self.issue("operator", "etcd-operator", CLIENT_USES, names=())
        self.register_outputs({"bundle": self.bundle})

    def issue(
        self,
        label: str,
        common_name: str,
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
        key = self._private_key(label)
        request = tls.CertRequest(
            f"{self._name}-{label}-request",
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name=common_name),
            dns_names=list(names) or None,
            ip_addresses=list(addresses) or None,
            opts=self._child(),
        )
        leaf = tls.LocallySignedCert(
            f"{self._name}-{label}",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=self._signer.key.private_key_pem,
            ca_cert_pem=self._signer.certificate.cert_pem,
            allowed_uses=["digital_signature", "key_encipherment", *uses],
            validity_period_hours=self._settings.certificate_validity_hours,
            early_renewal_hours=self._settings.certificate_renewal_hours,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after, hooks=self._issuing),
        )
        self._leaves.append(leaf)
        chain = pulumi.Output.all(leaf.cert_pem, *self._appendix).apply("".join)
        return Certificate(chain, leaf.cert_pem, key.private_key_pem, leaf)

    def renewal(self) -> pulumi.Output[Renewal]:
        """The dates by which the certificates issued so far must be renewed."""
        settings = self._settings

        def dates(times: Sequence[Sequence[str]]) -> Renewal:
            authority, *leaves = (Lifetime(parse_time(start), parse_time(end)) for start, end in times)
            return Renewal.of(
                leaves,
                authority,
                share=settings.certificate_renewal_hours / settings.certificate_validity_hours,
            )

        certificates = (self._signer.certificate, *self._leaves)
        return pulumi.Output.all(
            *(pulumi.Output.all(one.validity_start_time, one.validity_end_time) for one in certificates)
        ).apply(dates)

    def _generation(self, number: int) -> Generation:
        # The first generation keeps its names, because existing stacks have resources with them.
        label = "ca" if number == 1 else f"ca-{number}"
        subject = f"{self._name} CA" if number == 1 else f"{self._name} CA {number}"
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
        return Generation(number, label, subject, key, certificate)

    def _cross_signed(self, newer: Generation, older: Generation) -> pulumi.Output[str]:
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
