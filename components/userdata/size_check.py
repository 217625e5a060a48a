"""Reject settings whose user data could become too large, before any resource is created.

The check reserves room for what a cluster needs later: a second authority while one replaces another, authorities of
the peers' own, and nine initial members. A change of authorities must not be rejected for its size years later.
"""

from __future__ import annotations

from components.config.settings import Settings
from components.userdata.filler import BASE64, random_text
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
    authorities = [_pem(AUTHORITY_BYTES, kind, number) for kind in ("clients", "peers") for number in (1, 2)]
    # While an authority replaces another, its certificate as the other signed it follows each leaf.
    cross_signed = [_pem(CROSS_SIGNED_BYTES, kind, 3) for kind in ("clients", "peers")]
    values = RunValues(
        token=random_text(TOKEN_BYTES),
        initial_size=MOST_MEMBERS,
        restore=settings.restore_from,
        version=settings.version,
        release_url=settings.release_url,
        release_sha256=settings.release_checksum,
        tag=cluster,
        certificates=MemberCertificates(
            ca_certificate="".join(authorities),
            server_certificate=_pem(LEAF_BYTES, "server", 1) + cross_signed[0],
            server_key=_pem(KEY_BYTES, "server", 2),
            peer_certificate=_pem(LEAF_BYTES, "peer", 1) + cross_signed[1],
            peer_key=_pem(KEY_BYTES, "peer", 2),
        ),
    )
    node = node_config(settings, MOST_MEMBERS, f"{cluster}-{MOST_MEMBERS}", values)
    return len(render(node).encode())


def _pem(size: int, kind: str, number: int) -> str:
    """A PEM file of ``size`` bytes. Other arguments give another content."""
    head, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
    room = size - len(head) - len(end)
    content = random_text(room - room // 65 - 1, BASE64, seed=f"{kind} {number}")
    lines = [content[start : start + 64] for start in range(0, len(content), 64)]
    return head + "".join(f"{line}\n" for line in lines) + end


def _longest(settings: Settings) -> tuple[str, int]:
    """Key and length of the longest text among the settings."""
    texts = {
        field.alias or name: len(value)
        for name, field in Settings.model_fields.items()
        if isinstance(value := getattr(settings, name), str)
    }
    key = max(texts, key=lambda one: texts[one])
    return key, texts[key]
