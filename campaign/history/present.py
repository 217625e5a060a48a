"""Checks the stores of all members at the end: each has every acknowledged write, and all are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaign.history.changes import Change, Changes
from campaign.history.problem import Problem
from campaign.history.records import KeyValue

LOST = "present"
"""The check that finds acknowledged writes which a member lacks."""

STORES = "stores"
"""The check that finds anything else that is wrong with a member's store: it proves no lost write."""

ALWAYS = 2**63 - 1
"""A revision, and a time, after all others."""


def present_problems(members: Mapping[str, Sequence[KeyValue]], changes: Changes) -> list[Problem]:
    """Return what the members lack or should not have.

    ``members`` has the keys of the workload in the store of each member, read from that member alone after all calls
    had ended and after it had caught up.
    """
    stores = {name: {one.key: one for one in kvs} for name, kvs in members.items()}
    found = [
        Problem(wrong[0], f"member {name} has {_text(key, store.get(key))}, but {wrong[1]}")
        for name, store in stores.items()
        for key in sorted({*changes.known_keys(), *store})
        if (wrong := _wrong(key, store.get(key), changes)) is not None
    ]
    return [*found, *_unequal(stores)]


def _wrong(key: str, stored: KeyValue | None, changes: Changes) -> tuple[str, str] | None:
    """The check that finds something wrong with a key, and what that is."""
    last = changes.last_known(key, ALWAYS)
    if last is not None and _lacks(stored, last, changes):
        return LOST, f"the last change is {last}"
    if stored is None:
        return None
    why = changes.why_impossible(key, stored.value, stored.mod_revision, ALWAYS)
    return (STORES, why) if why else None


def _lacks(stored: KeyValue | None, last: Change, changes: Changes) -> bool:
    """Whether a store is without the last acknowledged change of a key."""
    if stored is None:
        return last.value is not None and not changes.possible_delete(last.key, ALWAYS, last)
    return stored.mod_revision < last.revision


def _unequal(stores: Mapping[str, Mapping[str, KeyValue]]) -> list[Problem]:
    if not stores:
        return []
    (first, expected), *others = stores.items()
    return [
        Problem(
            STORES,
            f"member {name} has {_text(key, store.get(key))}, but member {first} has {_text(key, expected.get(key))}",
        )
        for name, store in others
        for key in sorted({*expected, *store})
        if store.get(key) != expected.get(key)
    ]


def _text(key: str, stored: KeyValue | None) -> str:
    return f"no {key}" if stored is None else f"{key}={stored.value} of revision {stored.mod_revision}"
