"""Which options of the command line go together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from campaign.errors import CampaignError


@dataclass(frozen=True)
class Use:
    """What an option makes of a campaign."""

    what: str
    """What it does, after "which"."""

    takes: frozenset[str] = frozenset()
    """The other options that have an effect then."""


USES: Mapping[str, Use] = {
    "--replay": Use("carries out one kept schedule", frozenset({"--bug"})),
    "--shrink": Use("carries out one kept schedule, and shorter ones", frozenset({"--bug"})),
    "--model": Use("runs new schedules of the models, without machines", frozenset({"--seed", "--workers"})),
    "--bug": Use("carries out the schedule of each bug, in one cloud"),
    "--schedules": Use(
        "carries out a number of schedules on machines", frozenset({"--seed", "--clouds", "--keep"})
    ),
    "--minutes": Use(
        "carries out schedules on machines for a time", frozenset({"--seed", "--clouds", "--keep"})
    ),
}
"""The options that decide what a campaign does. If several are set, the first one decides."""


def check_options(given: Collection[str]) -> None:
    """Check that each of the options has an effect. Raises ``CampaignError``."""
    main = next((name for name in USES if name in given), None)
    if "--workers" in given and "--model" not in given:
        raise CampaignError(
            "--workers is set without --model: it is the number of processes for schedules of the models. "
            "Leave out --workers, or set --model"
        )
    if main is None:
        return
    use = USES[main]
    if idle := sorted(set(given) - use.takes - {main}):
        *rest, last = idle
        names = f"{', '.join(rest)} and {last} are" if rest else f"{last} is"
        effect = (
            "they have no effect there. Leave them out" if rest else "it has no effect there. Leave it out"
        )
        raise CampaignError(f"{names} set beside {main}, which {use.what}: {effect}, or leave out {main}")


def check_minutes(minutes: float) -> None:
    """Check that there is time for a schedule. Raises ``CampaignError``."""
    # Written so that it refuses NaN too, with which no comparison is true.
    if not minutes > 0:
        raise CampaignError(
            f"--minutes is {minutes:g}: no schedule would begin. Set more than 0, or leave it out"
        )
