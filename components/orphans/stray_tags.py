"""Removes marker tags that are in no state, for example those of a run with a wrong state.

Members go by these tags. One too many may tell them that they may shut down, or that they are not wanted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import httpx
import pulumi

from ..api.retrying_client import RetryingClient
from ..config.loading import ProviderAccess
from ..config.settings import Settings
from ..identity.cluster_identity import LENGTH, identity_of, identity_tag
from ..identity.stack_state import StackState
from ..run_log import log
from ..shared.markers import rollout_marker, size_marker, up_marker


def wanted_tags(cluster: str, settings: Settings, stack: StackState) -> frozenset[str]:
    """The markers and the identity that a run registers."""
    return frozenset(
        {
            up_marker(cluster),
            size_marker(cluster, settings.size),
            rollout_marker(cluster, settings.rollout),
            identity_tag(cluster, identity_of(stack.token)),
        }
    )


def stray_tags(
    cluster: str, unused: Collection[str], *, known: Collection[str], wanted: Collection[str]
) -> list[str]:
    """The tags among ``unused`` that are markers or identities of the cluster, and neither known nor wanted.

    ``unused`` are tags that no resource has. ``known`` are those of the stack's state. All droplets and volumes carry
    the identity of their cluster, so an unused one is of a cluster that does not exist any more. DigitalOcean ignores
    the case of tags.
    """
    kinds = rf"up|size-[1-9]\d*|one-at-a-time|all-at-once|id-[0-9a-f]{{{LENGTH}}}"
    marker = re.compile(rf"{re.escape(cluster)}-({kinds})")
    kept = {tag.casefold() for tag in (*known, *wanted)}
    return sorted(tag for tag in unused if tag.casefold() not in kept and marker.fullmatch(tag.casefold()))


async def remove_stray_tags(access: ProviderAccess, tags: Sequence[str]) -> None:
    """Delete tags, and name each in a warning. A preview only names them. A failure is logged, not raised."""
    if pulumi.runtime.is_dry_run():
        for tag in tags:
            log.warn(f"the tag {tag} is in no state, and no resource has it: pulumi up deletes it")
        return
    async with RetryingClient(access, "/v2/") as api:
        for tag in tags:
            try:
                answer = await api.delete(f"tags/{tag}")
                answer.raise_for_status()
            except httpx.HTTPError as error:
                log.warn(
                    f"DigitalOcean did not delete the tag {tag}, which is in no state: {error}. Members may go by it. "
                    f"Delete it: doctl compute tag delete {tag}"
                )
            else:
                log.warn(f"deleted the tag {tag}, which was in no state, and which no resource had")
