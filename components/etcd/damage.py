"""The kind of damage to a member's data, by etcd's last words. Each kind was made on purpose, and its words noted."""

from __future__ import annotations

DAMAGE = {
    "crc mismatch": "its log is damaged",
    "is out of range [lastIndex": "its data is older than what it has acknowledged, such as a copy of the data",
    "failed to open database": "its database is damaged",
    "assertion failed: Page": "its database is damaged",
    "invalid database": "its database is damaged",
    "fatal error: fault": "its database is damaged",
    "unexpected fault address": "its database is damaged",
    "input/output error": "its disk cannot be read",
}
"""Words of etcd and of Go's runtime, and what they mean. etcd ends with them at every start."""


def damage_in(last_words: str) -> str:
    """What is wrong with a member's data; empty when its last words name no damage."""
    return next((meaning for words, meaning in DAMAGE.items() if words in last_words), "")
