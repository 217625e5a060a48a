"""What one member's droplet is told, put together from the settings, the records and its certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.config.backup_settings import backup_target
from components.config.settings import Settings, member_name
from components.userdata.render import NodeConfig, TooLargeError, render_user_data

GIB = 1024**3

CERTIFICATE_BYTES = 896
"""More than any of the cluster's certificates has as PEM: 875, with a P-256 key and the longest name."""
KEY_BYTES = 256
TOKEN_BYTES = 96


def node_config(settings: Settings, number: int, volume: str, values: Mapping[str, Any]) -> NodeConfig:
    """The configuration of a member, counted from 1.

    ``values`` are known only in the course of a run: ``token``, ``size`` and ``restore`` of the founding, the
    recorded ``release``, the cluster's ``tag``, and PEM texts ``ca``, ``server``, ``server_key``, ``peer``,
    ``peer_key``.
    """
    return NodeConfig(
        name=member_name(number, settings.domain),
        cluster_token=values["token"],
        initial_members=tuple(member_name(one, settings.domain) for one in range(1, values["size"] + 1)),
        tag=values["tag"],
        address_kind=settings.addresses,
        api_url=settings.discovery_api_url,
        api_token=settings.discovery_token.get_secret_value(),
        etcd_version=values["release"]["version"],
        release_url=values["release"]["release_url"],
        release_sha256=values["release"]["release_sha256"],
        volume="" if settings.volume_size == 0 else volume,
        heartbeat_ms=settings.heartbeat_ms,
        election_ms=settings.election_ms,
        quota_bytes=settings.quota_gib * GIB,
        compaction_mode=settings.compaction_mode,
        compaction_retention=settings.compaction_retention,
        ca_certificate=values["ca"],
        server_certificate=values["server"],
        server_key=values["server_key"],
        peer_certificate=values["peer"],
        peer_key=values["peer_key"],
        restore=values["restore"],
        backup=backup_target(settings, cluster=values["tag"], region=settings.region),
    )


def check_user_data(cluster: str, settings: Settings) -> None:
    """Refuse settings with which a droplet's user data would be too large, before there is any certificate.

    Raises ``TooLargeError``, which names the longest setting.
    """
    certificates = ("x" * CERTIFICATE_BYTES + "\n") * len(settings.authorities)
    key = "x" * KEY_BYTES + "\n"
    values = {
        "token": "x" * TOKEN_BYTES,
        "size": settings.size,
        "restore": settings.restore_from,
        "release": {
            "version": settings.version,
            "release_url": settings.release_url,
            "release_sha256": settings.release_checksum,
        },
        "tag": cluster,
        "ca": certificates,
        "server": certificates,
        "server_key": key,
        "peer": certificates,
        "peer_key": key,
    }
    node = node_config(settings, settings.size, f"{cluster}-{settings.size}", values)
    try:
        render_user_data(node)
    except TooLargeError as error:
        key, length = _longest(settings)
        raise TooLargeError(node.name, error.size, f"shorten etcd:{key}, which has {length}") from error


def _longest(settings: Settings) -> tuple[str, int]:
    """Key and length of the longest text among the settings."""
    texts = {
        field.alias or name: len(value)
        for name, field in Settings.model_fields.items()
        if isinstance(value := getattr(settings, name), str)
    }
    key = max(texts, key=lambda one: texts[one])
    return key, texts[key]
