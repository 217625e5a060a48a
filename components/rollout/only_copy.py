"""Refuses to replace the only member of a cluster whose data is on the droplet's own disk.

The droplet has the only copy of the data. Its machine blocks a shutdown for the same reason, but a preview would show
the replacement, and the run would fail only after the time limit of the deletion.
"""

from __future__ import annotations

from collections.abc import Collection

import pulumi

from ..config.settings import Settings
from ..etcd.health import problems
from .interfaces import RunningMembers
from .messages import only_copy


async def keep_only_copy(
    member: str, *, settings: Settings, existing: Collection[str], members: RunningMembers
) -> None:
    """Raise ``RunError`` if a new droplet for ``member`` would lose the cluster's data.

    ``existing`` are the members that have a droplet. With a larger ``etcd:size``, the others join before this one
    changes. A machine that says that it has no data has nothing to lose.
    """
    if settings.volume_size or settings.size > 1 or set(existing) != {member}:
        return
    if not await members.credentials_known():
        raise pulumi.RunError(only_copy(member, ""))
    report = (await members.reports([member])).get(member)
    if report is not None and report.etcd != "active" and report.has_no_data:
        return
    observations = await members.observe()
    raise pulumi.RunError(only_copy(member, problems([member], observations).get(member, "")))
