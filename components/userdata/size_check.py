"""Reject settings whose user data could become too large, before any resource is created.

The check reserves room for what a cluster needs later: a second authority while one replaces another, authorities of
the peers' own, the management certificate, and nine initial members. A change of authorities, or authentication, must
not be rejected for its size years later.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from ..config.naming import key_of
from ..config.settings import Settings
from .filler import random_bytes, random_text
from .member_archive import PEM_LINE, pem_lines
from .node_config import MemberCertificates, RunValues, node_config
from .render import check_size, render

LEAF_BYTES = 875
"""Bytes of the longest certificate of a member, as PEM."""
AUTHORITY_BYTES = 704
"""Bytes of the longest self-signed certificate of an authority, as PEM."""
CROSS_SIGNED_BYTES = 745
"""Bytes of the longest certificate of an authority that another authority signed, as PEM."""
KEY_BYTES = 227
"""Bytes of a P-256 key, as PEM."""
OWN_BYTES = 190
"""Bytes that a certificate shares with no other, and some more: key, signature, serial number, key ids and dates."""
CROSS_OWN_BYTES = 105
"""The same for an authority's second certificate, which shares key and key id with the first."""
KEY_OWN_BYTES = 40
"""The same for a P-256 key, whose certificate has its public key. The private key has 32 bytes."""
NAME_BYTES = 2
"""Bytes of tag and length before a name in a certificate."""
TOKEN_BYTES = 77
"""Bytes of the longest cluster token."""
MOST_MEMBERS = 9
"""The most members that can bootstrap a cluster. Its size may be reduced later."""


def check_user_data(cluster: str, settings: Settings) -> None:
    """Raise ``TooLargeError``, which names the longest setting, if a droplet's user data could become too large."""
    check_size(
        "the user data of a member can grow to", largest_size(cluster, settings), advice_to_shorten(settings)
    )


def advice_to_shorten(settings: Settings) -> str:
    """What to do about user data that is too large. It shows no secret."""
    key, length = _longest(settings)
    return f"shorten {key_of(key)}, which has {length} characters"


def largest_size(cluster: str, settings: Settings) -> int:
    """Bytes of the largest user data that a droplet of this cluster can need."""
    clients, peers = (
        "".join(_pem(AUTHORITY_BYTES, OWN_BYTES, name=f"{kind} {number}") for number in (1, 2))
        for kind in ("clients", "peers")
    )
    values = RunValues(
        token=random_text(TOKEN_BYTES),
        initial_size=MOST_MEMBERS,
        restore=settings.restore_from,
        version=settings.version,
        release_url=settings.release_url,
        release_sha256=settings.release_checksum,
        tag=cluster,
        certificates=MemberCertificates(
            ca_certificate=clients,
            server_certificate=_chain("server", extra=settings.extra_names),
            server_key=_pem(KEY_BYTES, KEY_OWN_BYTES, name="server"),
            peer_ca_certificate=peers,
            peer_certificate=_pem(LEAF_BYTES, OWN_BYTES, name="peer"),
            peer_key=_pem(KEY_BYTES, KEY_OWN_BYTES, name="peer"),
            management_certificate=_pem(LEAF_BYTES, OWN_BYTES, name="management"),
            management_key=_pem(KEY_BYTES, KEY_OWN_BYTES, name="management"),
        ),
    )
    node = node_config(settings, MOST_MEMBERS, f"{cluster}-{MOST_MEMBERS}", values)
    return len(render(node).encode())


def _chain(name: str, *, extra: Sequence[str] = ()) -> str:
    """A leaf and, as while an authority replaces another, the certificate of its authority as the other signed it.

    ``extra`` are more names in the leaf.
    """
    named = sum(len(one) + NAME_BYTES for one in extra)
    return _pem(LEAF_BYTES + named * 3 // 2, OWN_BYTES + named, name=name) + _pem(
        CROSS_SIGNED_BYTES, CROSS_OWN_BYTES, name=name
    )


def _pem(size: int, own: int, *, name: str) -> str:
    """A PEM block of at most ``size`` bytes that shares all but ``own`` bytes with others of its size.

    Half of what it shares can be compressed: together, certificates then take a little more than real ones.
    """
    head, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
    digits = size - len(head) - len(end)
    content = (digits - digits // (PEM_LINE + 1) - 1) // 4 * 3
    shared = random_bytes(max(LEAF_BYTES, size), seed="")[: (content - own) // 2].ljust(content - own, b"\0")
    return head + pem_lines(shared + random_bytes(own, seed=name)) + end


def _longest(settings: Settings) -> tuple[str, int]:
    """Key and length of the longest text among the settings."""
    lengths = {
        field.alias or name: len(value)
        for name, field in Settings.model_fields.items()
        if isinstance(value := getattr(settings, name), (str, SecretStr))
    }
    lengths["extraFlags"] = len("".join(settings.extra_flags))
    lengths["extraNames"] = len("".join(settings.extra_names))
    key = max(lengths, key=lambda one: lengths[one])
    return key, lengths[key]
