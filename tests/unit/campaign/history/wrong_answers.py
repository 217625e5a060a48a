"""Makes one answer of a history wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from campaign.history.records import CompareAndSwap, Event, Get, KeyValue, Outcome, Put, Record, WatchEvents


def with_stale_read(records: Sequence[Record], seed: int) -> list[Record]:
    """Let one linearizable read return an earlier value of its key. Its revision remains."""
    earlier: dict[str, KeyValue] = {}
    stale: list[tuple[int, Get]] = []
    for place, record in enumerate(records):
        if not isinstance(record, Get) or record.answer is None or not record.answer.found:
            continue
        (now,) = record.answer.found
        before = earlier.setdefault(record.key, now)
        if before.mod_revision < now.mod_revision and not record.serializable:
            answer = record.answer.model_copy(update={"found": (before,)})
            stale.append((place, record.model_copy(update={"answer": answer})))
    place, record = Random(seed).choice(stale)  # noqa: S311
    return [*records[:place], record, *records[place + 1 :]]


def with_wrong_answer(records: Sequence[Record], seed: int) -> list[Record]:
    """Make one answer or event wrong, in one of several ways."""
    random = Random(seed)  # noqa: S311
    changes: list[Callable[[Record], Record | None]] = [
        _without_value,
        _of_another_value,
        _of_another_revision,
        _swapped_or_not,
        _failed,
        _without_event,
        _with_event_twice,
    ]
    wrong: list[tuple[int, Record]] = []
    while not wrong:
        change = random.choice(changes)
        wrong = [
            (place, changed)
            for place, record in enumerate(records)
            if (changed := change(record)) is not None
        ]
    place, record = random.choice(wrong)
    return [*records[:place], record, *records[place + 1 :]]


def _with_found(record: Record, change: Callable[[KeyValue], tuple[KeyValue, ...]]) -> Record | None:
    if not isinstance(record, Get) or record.answer is None or not record.answer.found:
        return None
    answer = record.answer.model_copy(update={"found": change(record.answer.found[0])})
    return record.model_copy(update={"answer": answer})


def _without_value(record: Record) -> Record | None:
    return _with_found(record, lambda _: ())


def _of_another_value(record: Record) -> Record | None:
    return _with_found(record, lambda one: (one.model_copy(update={"value": "never written"}),))


def _of_another_revision(record: Record) -> Record | None:
    return _with_found(record, lambda one: (one.model_copy(update={"mod_revision": one.mod_revision - 1}),))


def _swapped_or_not(record: Record) -> Record | None:
    if not isinstance(record, CompareAndSwap) or record.answer is None:
        return None
    answer = record.answer.model_copy(update={"succeeded": not record.answer.succeeded, "found": None})
    return record.model_copy(update={"answer": answer})


def _failed(record: Record) -> Record | None:
    if not isinstance(record, Put) or record.outcome is not Outcome.OK:
        return None
    return record.model_copy(update={"outcome": Outcome.FAILED, "answer": None})


def _with_events(record: Record, change: Callable[[tuple[Event, ...]], tuple[Event, ...]]) -> Record | None:
    if not isinstance(record, WatchEvents):
        return None
    return record.model_copy(update={"events": change(record.events)})


def _without_event(record: Record) -> Record | None:
    return _with_events(record, lambda events: events[1:])


def _with_event_twice(record: Record) -> Record | None:
    return _with_events(record, lambda events: (*events, events[0]))
