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
}
"""Words of etcd and of Go's runtime, and what they mean. etcd ends with them at every start."""

NO_DAMAGE = ("permission denied", "input/output error")
"""Words of the system: etcd may not read its data, or its disk cannot be read. The data itself may be well."""


def damage_in(last_words: str) -> str:
    """What is wrong with a member's data; empty when its last words name no damage."""
    if any(words in last_words for words in NO_DAMAGE):
        return ""
    return next((meaning for words, meaning in DAMAGE.items() if words in last_words), "")
