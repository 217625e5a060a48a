"""What an operator has to say before a recovery gives up what a cluster may hold."""

from __future__ import annotations

from dataclasses import dataclass

from etcd_node.recovery.survey import Survey


@dataclass(frozen=True)
class Consent:
    """What the operator said beyond the command itself."""

    even_with_quorum: bool = False
    give_up: str = ""
    """The name of the cluster that is given up."""
    silent_are_down: bool = False
    """None of the silent members runs."""


@dataclass(frozen=True)
class Objection:
    """Why a recovery must not go on."""

    reason: str
    unless: tuple[str, ...]
    """What to add to the command so that it does."""


def refusal(call: Survey, cluster: str, consent: Consent) -> Objection | None:
    """Whether anything speaks against a recovery; ``cluster`` is the name of the one that would be given up.

    The cluster has a quorum, and the operator has not said twice that it is given up; or members are silent, which
    may have one, and the operator has not said that none of them runs.
    """
    if call.quorum:
        state = (
            f"the cluster has a quorum of {', '.join(call.quorum)}, so it goes on by itself, and who has no data "
            "rejoins it"
        )
        if not consent.even_with_quorum:
            return Objection(f"{state}. To give up what it holds all the same", ("--even-with-quorum",))
        if consent.give_up != cluster:
            return Objection(f"{state}. To give it up, name it as well", ("--give-up", cluster))
        return None
    if call.silent and not consent.silent_are_down:
        return Objection(
            f"no quorum answers, but {'; '.join(map(str, call.silent))}. Silent is not down: they may run, and have "
            "a quorum that this member does not see. Power them off, or look at their consoles. When none of them "
            "runs",
            ("--silent-are-down",),
        )
    return None
