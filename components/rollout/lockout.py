"""A warning before a firewall keeps this very machine out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from ..config.settings import Settings
from ..etcd.node_report import NodeReport
from ..run_log import log
from .messages import locked_out


class ReportingMembers(Protocol):
    """Members that tell from which address they were reached."""

    async def credentials_known(self) -> bool:
        """Whether a certificate for look-ups is known."""
        ...

    async def reports(self, names: Collection[str]) -> Mapping[str, NodeReport]:
        """Ask the machines of these members."""
        ...


async def warn_of_lockout(settings: Settings, members: ReportingMembers, existing: Collection[str]) -> None:
    """Warn if ``etcd:clientCidrs`` lacks the address from which this machine reaches the existing members.

    The members tell the address: a machine behind a router does not know it. Those of an earlier version do not tell.
    One member is asked, and the others only if it does not tell: each answer takes a process on a droplet.
    """
    if not existing or not await members.credentials_known():
        return
    first, *others = sorted(existing)
    told = await _addresses(members, [first]) or await _addresses(members, others)
    for address in sorted(told):
        if warning := locked_out(settings, address):
            log.warn(warning)


async def _addresses(members: ReportingMembers, names: Collection[str]) -> set[str]:
    return {report.seen_from for report in (await members.reports(names)).values()} - {""}
