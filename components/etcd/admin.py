"""Changes of a running cluster, by a member's JSON gateway (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx

from components.api.http_client import Call, NoAnswerError, ask_member
from components.shared.ports import CLIENT_PORT

CHANGE_TIMEOUT_SECONDS = 10
CONNECTIONS = 16
"""At once, where many small requests are made."""


class RefusedError(Exception):
    """The member did not carry out a change; the text says why."""


class MemberAdmin:
    """One member at its address, asked with the operator's certificate. Needs no DNS."""

    def __init__(self, name: str, address: str, context: ssl.SSLContext) -> None:
        self._name = name
        self._address = address
        self._context = context

    async def move_leadership(self, to: str) -> None:
        """Make the member with id ``to`` the leader. This member must be the leader. Raises ``RefusedError``."""
        await self._post("/v3/maintenance/transfer-leadership", {"targetID": to})

    async def remove(self, member: str) -> None:
        """Take the member with id ``member`` off the cluster's list. Raises ``RefusedError``."""
        await self._post("/v3/cluster/member/remove", {"ID": member})

    async def grant_lease(self, lease: int, seconds: int) -> None:
        """Make a lease with this id, which ends after so many ``seconds``. Raises ``RefusedError``."""
        await self._post("/v3/lease/grant", {"ID": str(lease), "TTL": str(seconds)})

    async def has_lease(self, lease: int) -> bool:
        """Whether the cluster's leader has a lease with this id. Raises ``RefusedError``."""
        answer = await self._post("/v3/lease/timetolive", {"ID": str(lease)})
        # -1 where there is none; etcd leaves a 0 out.
        return int(answer.json().get("TTL", 0)) > 0

    async def revoke_lease(self, lease: int) -> None:
        """End the lease with this id; one that does not exist is no error. Raises ``RefusedError``."""
        path = "/v3/lease/revoke"
        (answer,) = await self._ask([Call(path, {"ID": str(lease)})])
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise self._refused(path, answer)

    async def append_entries(self, count: int) -> None:
        """Add at least ``count`` entries to Raft's log that change nothing. Raises ``RefusedError``.

        Each one revokes a lease that does not exist, which etcd agrees on before it finds that out.
        """
        share = [Call("/v3/lease/revoke", {"ID": "1"})] * -(-count // CONNECTIONS)
        await asyncio.gather(*(self._ask(share) for _ in range(CONNECTIONS)))

    async def _post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        (answer,) = await self._ask([Call(path, body)])
        if answer.status_code != HTTPStatus.OK:
            raise self._refused(path, answer)
        return answer

    def _refused(self, path: str, answer: httpx.Response) -> RefusedError:
        return RefusedError(f"{self._name} answers {answer.status_code} to {path}: {answer.text}")

    async def _ask(self, calls: Sequence[Call]) -> list[httpx.Response]:
        try:
            return await ask_member(
                self._name,
                self._address,
                CLIENT_PORT,
                self._context,
                calls,
                seconds=CHANGE_TIMEOUT_SECONDS,
            )
        except NoAnswerError as error:
            raise RefusedError(f"{self._name} at {self._address}: {error}") from error
