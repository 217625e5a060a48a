"""The cluster's certificate authority and the certificates that it signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_tls as tls

from components.settings import Settings

Use = Literal["server_auth", "client_auth"]

SERVER_USES: tuple[Use, ...] = ("server_auth", "client_auth")
"""etcd's gRPC gateway dials its own client port with the server certificate, and peers are both sides."""
CLIENT_USES: tuple[Use, ...] = ("client_auth",)
LOOPBACK = ("localhost",)
LOOPBACK_ADDRESSES = ("127.0.0.1",)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, both PEM."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]
    """Secret."""


class CertificateAuthority(pulumi.ComponentResource):
    """A CA that outlives its leaves, and the operator's client certificate."""

    certificate: pulumi.Output[str]
    """The CA certificate, PEM."""
    operator: Certificate
    """For ``etcdctl`` and for the program's own health checks."""

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("etcd:index:CertificateAuthority", name, None, opts)
        self._name = name
        self._settings = settings
        self._key = self._private_key("ca")
        authority = tls.SelfSignedCert(
            f"{name}-ca",
            private_key_pem=self._key.private_key_pem,
            subject={"common_name": f"{name} CA"},
            is_ca_certificate=True,
            allowed_uses=["cert_signing", "crl_signing"],
            validity_period_hours=settings.ca_validity_hours,
            opts=self._child(),
        )
        self.certificate = authority.cert_pem
        self.operator = self.issue("operator", "etcd-operator", CLIENT_USES, names=())
        self.register_outputs({"certificate": self.certificate})

    def issue(
        self,
        label: str,
        common_name: str,
        uses: Sequence[Use],
        names: Sequence[str],
        addresses: Sequence[str] = (),
    ) -> Certificate:
        """A leaf certificate with a key of its own, renewed by any run inside its renewal window.

        ``names`` and ``addresses`` are its subject alternative names. A droplet's own address is never among
        them: it is known only after the user data that carries the certificate.
        """
        key = self._private_key(label)
        request = tls.CertRequest(
            f"{self._name}-{label}-request",
            private_key_pem=key.private_key_pem,
            subject={"common_name": common_name},
            dns_names=list(names) or None,
            ip_addresses=list(addresses) or None,
            opts=self._child(),
        )
        leaf = tls.LocallySignedCert(
            f"{self._name}-{label}",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=self._key.private_key_pem,
            ca_cert_pem=self.certificate,
            allowed_uses=["digital_signature", "key_encipherment", *uses],
            validity_period_hours=self._settings.certificate_validity_hours,
            early_renewal_hours=self._settings.certificate_renewal_hours,
            opts=self._child(),
        )
        return Certificate(leaf.cert_pem, key.private_key_pem)

    def _private_key(self, label: str) -> tls.PrivateKey:
        return tls.PrivateKey(
            f"{self._name}-{label}-key", algorithm="ECDSA", ecdsa_curve="P256", opts=self._child()
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
