"""Checks the stores of all members at the end: each has every acknowledged write, and all are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaign.history.changes import Change, Changes
from campaign.history.problem import Problem
from campaign.history.records import KeyValue

CHECK = "present"

ALWAYS = 2**63 - 1
"""A revision, and a time, after all others."""


def present_problems(members: Mapping[str, Sequence[KeyValue]], changes: Changes) -> list[Problem]:
    """Return what the members lack or should not have.

    ``members`` has the keys of the workload in the store of each member, read from that member alone after all calls
    had ended and after it had caught up.
    """
    stores = {name: {one.key: one for one in kvs} for name, kvs in members.items()}
    found = [
        Problem(CHECK, f"member {name} has {_text(key, store.get(key))}, but {why}")
        for name, store in stores.items()
        for key in sorted({*changes.known_keys(), *store})
        if (why := _why_wrong(key, store.get(key), changes))
    ]
    return [*found, *_unequal(stores)]


def _why_wrong(key: str, stored: KeyValue | None, changes: Changes) -> str:
    last = changes.last_known(key, ALWAYS)
    if stored is None:
        gone = last is None or last.value is None or changes.possible_delete(key, ALWAYS, last)
        return "" if gone else f"the last change is {last}"
    if _precedes(stored, last):
        return f"the last change is {last}"
    return changes.why_impossible(key, stored.value, stored.mod_revision, ALWAYS)


def _precedes(stored: KeyValue, last: Change | None) -> bool:
    return last is not None and stored.mod_revision < last.revision


def _unequal(stores: Mapping[str, Mapping[str, KeyValue]]) -> list[Problem]:
    if not stores:
        return []
    (first, expected), *others = stores.items()
    return [
        Problem(
            CHECK,
            f"member {name} has {_text(key, store.get(key))}, but member {first} has {_text(key, expected.get(key))}",
        )
        for name, store in others
        for key in sorted({*expected, *store})
        if store.get(key) != expected.get(key)
    ]


def _text(key: str, stored: KeyValue | None) -> str:
    return f"no {key}" if stored is None else f"{key}={stored.value} of revision {stored.mod_revision}"
