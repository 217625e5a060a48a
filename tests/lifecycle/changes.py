"""Changes of one member, for cases that need no more."""

from __future__ import annotations

from tests.lifecycle.live import Live


def one_member(live: Live, number: int) -> tuple[str, ...]:
    """Arguments of a run that makes a member's certificate anew: its gate is asked, and its droplet replaced."""
    certificate = "tls:index/locallySignedCert:LocallySignedCert"
    return (
        "--replace",
        f"urn:pulumi:{live.stack}::etcd::etcd:index:EtcdCluster$etcd:index:CertificateAuthority${certificate}"
        f"::etcd-etcd-{live.stack}-{number}-server",
    )
