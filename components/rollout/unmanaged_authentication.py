"""Ends a run that would change members while somebody else's authentication keeps them from telling their state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import pulumi

from ..config.naming import in_callers_words
from ..config.running_clusters import failing_last
from ..config.settings import Settings
from ..etcd.member_status import AUTHENTICATION, MemberStatus, Observation
from .remedies import REMEDIES, Situation


class UnmanagedAuthenticationError(pulumi.RunError):
    """Authentication is on without this program. The text says what to do."""


class ObservableMembers(Protocol):
    """The members of the running cluster."""

    async def credentials_known(self) -> bool:
        """Whether a certificate for look-ups is known."""
        ...

    async def observe(self) -> Mapping[str, Observation]:
        """Ask all members at once."""
        ...


@failing_last
async def refuse_unmanaged_authentication(
    settings: Settings, members: ObservableMembers, existing: Collection[str]
) -> None:
    """Raise ``UnmanagedAuthenticationError`` if members tell nothing because authentication is on.

    A gate does not ask the member that it lets change, so the only member of a cluster would be replaced. Where
    ``etcd:auth`` is set, the program's certificates work with authentication, and its own rules decide.
    """
    if settings.auth is not None or not existing or not await members.credentials_known():
        return
    silent = [
        name
        for name, status in (await members.observe()).items()
        if isinstance(status, MemberStatus) and status.problem == AUTHENTICATION
    ]
    if silent:
        advice = in_callers_words(REMEDIES[Situation.AUTHENTICATION_UNSET].text)
        raise UnmanagedAuthenticationError(
            f"{', '.join(sorted(silent))}: {AUTHENTICATION}. {advice} No member was changed"
        )
