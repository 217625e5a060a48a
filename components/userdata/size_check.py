"""Reject settings whose user data could become too large, before any resource is created.

The check reserves room for what a cluster needs later: a second authority while one replaces another, authorities of
the peers' own, and nine initial members. A change of authorities must not be rejected for its size years later.
"""

from __future__ import annotations

from components.config.settings import Settings
from components.userdata.node_config import MemberCertificates, RunValues, node_config
from components.userdata.render import check_size, render

LEAF_BYTES = 875
"""Bytes of the longest certificate of a member, as PEM."""
AUTHORITY_BYTES = 704
"""Bytes of the longest self-signed certificate of an authority, as PEM."""
CROSS_SIGNED_BYTES = 745
"""Bytes of the longest certificate of an authority that another authority signed, as PEM."""
KEY_BYTES = 227
"""Bytes of a P-256 key, as PEM."""
TOKEN_BYTES = 77
"""Bytes of the longest cluster token."""
PEER_AUTHORITY_ENTRY_BYTES = 80
"""Bytes that cloud-init's entry of a further file takes beside its content: path, permissions and the keys' names."""
MOST_MEMBERS = 9
"""The most members that can bootstrap a cluster. Its size may be reduced later."""


def check_user_data(cluster: str, settings: Settings) -> None:
    """Raise ``TooLargeError``, which names the longest setting, if a droplet's user data could become too large."""
    key, length = _longest(settings)
    check_size(
        "the user data of a member can grow to",
        largest_size(cluster, settings),
        f"shorten etcd:{key}, which has {length} characters",
    )


def largest_size(cluster: str, settings: Settings) -> int:
    """Bytes of the largest user data that a droplet of this cluster can need."""
    authorities = _text(AUTHORITY_BYTES) * 2
    # While an authority replaces another, its certificate as the other signed it follows each leaf.
    chain = _text(LEAF_BYTES) + _text(CROSS_SIGNED_BYTES)
    private_key = _text(KEY_BYTES)
    values = RunValues(
        token="x" * TOKEN_BYTES,
        initial_size=MOST_MEMBERS,
        restore=settings.restore_from,
        version=settings.version,
        release_url=settings.release_url,
        release_sha256=settings.release_checksum,
        tag=cluster,
        certificates=MemberCertificates(
            # The second pair is that of the peers' own authorities.
            ca_certificate=authorities + authorities,
            server_certificate=chain,
            server_key=private_key,
            peer_certificate=chain,
            peer_key=private_key,
        ),
    )
    node = node_config(settings, MOST_MEMBERS, f"{cluster}-{MOST_MEMBERS}", values)
    return len(render(node).encode()) + PEER_AUTHORITY_ENTRY_BYTES


def _text(size: int) -> str:
    """A text of ``size`` bytes in the lines of a PEM file."""
    return ("x" * 64 + "\n") * (size // 65) + "x" * (size % 65 - 1) + "\n"


def _longest(settings: Settings) -> tuple[str, int]:
    """Key and length of the longest text among the settings."""
    texts = {
        field.alias or name: len(value)
        for name, field in Settings.model_fields.items()
        if isinstance(value := getattr(settings, name), str)
    }
    key = max(texts, key=lambda one: texts[one])
    return key, texts[key]
