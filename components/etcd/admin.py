"""Changes of a running cluster, by a member's JSON gateway (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from ..api.http_client import Call, NoAnswerError, ask_member
from ..shared.ports import CLIENT_PORT

CHANGE_TIMEOUT_SECONDS = 10
"""The limit of each wait for a member."""
HASH_TIMEOUT_SECONDS = 120
"""The limit of the wait for a hash. A member reads its whole database for it, perhaps from a slow disk."""
HASH_PATH = "/v3/maintenance/hashkv"
CONNECTIONS = 16
"""The number of connections that share many small requests."""


@dataclass(frozen=True)
class DataHash:
    """The hash of a member's keys and values at one revision."""

    hash: int
    compact_revision: int
    """The revision of the last compaction. The hash depends on it as well."""


class ChangeRefusedError(Exception):
    """The member did not make a change. The text says why."""


class MemberAdmin:
    """One member at its address. Requests carry the operator's certificate, and use no DNS."""

    def __init__(self, name: str, address: str, context: ssl.SSLContext) -> None:
        self._name = name
        self._address = address
        self._context = context

    async def transfer_leadership(self, to: str) -> None:
        """Make the member with the id ``to`` the leader. This member must lead. Raises ``ChangeRefusedError``."""
        await self._post("/v3/maintenance/transfer-leadership", {"targetID": to})

    async def remove_member(self, member: str) -> None:
        """Remove the member with the id ``member`` from the cluster. Raises ``ChangeRefusedError``."""
        await self._post("/v3/cluster/member/remove", {"ID": member})

    async def data_hash(self, revision: int) -> DataHash:
        """The hash of the member's data at this revision. Raises ``ChangeRefusedError``.

        The member applies no write meanwhile: for about half a second per GiB.
        """
        (answer,) = await self._ask(
            [Call(HASH_PATH, {"revision": str(revision)})], seconds=HASH_TIMEOUT_SECONDS
        )
        if answer.status_code != HTTPStatus.OK:
            raise self._refused(HASH_PATH, answer)
        values = answer.json()
        return DataHash(int(values.get("hash", 0)), int(values.get("compact_revision", 0)))

    async def grant_lease(self, lease: int, seconds: int) -> None:
        """Create a lease with this id, which expires after ``seconds``. Raises ``ChangeRefusedError``."""
        await self._post("/v3/lease/grant", {"ID": str(lease), "TTL": str(seconds)})

    async def has_lease(self, lease: int) -> bool:
        """Whether the cluster has a lease with this id. Raises ``ChangeRefusedError``."""
        answer = await self._post("/v3/lease/timetolive", {"ID": str(lease)})
        # The value is -1 when there is no such lease. etcd leaves out a 0.
        return int(answer.json().get("TTL", 0)) > 0

    async def revoke_lease(self, lease: int) -> None:
        """Revoke the lease with this id, if there is one. Raises ``ChangeRefusedError``."""
        path = "/v3/lease/revoke"
        (answer,) = await self._ask([Call(path, {"ID": str(lease)})])
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self._refused(path, answer)

    async def append_entries(self, count: int) -> None:
        """Add at least ``count`` entries to Raft's log, which change nothing. Raises ``ChangeRefusedError``.

        Each request revokes a lease that does not exist. etcd finds that out only after it has agreed on the entry.
        """
        share = [Call("/v3/lease/revoke", {"ID": "1"})] * -(-count // CONNECTIONS)
        await asyncio.gather(*(self._ask(share) for _ in range(CONNECTIONS)))

    async def _post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        (answer,) = await self._ask([Call(path, body)])
        if answer.status_code != HTTPStatus.OK:
            raise self._refused(path, answer)
        return answer

    def _refused(self, path: str, answer: httpx.Response) -> ChangeRefusedError:
        return ChangeRefusedError(f"{self._name} answered {answer.status_code} to {path}: {answer.text}")

    async def _ask(
        self, calls: Sequence[Call], *, seconds: float = CHANGE_TIMEOUT_SECONDS
    ) -> list[httpx.Response]:
        try:
            return await ask_member(
                self._name,
                self._address,
                CLIENT_PORT,
                self._context,
                calls,
                seconds=seconds,
            )
        except NoAnswerError as error:
            raise ChangeRefusedError(f"{self._name} at {self._address} did not answer: {error}") from error
