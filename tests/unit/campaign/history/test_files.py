"""The files of histories."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from campaign.history.errors import HistoryError
from campaign.history.files import read_histories, read_history
from campaign.history.records import CompareAndSwap, Outcome, Put, Written

from .calls import event, found, get, put, write_history
from .simulated_etcd import simulate


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    records = simulate(1).records
    assert read_history(write_history(tmp_path / "history", records)) == records


def test_an_incomplete_last_record_is_left_out(tmp_path: Path) -> None:
    line = put(1, 2, "a", "x", revision=2).model_dump_json()
    assert len(read_history(write(tmp_path / "history", f"{line}\n{line[:-9]}"))) == 1


def test_a_complete_last_record_needs_no_newline(tmp_path: Path) -> None:
    one, other = (put(1, 2, "a", "x", revision=2).model_dump_json() for _ in range(2))
    assert len(read_history(write(tmp_path / "history", f"{one}\n{other}"))) == 2


def test_a_broken_record_before_the_last_is_an_error(tmp_path: Path) -> None:
    line = put(1, 2, "a", "x", revision=2).model_dump_json()
    with pytest.raises(HistoryError, match=r"line 1 of .*history is no record"):
        read_history(write(tmp_path / "history", f"{line[:-9]}\n{line}\n"))


def test_of_a_call_that_was_written_twice_the_later_counts(tmp_path: Path) -> None:
    records = [
        put(1, None, "a", "x", outcome=Outcome.UNKNOWN, call=7),
        event(2, "a", "x", 2),
        put(1, 3, "a", "x", revision=2, call=7),
    ]
    first, second = read_history(write_history(tmp_path / "history", records))
    assert isinstance(first, Put)
    assert first.answer == Written(revision=2)
    assert second == event(2, "a", "x", 2)


def test_several_files_are_one_history(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_history(tmp_path / name, [get(1, 2, "a", found("a", "x", 2), revision=2)])
    assert len(read_histories([tmp_path / "one", tmp_path / "two"])) == 2


def test_an_acknowledged_call_has_an_answer_and_an_end() -> None:
    with pytest.raises(ValidationError, match="calls have an answer if, and only if, it is ok"):
        Put(client="c", call=1, begin=1, end=2, outcome=Outcome.OK, key="a", value="x")
    with pytest.raises(ValidationError, match="outcome is ok but there is no end"):
        put(1, None, "a", "x", revision=2)
    with pytest.raises(ValidationError, match="end is before begin"):
        put(2, 1, "a", "x", revision=2)


def test_a_transaction_compares_either_value_or_revision() -> None:
    with pytest.raises(ValidationError, match="set either expected_value or expected_mod_revision"):
        CompareAndSwap(client="c", call=1, begin=1, outcome=Outcome.UNKNOWN, key="a", value="x")
