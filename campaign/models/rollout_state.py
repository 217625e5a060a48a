"""The states of the rollout model: members with data volumes, the account's tags, and a run."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from campaign.models.members import NAMES_OF

CLUSTER = "etcd"


class Machine(StrEnum):
    """A member's machine, as the world has it."""

    MISSING = "there is no droplet"
    OFF = "it was shut down, and does not start by itself"
    STARTING = "it boots, and its etcd is not healthy yet"
    HEALTHY = "its etcd is healthy"
    UNHEALTHY = "it has booted, and its etcd is not healthy"


class Member(NamedTuple):
    """One member, as the world and as the engine's state have it."""

    machine: Machine = Machine.HEALTHY
    known: bool = True
    """Whether the engine's state has its droplet."""
    outdated: bool = False
    """Whether the engine would replace the droplet."""
    recorded: bool = True
    """Whether the gate's input is unchanged, so that the engine does not call its hook."""

    @property
    def exists(self) -> bool:
        """Whether there is a droplet."""
        return self.machine is not Machine.MISSING

    @property
    def booted(self) -> bool:
        """Whether its etcd has been healthy since it booted."""
        return self.machine in {Machine.HEALTHY, Machine.UNHEALTHY}

    @property
    def healthy(self) -> bool:
        """Whether its etcd is healthy."""
        return self.machine is Machine.HEALTHY


class Left(StrEnum):
    """What earlier runs have left in the account's tags."""

    NOTHING = "a run succeeded, or has corrected the tags"
    ALL_AT_ONCE = "the last run was all-at-once"
    TORN_DOWN = "a teardown was interrupted"

    def tags(self, size: int) -> frozenset[str]:
        """The account's tags of a cluster with this number of members."""
        return {
            Left.NOTHING: frozenset({f"{CLUSTER}-up", f"{CLUSTER}-size-{size}", f"{CLUSTER}-one-at-a-time"}),
            Left.ALL_AT_ONCE: frozenset(
                {f"{CLUSTER}-up", f"{CLUSTER}-size-{size}", f"{CLUSTER}-all-at-once"}
            ),
            Left.TORN_DOWN: frozenset({f"{CLUSTER}-one-at-a-time"}),
        }[self]


class Phase(StrEnum):
    """Where a run is with a member."""

    REPAIR = "repair"
    GATE = "gate"
    DROPLET = "droplet"
    DELETE = "delete"
    CREATE = "create"


class Run(NamedTuple):
    """A run under way."""

    existing: frozenset[str]
    """Members that had a droplet when it began."""
    unguarded: bool
    """Whether it began while the tags let every member shut down."""
    member: int
    phase: Phase
    to_repair: int | None = None
    """The member that it changed before all others, because it alone was unhealthy."""
    replacing: int | None = None
    """The member that ``--replace`` names, which no later run remembers."""


class Limits(NamedTuple):
    """What keeps the number of states finite. The default is that of the exploration of three members."""

    changes: int = 1
    """How often the configuration changes: a second change repeats the states of one."""
    outside: int = 2
    """How often something is done to a droplet outside of any run."""
    replaceable: tuple[int, ...] = (1,)
    """The members that ``--replace`` may name."""
    quorum_stays: bool = False
    """Whether a droplet is deleted outside only while a quorum of others has booted."""


class State(NamedTuple):
    """All that the model distinguishes."""

    members: tuple[Member, ...] = (Member(),) * 3
    run: Run | None = None
    left: Left = Left.NOTHING
    changes: int = 0
    """How often the configuration changed."""
    outside: int = 0
    """How often something was done to a droplet outside of any run."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members."""
        return NAMES_OF[len(self.members)]

    def with_member(self, index: int, **fields: object) -> State:
        """The state after a change of one member."""
        members = list(self.members)
        members[index] = members[index]._replace(**fields)  # pyright: ignore[reportArgumentType]
        return self._replace(members=tuple(members))

    def at(self, member: int, phase: Phase) -> State:
        """The state when the run has come to a member's phase."""
        if self.run is None:
            raise ValueError("no run is under way")
        return self._replace(run=self.run._replace(member=member, phase=phase))

    def ended(self) -> State:
        """The state after the run."""
        return self._replace(run=None)

    def healthy(self) -> tuple[bool, ...]:
        """Which members are healthy."""
        return tuple(member.healthy for member in self.members)


def replace_all(state: State) -> State:
    """A change of the configuration that replaces every droplet."""
    for index in range(len(state.members)):
        state = state.with_member(index, outdated=True, recorded=False)
    return state
