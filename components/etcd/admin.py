"""Changes of a running cluster, by a member's gRPC API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import grpc

from .credentials import TlsTexts
from .grpc_api import LOCAL_CODES, Connection, RefusedCallError

CHANGE_TIMEOUT_SECONDS = 10
"""The limit of the wait for one change."""
HASH_TIMEOUT_SECONDS = 120
"""The limit of the wait for a hash. A member reads its whole database for it, perhaps from a slow disk."""
REJECTED = "TSI_DATA_CORRUPTED"
"""gRPC's words for a certificate that the other side rejects."""
CALLS_AT_ONCE = 64
"""How many small requests are under way at once on one connection."""


@dataclass(frozen=True)
class DataHash:
    """The hash of a member's keys and values at one revision."""

    hash: int
    compact_revision: int
    """The revision of the last compaction. The hash depends on it as well."""


class ChangeRefusedError(Exception):
    """The member did not make a change. The text says why."""

    def __init__(self, text: str, *, temporary: bool = False) -> None:
        super().__init__(text)
        self.temporary = temporary
        """Whether another member may make it, or the same one later."""


class MemberAdmin:
    """One member at its address. Requests show the certificate of ``texts``, and use no DNS.

    All methods raise ``ChangeRefusedError``.
    """

    def __init__(self, name: str, address: str, texts: TlsTexts) -> None:
        self._name = name
        self._address = address
        self._texts = texts

    async def transfer_leadership(self, to: str) -> None:
        """Make the member with the id ``to`` the leader. This member must lead."""
        await self._change("Maintenance/MoveLeader", {"targetID": int(to)})

    async def remove_member(self, member: str) -> None:
        """Remove the member with the id ``member`` from the cluster."""
        await self._change("Cluster/MemberRemove", {"ID": int(member)})

    async def data_hash(self, revision: int) -> DataHash:
        """The hash of the member's data at this revision.

        The member applies no write meanwhile: for about half a second per GiB.
        """
        answer = await self._change(
            "Maintenance/HashKV", {"revision": revision}, seconds=HASH_TIMEOUT_SECONDS
        )
        return DataHash(answer.hash, answer.compact_revision)

    async def grant_lease(self, lease: int, seconds: int) -> None:
        """Create a lease with this id, which expires after ``seconds``."""
        await self._change("Lease/LeaseGrant", {"ID": lease, "TTL": seconds})

    async def has_lease(self, lease: int) -> bool:
        """Whether the cluster has a lease with this id."""
        answer = await self._change("Lease/LeaseTimeToLive", {"ID": lease})
        # The value is -1 when there is no such lease.
        return answer.TTL > 0

    async def revoke_lease(self, lease: int) -> None:
        """Revoke the lease with this id, if there is one."""
        async with self.calls() as calls:
            await calls.revoke_lease(lease)

    async def append_entries(self, count: int) -> None:
        """Add at least ``count`` entries to Raft's log, which change nothing.

        Each request revokes a lease that does not exist. etcd finds that out only after it has agreed on the entry.
        """
        async with self.calls() as calls:

            async def append(share: int) -> None:
                for _ in range(share):
                    await calls.revoke_lease(1)

            await asyncio.gather(*(append(-(-count // CALLS_AT_ONCE)) for _ in range(CALLS_AT_ONCE)))

    @asynccontextmanager
    async def calls(self) -> AsyncGenerator[Calls]:
        """Many changes over one connection."""
        with Connection(self._name, self._address, self._texts) as connection:
            yield Calls(self._name, self._address, connection, valid_until=self._texts.valid_until)

    async def _change(
        self, method: str, fields: Mapping[str, Any], *, seconds: float = CHANGE_TIMEOUT_SECONDS
    ) -> Any:
        async with self.calls() as calls:
            return await calls.change(method, fields, seconds=seconds)


class Calls:
    """Changes over one open connection to a member. All methods raise ``ChangeRefusedError``."""

    def __init__(self, name: str, address: str, connection: Connection, *, valid_until: datetime) -> None:
        """``valid_until`` is the end of the validity of the certificate that the connection shows."""
        self._valid_until = valid_until
        self._name = name
        self._address = address
        self._connection = connection

    async def change(
        self, method: str, fields: Mapping[str, Any], *, seconds: float = CHANGE_TIMEOUT_SECONDS
    ) -> Any:
        """Call a method of ``grpc_api.py``. Returns its answer."""
        try:
            return await self._connection.call(method, fields, seconds=seconds)
        except RefusedCallError as error:
            raise self._refused(method, error) from error

    async def revoke_lease(self, lease: int) -> None:
        """Revoke the lease with this id, if there is one."""
        method = "Lease/LeaseRevoke"
        try:
            await self._connection.call(method, {"ID": lease}, seconds=CHANGE_TIMEOUT_SECONDS)
        except RefusedCallError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise self._refused(method, error) from error

    def _refused(self, method: str, error: RefusedCallError) -> ChangeRefusedError:
        # etcd says by one of these that it has no leader, or that it is a learner.
        temporary = error.code in LOCAL_CODES
        if error.answered:
            text = f"{self._name} answered {error.code.name} to {method}: {error}"
        else:
            text = f"{self._name} at {self._address} did not answer to {method}: {self._reason(str(error))}"
        return ChangeRefusedError(text, temporary=temporary)

    def _reason(self, text: str) -> str:
        """gRPC's words, and what they mean where a member has rejected the certificate."""
        if self._valid_until < datetime.now(UTC):
            return (
                f"this program's certificate was valid until {self._valid_until:%Y-%m-%d %H:%M} UTC ({text})"
            )
        if REJECTED in text:
            return f"the member may not trust the CA of this program's certificate ({text})"
        return text


T = TypeVar("T")
Change = Callable[[Calls], Awaitable[T]]
"""A change by calls of one member."""
