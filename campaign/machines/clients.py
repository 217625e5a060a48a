"""The clients that use a cluster during a schedule, and record a history.

Their program is in ``localcloud/toolchain/gomodules/lifecycle-client/campaign``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from campaign.history.records import KeyValue, Outcome
from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd_clients import ensure_campaign_client
from testbed.agent import Pipe, Process


class Stopped(BaseModel):
    """What the clients did until they stopped."""

    model_config = ConfigDict(frozen=True)

    calls: Mapping[str, Mapping[Outcome, int]]
    """The number of calls since the program began, by operation and outcome."""

    leases_left: int
    """Leases that could not be revoked. Each still has its time to live of 10 s, and then deletes its keys."""

    def count(self, *outcomes: Outcome) -> int:
        """Return the number of all calls, or of those with one of some outcomes."""
        return sum(
            number
            for by_outcome in self.calls.values()
            for outcome, number in by_outcome.items()
            if not outcomes or outcome in outcomes
        )


class Stores(BaseModel):
    """What each member has at the end."""

    model_config = ConfigDict(frozen=True)

    watched_until: int
    """The revision of the cluster. All stores were read at it."""

    stores: Mapping[str, tuple[KeyValue, ...]]
    """The keys of each member that could be read."""

    problems: Mapping[str, str]
    """Why a member could not be read, or did not catch up within a minute."""


class Clients:
    """The clients of one history. A run ends with ``stop``, ``stores`` and ``watched``, in this order."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    @classmethod
    def inside(
        cls, cloud: LocalCloud, bundle: Path, history: Path, *, prefix: str, seed: int, members: Sequence[str]
    ) -> Self:
        """Begin the program inside a local cloud.

        ``bundle`` is a folder with ``ca.pem``, ``client.pem`` and ``client-key.pem``. It may change. No key under
        ``prefix`` may exist. ``seed`` decides what the clients do. ``members`` are names with port 2379.
        """
        return cls(Process(cloud, command(bundle, history, prefix=prefix, seed=seed, members=members)))

    def start(self) -> None:
        """Begin calls, leases and watches. Waits up to a minute for the cluster. May be called after ``stop``."""
        self._pipe.order("start")

    def set_members(self, names: Sequence[str]) -> None:
        """Use these members from now on. The watch of a removed member goes on at the others."""
        self._pipe.order("members", names=list(names))

    def stop(self) -> Stopped:
        """End all calls and leases. Watches go on. The history has all calls when this returns, after 18 s at most."""
        return Stopped.model_validate(self._pipe.order("stop"))

    def stores(self, names: Sequence[str]) -> Stores:
        """Read each member alone, after ``stop``. Waits up to a minute until all have caught up."""
        return Stores.model_validate(self._pipe.order("stores", names=list(names)))

    def watched(self, revision: int) -> tuple[str, ...]:
        """End the watches when they have seen a revision. Returns those that have not seen it after 30 s."""
        return tuple(self._pipe.order("watched", revision=revision))

    def __enter__(self) -> Self:
        self._pipe.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.__exit__(*_)


def command(bundle: Path, history: Path, *, prefix: str, seed: int, members: Sequence[str]) -> list[str]:
    """Return the command of the program, which is built if it is missing."""
    program = str(ensure_campaign_client())
    return [program, str(bundle.resolve()), str(history.resolve()), prefix, str(seed), *members]
