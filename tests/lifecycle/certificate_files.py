"""Certificates as a stack's state has them, put on its members by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.lifecycle.live import Live

KINDS = ("server", "peer")


def put_issued(cluster: Live) -> None:
    """Install the newest issued certificates on each member, as docs/lifecycle.md describes."""
    outputs = _outputs(cluster)
    for number in range(1, len(cluster.names) + 1):
        for kind in KINDS:
            _put(cluster, number, kind, outputs[f"{number}-{kind}"]["certPem"])


def put_expired(cluster: Live) -> None:
    """Install the same certificates with an end one hour ago."""
    outputs = _outputs(cluster, "--show-secrets")
    key = _authority_key(outputs)
    for number in range(1, len(cluster.names) + 1):
        for kind in KINDS:
            _put(cluster, number, kind, _ended(outputs[f"{number}-{kind}"]["certPem"], key))


def expire(cluster: Live, number: int, kind: str) -> None:
    """Replace a certificate that a member has by the same one with an end one hour ago."""
    current = cluster.on(cluster.name(number), f"cat /etc/etcd/{kind}.pem")
    _put(cluster, number, kind, _ended(current, _authority_key(_outputs(cluster, "--show-secrets"))))


def _authority_key(outputs: dict[str, dict[str, Any]]) -> ec.EllipticCurvePrivateKey:
    """The key of the first authority."""
    text = json.loads(outputs["ca-key"]["privateKeyPem"]["plaintext"])
    key = serialization.load_pem_private_key(text.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _outputs(cluster: Live, *options: str) -> dict[str, dict[str, Any]]:
    """Outputs of the stack's TLS resources, by their names without the cluster's."""
    exported = cluster.pulumi("stack", "export", *options)
    state = json.loads(exported[exported.index("{") :])
    prefix = f"etcd-etcd-{cluster.stack}-"
    return {
        one["urn"].rpartition("::")[2].removeprefix(prefix): one["outputs"]
        for one in state["deployment"]["resources"]
        if one["type"].startswith("tls:")
    }


def _put(cluster: Live, number: int, kind: str, certificate: str) -> None:
    cluster.on(cluster.name(number), f"cat > /etc/etcd/{kind}.pem <<'END'\n{certificate}END\n")


def _ended(certificate: str, key: ec.EllipticCurvePrivateKey) -> str:
    old = x509.load_pem_x509_certificate(certificate.encode())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=2))
        .not_valid_after(now - timedelta(hours=1))
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
