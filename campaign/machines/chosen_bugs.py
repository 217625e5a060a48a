"""Which bugs the option ``--bug`` names."""

from __future__ import annotations

from collections.abc import Sequence

from campaign.errors import CampaignError
from campaign.machines.bugs import BUGS, NO_BUG, Bug

ALL = "all"
"""The name that stands for all bugs."""


def chosen_bugs(names: Sequence[str]) -> list[str]:
    """The names of the bugs, each once. Raises ``CampaignError`` for a name that no bug has."""
    _check(names)
    return list(BUGS) if ALL in names else list(dict.fromkeys(names))


def bug_of_kept_schedule(names: Sequence[str]) -> Bug:
    """The bug for a kept schedule, or ``NO_BUG`` without a name. Raises ``CampaignError``."""
    _check(names)
    if ALL in names or len(set(names)) > 1:
        raise CampaignError(
            f"--bug is {', '.join(names)}: a kept schedule is carried out with one bug. Choose one of {', '.join(BUGS)}"
        )
    return next((BUGS[name] for name in names), NO_BUG)


def _check(names: Sequence[str]) -> None:
    if unknown := sorted(set(names) - {*BUGS, ALL}):
        raise CampaignError(f"--bug is {', '.join(unknown)}: choose of {', '.join([*BUGS, ALL])}")
