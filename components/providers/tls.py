"""The TLS provider's resources that a cluster needs.

They are the provider's own, asked for by their names. ``import pulumi_tls`` would take 0.06 s, in every run; the
package is installed all the same, and its version is the provider's. Inputs and outputs:
https://www.pulumi.com/registry/packages/tls/api-docs/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import pulumi

VERSION = version("pulumi-tls")


class PrivateKey(pulumi.CustomResource):
    """An ECDSA key on the curve P-256."""

    def __init__(self, resource_name: str, *, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            "tls:index/privateKey:PrivateKey",
            resource_name,
            {"algorithm": "ECDSA", "ecdsaCurve": "P256", "privateKeyPem": None},
            _completed(opts, secrets=["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"]),
        )

    @property
    def private_key_pem(self) -> pulumi.Output[str]:
        """The key, PEM. Secret."""
        return self.__dict__["privateKeyPem"]


class CertRequest(pulumi.CustomResource):
    """A certificate signing request."""

    def __init__(
        self,
        resource_name: str,
        *,
        private_key_pem: pulumi.Input[str],
        common_name: str,
        dns_names: Sequence[str] = (),
        ip_addresses: Sequence[str] = (),
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__(
            "tls:index/certRequest:CertRequest",
            resource_name,
            {
                "privateKeyPem": pulumi.Output.secret(private_key_pem),
                "subject": {"commonName": common_name},
                "dnsNames": list(dns_names) or None,
                "ipAddresses": list(ip_addresses) or None,
                "certRequestPem": None,
            },
            _completed(opts, secrets=["privateKeyPem", "privateKeyPemWo"]),
        )

    @property
    def cert_request_pem(self) -> pulumi.Output[str]:
        """The request, PEM."""
        return self.__dict__["certRequestPem"]


class _Certificate(pulumi.CustomResource):
    @property
    def cert_pem(self) -> pulumi.Output[str]:
        """The certificate, PEM."""
        return self.__dict__["certPem"]

    @property
    def validity_start_time(self) -> pulumi.Output[str]:
        """When it begins to be valid, RFC 3339."""
        return self.__dict__["validityStartTime"]

    @property
    def validity_end_time(self) -> pulumi.Output[str]:
        """When it ends, RFC 3339."""
        return self.__dict__["validityEndTime"]


class SelfSignedCert(_Certificate):
    """The certificate of a certificate authority."""

    def __init__(
        self,
        resource_name: str,
        *,
        private_key_pem: pulumi.Input[str],
        common_name: str,
        allowed_uses: Sequence[str],
        validity_period_hours: int,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__(
            "tls:index/selfSignedCert:SelfSignedCert",
            resource_name,
            {
                "privateKeyPem": pulumi.Output.secret(private_key_pem),
                "subject": {"commonName": common_name},
                "isCaCertificate": True,
                "allowedUses": list(allowed_uses),
                "validityPeriodHours": validity_period_hours,
                **_OUTPUTS,
            },
            _completed(opts, secrets=["privateKeyPem", "privateKeyPemWo"]),
        )


class LocallySignedCert(_Certificate):
    """A certificate that a certificate authority signs."""

    def __init__(
        self,
        resource_name: str,
        *,
        cert_request_pem: pulumi.Input[str],
        ca_private_key_pem: pulumi.Input[str],
        ca_cert_pem: pulumi.Input[str],
        allowed_uses: Sequence[str],
        validity_period_hours: int,
        early_renewal_hours: int | None = None,
        is_ca_certificate: bool | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register it. A run inside its last ``early_renewal_hours`` makes it anew; without them none does."""
        super().__init__(
            "tls:index/locallySignedCert:LocallySignedCert",
            resource_name,
            {
                "certRequestPem": cert_request_pem,
                "caPrivateKeyPem": pulumi.Output.secret(ca_private_key_pem),
                "caCertPem": ca_cert_pem,
                "allowedUses": list(allowed_uses),
                "validityPeriodHours": validity_period_hours,
                "earlyRenewalHours": early_renewal_hours,
                "isCaCertificate": is_ca_certificate,
                **_OUTPUTS,
            },
            _completed(opts, secrets=["caPrivateKeyPem", "caPrivateKeyPemWo"]),
        )


# Outputs alone; Pulumi keeps those that it was told of.
_OUTPUTS: Mapping[str, None] = {"certPem": None, "validityStartTime": None, "validityEndTime": None}


def _completed(opts: pulumi.ResourceOptions, secrets: list[str]) -> pulumi.ResourceOptions:
    """As the provider's SDK does it: with its version, and with ``secrets`` encrypted in the state."""
    own = pulumi.ResourceOptions(version=VERSION, additional_secret_outputs=secrets)
    return pulumi.ResourceOptions.merge(opts, own)
