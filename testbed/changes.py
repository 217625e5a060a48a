"""Changes of a single member."""

from __future__ import annotations

from testbed.cluster import Cluster


def one_member(cluster: Cluster, number: int) -> tuple[str, ...]:
    """Arguments of a run that reissues a member's certificate, so that its gate runs and its droplet is replaced."""
    certificate = "tls:index/locallySignedCert:LocallySignedCert"
    return (
        "--replace",
        f"urn:pulumi:{cluster.stack}::etcd::etcd:index:EtcdCluster$etcd:index:CertificateAuthority${certificate}"
        f"::etcd-etcd-{cluster.stack}-{number}-server",
    )
