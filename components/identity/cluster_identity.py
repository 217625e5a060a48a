"""The identity of a cluster: a short digest of its token, which its resources carry where the clouds allow it.

Another cluster may have the same name, tag and descriptions, for example one of a stack whose state was lost. It has
another token, so another identity. Droplets and volumes carry the identity in a tag, DNS records in their comment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LENGTH = 12
"""Hexadecimal digits of an identity."""

ANY_IDENTITY_TAG = re.compile(rf"([a-z][a-z0-9-]*)-id-([0-9a-f]{{{LENGTH}}})")
"""The identity tag of any cluster. Its groups are the cluster's name and its identity."""


def identity_of(token: str) -> str:
    """The identity of the cluster with a token (``ETCD_INITIAL_CLUSTER_TOKEN``)."""
    return hashlib.sha256(token.encode()).hexdigest()[:LENGTH]


def identity_tag(cluster: str, identity: str) -> str:
    """The tag of the droplets and volumes of one cluster. No other cluster has it, whatever its name is."""
    return f"{cluster}-id-{identity}"


def record_comment(cluster: str, identity: str) -> str:
    """The comment of the cluster's DNS records."""
    return f"etcd cluster {cluster}, id {identity}"


def identities_in(tags: Iterable[str]) -> dict[str, str]:
    """Each identity among tags, and the name of its cluster."""
    found = [ANY_IDENTITY_TAG.fullmatch(tag.casefold()) for tag in tags]
    return {match[2]: match[1] for match in found if match}
