"""Key material that replaces the placeholders of recordings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@cache
def samples() -> dict[str, str]:
    """Return a key, its CA certificate and its certificate request, by placeholder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "etcd CA")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return {
        "<PEM EC PRIVATE KEY>": pem,
        "<PEM CERTIFICATE>": certificate.public_bytes(Encoding.PEM).decode(),
        "<PEM CERTIFICATE REQUEST>": request.public_bytes(Encoding.PEM).decode(),
    }


def with_key_material(value: Any) -> Any:
    """Return a request in which placeholders are replaced by keys and certificates."""
    if isinstance(value, dict):
        return {key: with_key_material(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_key_material(inner) for inner in value]
    return samples().get(value, value) if isinstance(value, str) else value
