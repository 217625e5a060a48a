"""Drives a model at random, and replays what was chosen.

A walk is the list of the texts of its choices. A replay skips a choice that is not possible any more, so a walk from
which some choices were dropped is a walk again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

from campaign.models.model import Failure, Model

S = TypeVar("S")

WEIGHTS = (0.02, 0.2, 1.0, 1.0, 5.0)
"""How often one kind of step comes, against the others. Each walk draws one for each kind, so each walk has a character
of its own: what is rare in one is common in the next."""


@dataclass(frozen=True)
class Walk:
    """What was chosen, and what came of it."""

    start: int
    """The index of the state in which it began."""
    choices: tuple[str, ...]
    failure: Failure | None


def random_walk(model: Model[S], random: Random, longest: int) -> Walk:
    """Go at random, for at most ``longest`` steps, until a promise is broken or nothing more can happen."""
    starts = model.starts()
    start = random.randrange(len(starts))
    state = starts[start]
    weights: defaultdict[str, float] = defaultdict(lambda: random.choice(WEIGHTS))
    choices: list[str] = []
    for _ in range(random.randint(longest // 4, longest)):
        options = model.options(state)
        if isinstance(options, Failure):
            return Walk(start, tuple(choices), options)
        if not options:
            break
        text, state = _choice(options, weights, random)
        choices.append(text)
    return Walk(start, tuple(choices), _failure(model, state))


def replay(model: Model[S], start: int, choices: Sequence[str]) -> Walk:
    """Choose the same again. The walk that comes back has only the choices that were possible."""
    state = model.starts()[start]
    taken: list[str] = []
    for choice in choices:
        options = model.options(state)
        if isinstance(options, Failure):
            return Walk(start, tuple(taken), options)
        following = next((after for text, after in options if text == choice), None)
        if following is not None:
            state = following
            taken.append(choice)
    return Walk(start, tuple(taken), _failure(model, state))


@cache
def kind(text: str) -> str:
    """A step's text without the names in it."""
    return re.sub(r"(member|backup)-\d( and member-\d)*", r"\1", text)


def _choice(
    options: Sequence[tuple[str, S]], weights: defaultdict[str, float], random: Random
) -> tuple[str, S]:
    """Choose a kind by its weight, and then any step of this kind: a kind with many steps comes no more often."""
    kinds: defaultdict[str, list[tuple[str, S]]] = defaultdict(list)
    for option in options:
        kinds[kind(option[0])].append(option)
    (chosen,) = random.choices(list(kinds), [weights[one] for one in kinds])
    return random.choice(kinds[chosen])


def _failure(model: Model[S], state: S) -> Failure | None:
    options = model.options(state)
    return options if isinstance(options, Failure) else model.failure_at_end(state)
