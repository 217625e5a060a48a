"""The rules of authentication: which setting may follow which, and when a run switches it off first.

While etcd enforces permissions, members and the program identify themselves by certificates that clusters without
``auth`` do not have. So authentication is switched off in one run, and these certificates are removed in a later one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..config.naming import key_of

Auth = Literal["on", "off", ""]
"""What ``auth`` requests, as a record keeps it. It is empty if the key is not set."""

OFF = "false"
"""The value of the key to which the advice leads."""


def recorded_auth(auth: bool | None) -> Auth:
    """The text that stands for a setting in a record."""
    if auth is None:
        return ""
    return "on" if auth else "off"


def shown_auth(recorded: str) -> str:
    """The value of the key that a record stands for."""
    return {"on": "true", "off": OFF}.get(recorded, "not set")


def authentication_is_switched_off_first(old: str, new: str) -> Iterator[str]:
    """The certificates that work with authentication are removed only while it is off."""
    if old == "on" and not new:
        yield (
            f"{key_of('auth')} is not set, and was true: members would lose the certificates with which they and this "
            f"program act while etcd enforces permissions. Set it to {OFF} and complete a pulumi up first"
        )


def switches_off(old: str, new: str) -> bool:
    """Whether authentication may be on, and must be off before a member changes."""
    return old == "on" and new == "off"


def not_switched_off(reason: str) -> str:
    """Why a run does not go on without having switched authentication off."""
    return (
        f"{key_of('auth')} is {OFF}, and was true: authentication was not switched off: {reason}. "
        f"Run pulumi up again. If it fails again, set {key_of('auth')} back to true, and complete a pulumi up that "
        "repairs the members first"
    )
