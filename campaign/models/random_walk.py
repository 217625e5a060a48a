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
T = TypeVar("T")

KINDS = (0.0, 0.1, 1.0, 1.0, 5.0)
"""How often one kind of step comes, against the others. One is drawn for each kind, and now and then all are drawn
again. So a walk has chapters: what never comes in one is common in the next."""

RARE_KINDS = (0.0, 0.0, 0.01, 0.05, 0.3)
"""The same for kinds that a model calls rare."""

STEPS = (0.0, 1.0, 1.0)
"""How often one step comes, against the others of its kind. So some members lead another life than the others."""

CHAPTER = 40
"""How many steps a chapter has on average."""


@dataclass(frozen=True)
class Walk:
    """What was chosen, and what came of it."""

    start: int
    """The index of the state in which it began."""
    choices: tuple[str, ...]
    failure: Failure | None
    impossible: int = 0
    """How many choices a replay left out, because they were not possible."""


class Weights:
    """What a walk prefers in its present chapter."""

    def __init__(self, random: Random, rare: Sequence[str]) -> None:
        self._random = random
        self._rare = rare
        self._kinds: dict[str, float] = {}
        self._steps: defaultdict[str, float] = defaultdict(lambda: random.choice(STEPS))

    def choose(self, options: Sequence[tuple[str, S]]) -> tuple[str, S]:
        """Choose a kind, and then a step of this kind: a kind of which many steps are possible comes no more often."""
        if not self._random.randrange(CHAPTER):
            self._kinds.clear()
            self._steps.clear()
        kinds: defaultdict[str, list[tuple[str, S]]] = defaultdict(list)
        for option in options:
            kinds[kind(option[0])].append(option)
        names = list(kinds)
        chosen = kinds[self._one_of(names, [self._weight(name) for name in names])]
        return self._one_of(chosen, [self._steps[text] for text, _ in chosen])

    def _weight(self, name: str) -> float:
        if name not in self._kinds:
            rare = any(part in name for part in self._rare)
            self._kinds[name] = self._random.choice(RARE_KINDS if rare else KINDS)
        return self._kinds[name]

    def _one_of(self, values: Sequence[T], weights: Sequence[float]) -> T:
        """Choose by weight, or any of them if none has a weight."""
        return self._random.choices(values, weights if any(weights) else None)[0]


def random_walk(model: Model[S], seed: str, longest: int) -> Walk:
    """Go at random, for at most ``longest`` steps, until a promise is broken or nothing more can happen."""
    random = Random(seed)  # noqa: S311 - a walk has to come again from its seed
    starts = model.starts()
    start = random.randrange(len(starts))
    state = starts[start]
    weights = Weights(random, model.rare)
    choices: list[str] = []
    for _ in range(random.randint(longest // 4, longest)):
        options = model.options(state)
        if isinstance(options, Failure):
            return Walk(start, tuple(choices), options)
        if not options:
            break
        text, state = weights.choose(options)
        choices.append(text)
    return Walk(start, tuple(choices), _failure(model, state))


def replay(model: Model[S], start: int, choices: Sequence[str]) -> Walk:
    """Choose the same again. The walk that comes back has only the choices that were possible."""
    state = model.starts()[start]
    taken: list[str] = []
    impossible = 0
    for choice in choices:
        options = model.options(state)
        if isinstance(options, Failure):
            return Walk(start, tuple(taken), options, impossible)
        following = next((after for text, after in options if text == choice), None)
        if following is None:
            impossible += 1
        else:
            state = following
            taken.append(choice)
    return Walk(start, tuple(taken), _failure(model, state), impossible)


@cache
def kind(text: str) -> str:
    """A step's text without the names in it."""
    return re.sub(r"(member|backup)-\d( and member-\d)*", r"\1", text)


def _failure(model: Model[S], state: S) -> Failure | None:
    options = model.options(state)
    return options if isinstance(options, Failure) else model.failure_at_end(state)
