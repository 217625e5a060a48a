"""What the client of etcd's own ``clientv3`` saw during one operation.

Its source is in ``localcloud/toolchain/gomodules/lifecycle-client``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Clientv3Figures:
    """The figures of its writers, watches and leases together."""

    acknowledged: int
    failed: int
    """Attempts to write without an acknowledgement."""
    timed_out: int
    """Those that etcd lost between a member and its leader, while the leadership was transferred.

    The member answers after 7 s: https://github.com/etcd-io/etcd/issues/5214.
    """
    stall_ms: int
    """The longest time without an acknowledged write. Below 200 ms it is 0."""
    own_stall_ms: int
    """The longest such time, without the standstills of this machine."""
    wait_ms: int
    """The longest time until a write was acknowledged, without those that timed out. Below 200 ms it is 0."""
    own_wait_ms: int
    events_lost: int
    events_repeated: int
    events_misordered: int
    watches_ended: int
    """Watches that the client had to start again. The others moved to another member unnoticed."""
    leases_expired: int

    @classmethod
    def of(cls, report: Mapping[str, Any], stood_still: Callable[[float, float], float]) -> Self:
        """The figures in a report. ``stood_still`` returns the seconds of standstill between two moments."""

        def longest(spans: Iterable[tuple[float, float]]) -> int:
            return round(1000 * max((end - begin for begin, end in spans), default=0))

        def own(spans: Iterable[tuple[float, float]]) -> int:
            return longest((begin + stood_still(begin, end), end) for begin, end in spans)

        return cls(
            stall_ms=longest(report["stalls"]),
            own_stall_ms=own(report["stalls"]),
            wait_ms=longest(report["waits"]),
            own_wait_ms=own(report["waits"]),
            **{key: value for key, value in report.items() if key not in ("stalls", "waits")},
        )

    @property
    def good(self) -> bool:
        """Whether each event came once and in order, and each lease lived on."""
        return not (self.events_lost or self.events_repeated or self.events_misordered or self.leases_expired)

    def line(self) -> str:
        return (
            f"stall {self.stall_ms:5} ms (own {self.own_stall_ms:5})  wait {self.wait_ms:5} ms "
            f"(own {self.own_wait_ms:5})  acknowledged {self.acknowledged:5}  "
            f"failed {self.failed}  timed out {self.timed_out}  "
            f"events lost {self.events_lost} repeated {self.events_repeated} "
            f"misordered {self.events_misordered}  watches ended {self.watches_ended}  "
            f"leases expired {self.leases_expired}"
        )
