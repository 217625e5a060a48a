"""Runs the linearizability checker on the files of a history.

The checker is a Go program with porcupine: ``localcloud/toolchain/checker.py`` builds it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from campaign.history.errors import HistoryError
from campaign.history.problem import Problem

CHECK = "linearizability"

SECONDS = 60.0
"""Seconds after which the checker gives up."""

GRACE_SECONDS = 120.0
"""More seconds for reading the files, for the search for an explanation, and for the picture."""


class FailedPartition(BaseModel):
    """Keys whose calls are not proven to be linearizable."""

    model_config = ConfigDict(frozen=True)

    keys: tuple[str, ...]
    verdict: Literal["illegal", "unknown"]
    operations: int
    ordered: int = 0
    """How many of the operations can be ordered."""

    stuck: tuple[str, ...] = ()
    """The first operations that fit into no order after those."""


class Verdict(BaseModel):
    """What the checker says about a history."""

    model_config = ConfigDict(frozen=True)

    verdict: Literal["ok", "illegal", "unknown"]
    """``unknown`` if time or memory was not enough. It proves nothing, so it is no success."""

    reason: str = ""
    operations: int
    partitions: int
    failed: tuple[FailedPartition, ...]
    seconds: float

    @property
    def problems(self) -> list[Problem]:
        """The partitions without a proof; an empty list if the history is linearizable."""
        if self.verdict == "unknown" and not self.failed:
            return [Problem(CHECK, f"nothing is proven: {self.reason}")]
        return [Problem(CHECK, self._text(failed)) for failed in self.failed]

    def _text(self, failed: FailedPartition) -> str:
        keys = ", ".join(failed.keys)
        if failed.verdict == "unknown":
            return f"nothing is proven about {keys} with {failed.operations} operations: {self.reason}"
        if not failed.stuck:
            return f"the {failed.operations} operations on {keys} are not linearizable"
        return (
            f"the {failed.operations} operations on {keys} are not linearizable: after {failed.ordered} of them, no "
            f"order has a place for {'; '.join(failed.stuck)}"
        )


def check_linearizability(
    checker: Path, histories: Sequence[Path], *, picture: Path | None = None, seconds: float = SECONDS
) -> Verdict:
    """Judge the files of one history together.

    ``picture`` is written if the history is not linearizable: a page for a browser that shows the operations around
    the first failure. Raises ``HistoryError`` if the checker fails.
    """
    argv: list[str | Path] = [checker, f"-seconds={seconds}"]
    if picture is not None:
        argv.append(f"-picture={picture}")
    try:
        run = subprocess.run(
            [*argv, *histories], capture_output=True, text=True, check=False, timeout=seconds + GRACE_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise HistoryError(f"the linearizability checker did not end within {error.timeout:.0f} s") from error
    if run.returncode:
        raise HistoryError(
            f"the linearizability checker ended with status {run.returncode}: {run.stderr.strip() or 'it says nothing'}"
        )
    try:
        return Verdict.model_validate_json(run.stdout)
    except ValidationError as error:
        raise HistoryError(f"the linearizability checker gave no verdict: {run.stdout!r}") from error
