"""What self-signed and locally signed certificates have in common."""

from __future__ import annotations

import hashlib
import secrets
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.schema import Field, Shape
from localcloud.plugins.tls import keys, renewal
from localcloud.plugins.tls.offline import OfflineResource
from localcloud.plugins.values import UNKNOWN, Properties

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

FIELDS = {
    "allowedUses": Field(shape=Shape.LIST, required=True, replace=True),
    "validityPeriodHours": Field(required=True, replace=True),
    "earlyRenewalHours": Field(optional=True, default=0),
    "isCaCertificate": Field(optional=True, default=False, replace=True),
    "maxPathLength": Field(optional=True, computed=True, replace=True),
    "setSubjectKeyId": Field(optional=True, default=False, replace=True),
    "certPem": Field(computed=True),
    renewal.READY: Field(default=False),
    "validityStartTime": Field(computed=True),
    "validityEndTime": Field(computed=True),
}

_KEY_USES = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
_EXTENDED_USES = {
    "any_extended": "2.5.29.37.0",
    "server_auth": "1.3.6.1.5.5.7.3.1",
    "client_auth": "1.3.6.1.5.5.7.3.2",
    "code_signing": "1.3.6.1.5.5.7.3.3",
    "email_protection": "1.3.6.1.5.5.7.3.4",
    "ipsec_end_system": "1.3.6.1.5.5.7.3.5",
    "ipsec_tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec_user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp_signing": "1.3.6.1.5.5.7.3.9",
    "microsoft_server_gated_crypto": "1.3.6.1.4.1.311.10.3.3",
    "netscape_server_gated_crypto": "2.16.840.1.113730.4.1",
    "microsoft_commercial_code_signing": "1.3.6.1.4.1.311.2.1.22",
    "microsoft_kernel_code_signing": "1.3.6.1.4.1.311.61.1.1",
}


@dataclass(frozen=True)
class Template:
    """Whom a certificate is for, and who signs it."""

    subject: x509.Name
    names: x509.SubjectAlternativeName | None
    public_key: CertificatePublicKeyTypes
    signer: keys.PrivateKey
    issuer: x509.Name
    issuer_key_id: bytes | None
    """The signer's subject key identifier; ``None`` for one's own signature."""


class Certificate(OfflineResource):
    """A certificate that is replaced once its early renewal window has begun."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def adjust_plan(self, planned: Properties, prior: Properties | None) -> frozenset[str]:
        """A certificate that is due is replaced by a plain update."""
        planned[renewal.READY] = renewal.planned_readiness(planned)
        if prior is None or not renewal.is_due(planned, self._now()):
            return frozenset()
        planned[renewal.READY] = UNKNOWN
        return frozenset({renewal.READY})

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Uses and times are ones that a certificate can have."""
        uses: Any = planned["allowedUses"]
        for use in uses if isinstance(uses, list) else []:  # type: ignore[misc]
            if use != UNKNOWN and use not in _KEY_USES and use not in _EXTENDED_USES:
                known = ", ".join(sorted([*_KEY_USES, *_EXTENDED_USES]))
                raise ProviderError(
                    f'Invalid Attribute Value Match: allowed_uses is "{use}": use one of {known}'
                )
        for key in ("validityPeriodHours", "earlyRenewalHours"):
            if planned[key] != UNKNOWN and planned[key] < 0:
                raise ProviderError(f"Invalid Attribute Value: {key} is {planned[key]}: use 0 or more hours")

    def read(self, client: None, id: str, prior: Properties) -> Properties:  # noqa: A002
        """A refresh shows that a certificate is due."""
        return {**prior, renewal.READY: True} if renewal.is_due(prior, self._now()) else prior

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Sign the certificate; its id is its serial number."""
        from cryptography.hazmat.primitives.serialization import Encoding

        template = self.template(planned)
        start = self._now()
        end = start + timedelta(hours=planned["validityPeriodHours"])
        serial = secrets.randbits(128) or 1
        builder = _builder(template, planned, serial, start, end)
        certificate = builder.sign(template.signer, keys.signature_hash(template.signer))
        planned |= {
            "certPem": certificate.public_bytes(Encoding.PEM).decode(),
            "validityStartTime": _rfc3339(start),
            "validityEndTime": _rfc3339(end),
        }
        return str(serial)

    @abstractmethod
    def template(self, planned: Properties) -> Template:
        """Whom the certificate is for; completes the plan by the key's algorithm."""


def _builder(
    template: Template, planned: Properties, serial: int, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    from cryptography import x509
    from cryptography.x509.oid import ObjectIdentifier

    authority = bool(planned["isCaCertificate"])
    if authority and not list(template.subject):
        raise ProviderError(
            "Invalid Certificate Subject: "
            "Must contain at least one Distinguished Name when creating Certificate Authority (CA)"
        )
    builder = (
        x509.CertificateBuilder()
        .subject_name(template.subject)
        .issuer_name(template.issuer)
        .public_key(template.public_key)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    uses: list[str] = planned["allowedUses"]
    key_uses = {_KEY_USES[use] for use in uses if use in _KEY_USES}
    if key_uses:
        flags = {name: name in key_uses for name in _KEY_USES.values()}
        builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
    extended = [ObjectIdentifier(_EXTENDED_USES[use]) for use in uses if use in _EXTENDED_USES]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(authority, _path_length(planned)), critical=True)
    key_id = subject_key_id(template.public_key)
    if authority or planned["setSubjectKeyId"]:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(key_id), critical=False)
    issuer_key_id = template.issuer_key_id
    if planned.get("setAuthorityKeyId") and issuer_key_id is None:
        if not (authority or planned["setSubjectKeyId"]):
            raise ProviderError("Invalid Certificate Authority: Could not determine Authority Key Identifier")
        issuer_key_id = key_id
    if issuer_key_id is not None:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier(issuer_key_id, None, None), critical=False
        )
    if template.names is not None:
        builder = builder.add_extension(template.names, critical=not list(template.subject))
    return builder


def _path_length(planned: Properties) -> int | None:
    length = planned["maxPathLength"]
    # The real provider does not tell Go to encode a length of 0, so that it means "no limit", as -1 does.
    return length if planned["isCaCertificate"] and isinstance(length, int) and length > 0 else None


def subject_key_id(public_key: CertificatePublicKeyTypes) -> bytes:
    """The SHA-1 digest of the key, as the real provider computes it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(public_key, Ed25519PublicKey):
        octets = b"\x04\x20" + public_key.public_bytes_raw()
        return hashlib.sha1(octets, usedforsecurity=False).digest()
    return x509.SubjectKeyIdentifier.from_public_key(public_key).digest


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
