"""Changes of a single member."""

from __future__ import annotations

from tests.lifecycle.live import Live


def one_member(live: Live, number: int) -> tuple[str, ...]:
    """Arguments of a run that reissues a member's certificate, so that its gate runs and its droplet is replaced."""
    certificate = "tls:index/locallySignedCert:LocallySignedCert"
    return (
        "--replace",
        f"urn:pulumi:{live.stack}::etcd::etcd:index:EtcdCluster$etcd:index:CertificateAuthority${certificate}"
        f"::etcd-etcd-{live.stack}-{number}-server",
    )
