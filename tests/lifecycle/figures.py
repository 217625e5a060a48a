"""The figures that ``make lifecycle`` prints at the end: one line per case, and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from tests.lifecycle.clientv3 import Clientv3Figures


@dataclass(frozen=True)
class Case:
    """One operation with the writer, the client and the observer beside it."""

    name: str
    cluster: str
    """The stack that it ran on."""
    acknowledged: int
    failed: int
    retried: int
    lost: int
    clusters: frozenset[str]
    """Ids of the clusters that members said they were in."""
    max_down: int
    max_off: int
    stall_ms: int
    own_stall_ms: int
    """The longest stall without the time in which this machine's disk or processor stalled."""
    client: Clientv3Figures
    planned: bool
    """Whether the program alone took members down."""
    clients_cut: bool
    """Whether the members' units cut clients' connections when etcd stops."""
    seconds: float

    @property
    def quiet(self) -> bool:
        """Whether the client of ``clientv3`` must notice nothing."""
        return self.planned and self.clients_cut

    def line(self) -> str:
        return (
            f"{self.seconds:6.1f} s  stall {self.stall_ms:5} ms (own {self.own_stall_ms:5})  "
            f"down {self.max_down}  off {self.max_off}  "
            f"acknowledged {self.acknowledged:5}  failed {self.failed:3}  retried {self.retried:3}  "
            f"lost {self.lost}  clientv3: {self.client.line()}  {self.name}{'' if self.planned else ' (not planned)'}"
        )


CASES = TypeAdapter(list[Case])


@dataclass
class Figures:
    """All cases of a session."""

    cases: list[Case] = field(default_factory=list[Case])

    def add(self, dumped: bytes) -> None:
        """Add the cases that another process dumped."""
        self.cases += CASES.validate_json(dumped)

    def dump(self) -> bytes:
        """Return the cases for another process."""
        return CASES.dump_json(self.cases)

    @property
    def lost(self) -> int:
        return sum(case.lost for case in self.cases)

    @property
    def clusters(self) -> int:
        """The most cluster ids that the members of one stack ever had."""
        stacks = {case.cluster for case in self.cases}
        return max((len(self._ids(stack)) for stack in stacks), default=0)

    @property
    def max_down(self) -> int:
        return max((case.max_down for case in self.cases), default=0)

    @property
    def good(self) -> bool:
        return (
            self.lost == 0
            and self.clusters <= 1
            and self.max_down <= 1
            and all(case.client.good for case in self.cases if case.quiet)
        )

    def lines(self) -> Sequence[str]:
        """One for each case, slowest first, and the last one for all."""
        acknowledged = sum(case.acknowledged for case in self.cases)
        planned = [case.client for case in self.cases if case.quiet]
        stall = max((case.stall_ms for case in self.cases), default=0)
        return [
            *(case.line() for case in sorted(self.cases, key=lambda case: -case.seconds)),
            f"acknowledged={acknowledged} lost={self.lost} clusters={self.clusters} "
            f"max_down={self.max_down} longest_stall_ms={stall} "
            f"clientv3: longest_stall_ms={max((client.stall_ms for client in planned), default=0)} "
            f"longest_wait_ms={max((client.wait_ms for client in planned), default=0)} "
            f"timed_out={sum(client.timed_out for client in planned)} "
            f"events_lost={sum(client.events_lost for client in planned)} "
            f"leases_expired={sum(client.leases_expired for client in planned)}",
        ]

    def _ids(self, stack: str) -> frozenset[str]:
        return frozenset[str]().union(*(case.clusters for case in self.cases if case.cluster == stack))
