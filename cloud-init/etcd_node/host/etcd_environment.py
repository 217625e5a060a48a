"""The environment file of etcd, ``/etc/etcd/etcd-members``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from components.shared.ports import CLIENT_PORT, METRICS_PORT, PEER_PORT
from components.shared.versions import minor_version
from etcd_node.host.settings import Settings


def peer_url(name: str) -> str:
    """The URL at which a member's peers reach it."""
    return f"https://{name}:{PEER_PORT}"


def etcd_environment(
    settings: Settings, *, state: str, cluster: Mapping[str, str], etc: Path, data: Path
) -> dict[str, str]:
    """The variables that configure etcd.

    ``state`` is ``new`` or ``existing``. ``cluster`` has the peer URL of each member. The names are those of etcd's
    flags. etcd ignores unknown variables, so a flag that is renamed would silently do nothing.
    """
    name = settings.name
    return {
        "ETCD_NAME": name,
        "ETCD_DATA_DIR": str(data),
        "ETCD_INITIAL_CLUSTER": ",".join(f"{member}={url}" for member, url in sorted(cluster.items())),
        "ETCD_INITIAL_CLUSTER_STATE": state,
        "ETCD_INITIAL_CLUSTER_TOKEN": settings.token,
        "ETCD_ADVERTISE_CLIENT_URLS": f"https://{name}:{CLIENT_PORT}",
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": peer_url(name),
        "ETCD_LISTEN_CLIENT_URLS": f"https://{settings.listen}:{CLIENT_PORT}",
        "ETCD_LISTEN_PEER_URLS": f"https://{settings.listen}:{PEER_PORT}",
        # etcd serves an https URL with the client port's certificate, and demands a client certificate.
        "ETCD_LISTEN_METRICS_URLS": f"http://{settings.metrics},https://{settings.listen}:{METRICS_PORT}",
        "ETCD_CERT_FILE": str(etc / "server.pem"),
        "ETCD_KEY_FILE": str(etc / "server-key.pem"),
        "ETCD_TRUSTED_CA_FILE": str(etc / "ca.pem"),
        "ETCD_CLIENT_CERT_AUTH": "true",
        "ETCD_PEER_CERT_FILE": str(etc / "peer.pem"),
        "ETCD_PEER_KEY_FILE": str(etc / "peer-key.pem"),
        "ETCD_PEER_TRUSTED_CA_FILE": str(etc / "peer-ca.pem"),
        "ETCD_PEER_CLIENT_CERT_AUTH": "true",
        "ETCD_HEARTBEAT_INTERVAL": str(settings.heartbeat_ms),
        "ETCD_ELECTION_TIMEOUT": str(settings.election_ms),
        "ETCD_QUOTA_BACKEND_BYTES": str(settings.quota_bytes),
        "ETCD_AUTO_COMPACTION_MODE": settings.compaction_mode,
        "ETCD_AUTO_COMPACTION_RETENTION": settings.compaction_retention,
        **_corruption_check(settings.version),
        "ETCD_LOGGER": "zap",
        "ETCD_LOG_LEVEL": "info",
        **dict(flag.split("=", 1) for flag in settings.flags),
    }


def _corruption_check(version: str) -> dict[str, str]:
    """The variable that lets the leader compare the members' data after each compaction, under the version's name.

    A member with other data gets the CORRUPT alarm. ``InitialCorruptCheck`` stays off: it stops the good members.
    """
    if minor_version(version) < (3, 6):
        return {"ETCD_EXPERIMENTAL_COMPACT_HASH_CHECK_ENABLED": "true"}
    return {"ETCD_FEATURE_GATES": "CompactHashCheck=true"}


def format_environment(variables: Mapping[str, str]) -> str:
    """The text of a file that systemd reads as ``EnvironmentFile=``."""
    return "".join(f"{key}={value}\n" for key, value in variables.items())


def parse_environment(text: str) -> dict[str, str]:
    """The variables in a text of ``format_environment``."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
