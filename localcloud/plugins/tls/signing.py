"""Signs certificates and certificate requests like the real provider, which uses Go's crypto/x509."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.tls import keys, subjects
from localcloud.plugins.tls.hours import hours
from localcloud.plugins.tls.uses import EXTENDED_USES, KEY_USES
from localcloud.plugins.values import Properties


@dataclass(frozen=True)
class _Template:
    """The subject and the signer of a certificate."""

    subject: x509.Name
    names: x509.SubjectAlternativeName | None
    public_key: CertificatePublicKeyTypes
    signer: keys.PrivateKey
    issuer: x509.Name
    issuer_key_id: bytes | None
    """The signer's subject key identifier; ``None`` if the signer has none, and for self-signed certificates."""


def request(planned: Properties) -> tuple[str, Properties]:
    """Sign a certificate request. Return its id, which is the SHA-1 digest of its DER form, and its properties."""
    key = keys.parse(planned["privateKeyPem"], "private key")
    builder = x509.CertificateSigningRequestBuilder().subject_name(subjects.distinguished_name(planned))
    names = subjects.alternative_names(planned)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    signed = builder.sign(key, keys.signature_hash(key))
    digest = hashlib.sha1(signed.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
    pem = signed.public_bytes(Encoding.PEM).decode()
    return digest, {"certRequestPem": pem, "keyAlgorithm": keys.algorithm_of(key)}


def self_signed(planned: Properties, now: datetime) -> tuple[str, Properties]:
    """Sign a certificate with its own key. Return its id, which is the serial number, and its properties."""
    key = keys.parse(planned["privateKeyPem"], "private key")
    name = subjects.distinguished_name(planned)
    template = _Template(name, subjects.alternative_names(planned), key.public_key(), key, name, None)
    serial, signed = _signed(template, planned, now)
    return serial, {**signed, "keyAlgorithm": keys.algorithm_of(key)}


def locally_signed(planned: Properties, now: datetime) -> tuple[str, Properties]:
    """Sign a certificate for a request. Return its id, which is the serial number, and its properties."""
    try:
        asked = x509.load_pem_x509_csr(planned["certRequestPem"].encode())
    except ValueError as error:
        raise ProviderError(f"Failed to parse certificate request PEM: {error}") from error
    key = keys.parse(planned["caPrivateKeyPem"], "CA private key")
    try:
        authority = x509.load_pem_x509_certificate(planned["caCertPem"].encode())
    except ValueError as error:
        raise ProviderError(f"Failed to parse CA certificate PEM: {error}") from error
    template = _Template(
        asked.subject, _names_of(asked), asked.public_key(), key, authority.subject, _key_id_of(authority)
    )
    serial, signed = _signed(template, planned, now)
    return serial, {**signed, "caKeyAlgorithm": keys.algorithm_of(key)}


def _signed(template: _Template, planned: Properties, start: datetime) -> tuple[str, Properties]:
    end = start + hours(planned["validityPeriodHours"])
    serial = secrets.randbits(128) or 1
    builder = (
        x509.CertificateBuilder()
        .subject_name(template.subject)
        .issuer_name(template.issuer)
        .public_key(template.public_key)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in _extensions(template, planned):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(template.signer, keys.signature_hash(template.signer))
    return str(serial), {
        "certPem": certificate.public_bytes(Encoding.PEM).decode(),
        "validityStartTime": _rfc3339(start),
        "validityEndTime": _rfc3339(end),
    }


def _extensions(template: _Template, planned: Properties) -> list[tuple[x509.ExtensionType, bool]]:
    """Return the extensions, each with whether it is critical."""
    authority = bool(planned["isCaCertificate"])
    has_subject = bool(list(template.subject))
    if authority and not has_subject:
        raise ProviderError(
            "Invalid Certificate Subject: "
            "Must contain at least one Distinguished Name when creating Certificate Authority (CA)"
        )
    extensions = _uses(planned["allowedUses"])
    extensions.append((x509.BasicConstraints(authority, _path_length(planned)), True))
    key_id = _key_id(template.public_key)
    identified = authority or planned["setSubjectKeyId"]
    if identified:
        extensions.append((x509.SubjectKeyIdentifier(key_id), False))
    issuer_key_id = template.issuer_key_id
    if planned.get("setAuthorityKeyId"):
        if not identified:
            raise ProviderError("Invalid Certificate Authority: Could not determine Authority Key Identifier")
        issuer_key_id = key_id
    if issuer_key_id is not None:
        extensions.append((x509.AuthorityKeyIdentifier(issuer_key_id, None, None), False))
    if template.names is not None:
        extensions.append((template.names, not has_subject))
    return extensions


def _uses(allowed: list[str]) -> list[tuple[x509.ExtensionType, bool]]:
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    named = {KEY_USES[use] for use in allowed if use in KEY_USES}
    if named:
        extensions.append((x509.KeyUsage(**{flag: flag in named for flag in KEY_USES.values()}), True))
    extended = [ObjectIdentifier(EXTENDED_USES[use]) for use in allowed if use in EXTENDED_USES]
    if extended:
        extensions.append((x509.ExtendedKeyUsage(extended), False))
    return extensions


def _path_length(planned: Properties) -> int | None:
    length = planned["maxPathLength"]
    # The real provider does not let Go encode a length of 0, so 0 means "no limit", like -1.
    return length if planned["isCaCertificate"] and isinstance(length, int) and length > 0 else None


def _key_id(public_key: CertificatePublicKeyTypes) -> bytes:
    """Return the SHA-1 digest of the key. For Ed25519 the real provider digests an ASN.1 octet string."""
    if isinstance(public_key, Ed25519PublicKey):
        octets = b"\x04\x20" + public_key.public_bytes_raw()
        return hashlib.sha1(octets, usedforsecurity=False).digest()
    return x509.SubjectKeyIdentifier.from_public_key(public_key).digest


def _names_of(asked: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _key_id_of(authority: x509.Certificate) -> bytes | None:
    try:
        return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
