"""Reject settings whose user data would be too large, before any resource is created."""

from __future__ import annotations

from components.config.settings import Settings
from components.userdata.node_config import MemberCertificates, RunValues, node_config
from components.userdata.render import TooLargeError, render_user_data

CERTIFICATE_BYTES = 896
"""More than the longest of the cluster's certificates, which has 875 bytes as PEM (P-256 key, longest name)."""
KEY_BYTES = 256
"""More than the PEM of a P-256 key has."""
TOKEN_BYTES = 96
"""More than the longest cluster token has."""


def check_user_data(cluster: str, settings: Settings) -> None:
    """Raise ``TooLargeError``, which names the longest setting, if a droplet's user data would be too large."""
    certificates = ("x" * CERTIFICATE_BYTES + "\n") * len(settings.authorities)
    private_key = "x" * KEY_BYTES + "\n"
    values = RunValues(
        token="x" * TOKEN_BYTES,
        initial_size=settings.size,
        restore=settings.restore_from,
        version=settings.version,
        release_url=settings.release_url,
        release_sha256=settings.release_checksum,
        tag=cluster,
        certificates=MemberCertificates(
            ca_certificate=certificates,
            server_certificate=certificates,
            server_key=private_key,
            peer_certificate=certificates,
            peer_key=private_key,
        ),
    )
    node = node_config(settings, settings.size, f"{cluster}-{settings.size}", values)
    try:
        render_user_data(node)
    except TooLargeError as error:
        key, length = _longest(settings)
        raise TooLargeError(
            node.settings.name, error.size, f"shorten etcd:{key}, which has {length}"
        ) from error


def _longest(settings: Settings) -> tuple[str, int]:
    """Key and length of the longest text among the settings."""
    texts = {
        field.alias or name: len(value)
        for name, field in Settings.model_fields.items()
        if isinstance(value := getattr(settings, name), str)
    }
    key = max(texts, key=lambda one: texts[one])
    return key, texts[key]
