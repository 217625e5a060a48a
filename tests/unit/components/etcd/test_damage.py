"""Damage to a member's data is named by etcd's last words."""

from __future__ import annotations

import pytest

from components.etcd.damage import damage_in


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("discovery failed: walpb: crc mismatch: expected: 4b1f21db computed: a786db8", "its log is damaged"),
        ("failed to open database: invalid database", "its database is damaged"),
        ("panic: assertion failed: Page expected to be: 5, but self identifies as 7", "its database is damaged"),
        ("fatal error: fault", "its database is damaged"),
        ("tocommit(75) is out of range [lastIndex(24)]. Was the raft log corrupted, truncated, or lost?",
         "its data is older than what it has acknowledged, such as a copy of the data"),
        ("failed to read WAL: read 0.wal: input/output error", ""),
        ("failed to open database: open db: permission denied", ""),
        ("cannot commit tx: write db: no space left on device", ""),
        ("listen tcp 0.0.0.0:2380: bind: address already in use", ""),
    ],
)  # fmt: skip
def test_last_words_name_the_damage(words: str, meaning: str) -> None:
    assert damage_in(words) == meaning
