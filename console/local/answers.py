"""What a member says about itself, asked again and again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.api.http_client import NoAnswerError
from components.etcd.member_status import (
    TLS_ERRORS,
    Cause,
    MemberStatus,
    NoStatus,
    Observation,
    read_status,
)
from components.shared.ports import CLIENT_PORT
from console.local.member_connection import MemberConnection

RARELY_SECONDS = 5.0
"""Seconds for which the member list and the version count. They change at most once in a run's step."""


@dataclass(frozen=True)
class Answer:
    """What one member answered last."""

    observation: Observation
    database_bytes: int | None = None
    quota_bytes: int | None = None
    """etcd 3.6 and later say it."""


class MemberQuestions:
    """Asks one member. Not thread-safe."""

    def __init__(self, address: str, connection: MemberConnection) -> None:
        self._address = address
        self._connection = connection
        self._rare: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
        self._asked = 0.0
        self._leader: str = ""

    def ask(self) -> Answer:
        """Ask once. Never raises."""
        where = f"https://{self._address}:{CLIENT_PORT}"
        try:
            return self._ask()
        except NoAnswerError as error:
            self._rare = None
            reason = next((meaning for text, meaning in TLS_ERRORS.items() if text in str(error)), str(error))
            return Answer(
                NoStatus(f"{where}: {reason}", Cause.UNRESPONSIVE if error.connected else Cause.SILENT)
            )
        except (KeyError, TypeError, ValueError) as error:
            return Answer(NoStatus(f"{where} does not answer as etcd does: {error!r}"))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self) -> Answer:
        health = self._connection.ask("/health")
        status: dict[str, Any] = self._connection.ask("/v3/maintenance/status", {})
        now = time.monotonic()
        leader = str(status.get("leader", "0"))
        # After a change of the leader, the member list may have changed, too.
        if self._rare is None or now - self._asked > RARELY_SECONDS or leader != self._leader:
            members = self._connection.ask("/v3/cluster/member/list", {})
            self._rare = members, self._connection.ask("/version")
            self._asked, self._leader = now, leader
        observed = read_status(health, status, *self._rare)
        return Answer(observed, _number(status, "dbSize"), _number(status, "dbSizeQuota"))


def leads(status: MemberStatus) -> bool:
    """Whether a member leads."""
    return status.leader == status.member_id != ""


def _number(status: Mapping[str, Any], key: str) -> int | None:
    # The gateway leaves out a number that is 0.
    return int(status[key]) if key in status else None
