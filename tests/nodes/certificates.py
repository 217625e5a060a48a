"""Certificates like the program's, for members whose names are addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from components.etcd.credentials import TlsTexts


@dataclass(frozen=True)
class Authority:
    """The CA of one test."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(
        self,
        folder: Path,
        kind: str,
        name: str,
        *,
        hours: tuple[int, int] = (-1, 24),
        common_name: str | None = None,
    ) -> None:
        """Write ``kind``.pem and ``kind``-key.pem for a member or a client at that address, and the CA's certificate.

        ``hours`` are the begin and the end of its validity, from now. An empty ``common_name`` is none.
        """
        subject = name if common_name is None else common_name
        key = ec.generate_private_key(ec.SECP256R1())
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        names = [x509.DNSName(name), x509.IPAddress(ip_address(name)), x509.DNSName("localhost")]
        certificate = (
            _builder(subject, self.certificate.subject, key, hours)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        authority = "peer-ca" if kind == "peer" else "ca"
        (folder / f"{authority}.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{kind}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{kind}-key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )


def make_authority() -> Authority:
    """A new CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
    certificate = (
        _builder("test CA", subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def tls_texts(folder: Path, kind: str = "server") -> TlsTexts:
    """What a client needs that shows the certificate ``kind``.pem."""
    return TlsTexts(*((folder / f"{name}.pem").read_text() for name in ("ca", kind, f"{kind}-key")))


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, hours: tuple[int, int] = (-1, 24)
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    kind = NameOID.COMMON_NAME if name else NameOID.ORGANIZATION_NAME
    begin, end = (now + timedelta(hours=number) for number in hours)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(kind, name or "organization")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
