"""Checks before a recovery: it must not discard the data of a cluster that may still run."""

from __future__ import annotations

from dataclasses import dataclass

from etcd_node.recovery.survey import MemberState, Survey
from etcd_node.recovery.verdict import step


@dataclass(frozen=True)
class Consent:
    """The operator's answers to the checks, given as options of the command."""

    even_with_quorum: bool = False
    give_up: str = ""
    """The name of the cluster whose data is discarded."""
    silent_are_down: bool = False
    """None of the silent members runs."""
    others_are_older: bool = False
    """No other member has newer data."""


@dataclass(frozen=True)
class Objection:
    """The reason why a recovery must not continue."""

    reason: str
    """Whole sentences."""
    condition: str
    """The condition under which the command may continue with ``options``; the command follows it."""
    options: tuple[str, ...]


def find_objection(survey: Survey, cluster: str, consent: Consent) -> Objection | None:
    """Return the objection to a recovery that discards the cluster named ``cluster``, or ``None``.

    A quorum needs two options of the operator. Silent members may have a quorum, so they need one option.
    """
    if survey.quorum:
        reason = f"{survey.quorum_text}. It continues by itself, and members without data rejoin it."
        if not consent.even_with_quorum:
            return Objection(reason, "To discard its data anyway, run", ("--even-with-quorum",))
        if consent.give_up != cluster:
            return Objection(reason, "To discard its data, also name the cluster", ("--give-up", cluster))
        return None
    if refusing := survey.having(MemberState.REFUSES, MemberState.HAS_LEADER):
        return Objection(
            f"{'; '.join(map(str, refusing))}: it may run in a quorum.",
            "If it does not, power it off, and then run",
            (),
        )
    if survey.silent and not consent.silent_are_down:
        return Objection(
            f"No quorum answers, but {'; '.join(map(str, survey.silent))}. Silent is not down: a silent member may "
            "run in a quorum that this member cannot see. Power it off, or look at its console.",
            "When no silent member runs, continue with",
            ("--silent-are-down",),
        )
    return None


def newer_data(survey: Survey, consent: Consent) -> Objection | None:
    """Return the objection to a cluster of one while others may have data that is newer, or ``None``."""
    others = survey.having(MemberState.OFF, MemberState.STOPPED, MemberState.NO_LEADER)
    if not others or consent.others_are_older:
        return None
    steps = "\n".join(step(one) for one in others)
    return Objection(
        f"Another member may have newer data:\n\n{steps}\n\n",
        "If none has (docs/recovery.md, One survivor), continue with",
        ("--others-are-older",),
    )
