"""Proves that a campaign finds bugs: with its bug, a schedule breaks a promise that it keeps without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from campaign.machines.bugs import BUGS, NO_BUG, Bug
from campaign.machines.carry_out import carry_out, remove
from campaign.machines.kept import new_folder
from localcloud.cloud import LocalCloud


def prove(cloud: LocalCloud, names: Sequence[str], folder: Path, say: Callable[[str], None]) -> int:
    """Carry out the schedule of each bug, without it and with it. Returns how many bugs were found."""
    return sum(_is_found(cloud, name, folder, say) for name in names)


def _is_found(cloud: LocalCloud, name: str, folder: Path, say: Callable[[str], None]) -> bool:
    bug = BUGS[name]
    say(f"{name}: {bug.what}")
    without = _broken(cloud, bug, NO_BUG, new_folder(folder, f"{name}-without"), say)
    found = _broken(cloud, bug, bug, new_folder(folder, f"{name}-with"), say)
    if without & bug.breaks:
        say(f"{name}: its schedule breaks {', '.join(sorted(without & bug.breaks))} without the bug as well")
    elif found & bug.breaks:
        say(f"{name}: found by {', '.join(sorted(found & bug.breaks))}")
    else:
        say(f"{name}: NOT FOUND")
    return bool(found & bug.breaks) and not without & bug.breaks


def _broken(cloud: LocalCloud, bug: Bug, active: Bug, kept: Path, say: Callable[[str], None]) -> set[str]:
    """The checks that found something."""
    verdict = carry_out(cloud, bug.schedule, kept, say, active)
    if not verdict.failed:
        remove(kept)
    return {problem.check for problem in verdict.problems}
