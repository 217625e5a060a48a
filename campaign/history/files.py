"""Reads the files of histories."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from campaign.history.errors import HistoryError
from campaign.history.records import RECORD, Call, Record
from campaign.wrong_fields import wrong_fields


def read_histories(paths: Iterable[Path]) -> list[Record]:
    """Return the records of several processes, one process after the other."""
    return [record for path in paths for record in read_history(path)]


def read_history(path: Path) -> list[Record]:
    """Return the records of one process, in their order, each call once.

    A process that can be killed writes each call twice: before it sends it, with the outcome ``unknown`` and no end,
    and after it. The later record is kept. An incomplete last line is left out: its process was killed while it wrote
    it. Raises ``HistoryError``.
    """
    *lines, incomplete = path.read_bytes().split(b"\n")
    records = [_parse(path, number, line) for number, line in enumerate(lines, 1)]
    if incomplete:
        # Only the newline may be missing.
        records += _parse_incomplete(incomplete)
    last = {(record.client, record.call): record for record in records if isinstance(record, Call)}
    kept: list[Record] = []
    for record in records:
        if not isinstance(record, Call):
            kept.append(record)
        elif (final := last.pop((record.client, record.call), None)) is not None:
            kept.append(final)
    return kept


def _parse(path: Path, number: int, line: bytes) -> Record:
    try:
        return RECORD.validate_json(line)
    except ValidationError as error:
        raise HistoryError(
            f"line {number} of {path} is no record of a history: {wrong_fields(error)}"
        ) from error


def _parse_incomplete(line: bytes) -> list[Record]:
    try:
        return [RECORD.validate_json(line)]
    except ValidationError:
        return []
