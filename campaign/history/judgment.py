"""All checks of one history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign.history.changes import Changes
from campaign.history.files import read_histories
from campaign.history.leases import lease_problems
from campaign.history.linearizability import Verdict, check_linearizability
from campaign.history.present import present_problems
from campaign.history.problem import Problem
from campaign.history.reads import read_problems
from campaign.history.records import Call, KeyValue, Record
from campaign.history.revisions import revision_problems
from campaign.history.watches import watch_problems


@dataclass(frozen=True)
class Judgment:
    """What all checks found in a history."""

    calls: int
    acknowledged: int
    linearizability: Verdict
    problems: tuple[Problem, ...]
    """Includes those of the linearizability checker."""

    @property
    def passed(self) -> bool:
        """Whether every promise was kept, and proven."""
        return not self.problems


def judge(
    checker: Path,
    histories: Sequence[Path],
    members: Mapping[str, Sequence[KeyValue]],
    *,
    watched_until: int = 0,
    picture: Path | None = None,
) -> Judgment:
    """Check the files of one history, and the stores of the members at its end.

    ``checker`` is the linearizability checker. ``members`` is as ``present_problems`` needs it, ``watched_until`` as
    ``watch_problems`` does. Raises ``HistoryError``.
    """
    records = read_histories(histories)
    verdict = check_linearizability(checker, histories, picture=picture)
    calls = [record for record in records if isinstance(record, Call)]
    return Judgment(
        len(calls),
        sum(call.acknowledged for call in calls),
        verdict,
        (*verdict.problems, *problems_of(records, members, watched_until)),
    )


def problems_of(
    records: Sequence[Record], members: Mapping[str, Sequence[KeyValue]], watched_until: int = 0
) -> list[Problem]:
    """Return what all checks find that need no search."""
    changes = Changes(records)
    return [
        *revision_problems(records, changes),
        *read_problems(records, changes),
        *watch_problems(records, changes, watched_until),
        *lease_problems(records, changes),
        *present_problems(members, changes),
    ]
