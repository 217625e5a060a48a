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
    """Whether authentication may be on, and must be off before a member changes.

    While ``auth`` is not set, somebody may have switched it on by hand, or a restored backup may have it on.
    """
    return old != "off" and new == "off"


def not_switched_off(old: str, reason: str) -> str:
    """Why a run does not go on without having switched authentication off. ``old`` is the recorded setting."""
    back = f"set {key_of('auth')} back to true" if old == "on" else f"remove {key_of('auth')}"
    return (
        f"{key_of('auth')} is {OFF}, and was {shown_auth(old)}: authentication was not switched off: {reason}. "
        f"Run pulumi up again. If it fails again, {back}, and complete a pulumi up that repairs the members first"
    )


def needs_it_off(old: str, new: str) -> bool:
    """Whether members get the certificates that work with authentication, and it must be off until they have them."""
    return not old and new == "on"


def on_by_hand() -> str:
    """Why members do not get these certificates while authentication is on already."""
    return (
        f"{key_of('auth')} is true, and was not set: authentication is on already, without this program. Members "
        f"cannot change while it is on and they lack the certificates for it. Set {key_of('auth')} to {OFF} and "
        "complete a pulumi up first, which switches it off. If this stack's state is older than the cluster, import "
        "its newest export instead: pulumi stack import --file FILE"
    )


def unknown_by_hand(reason: str) -> str:
    """Why members do not get these certificates while it is unknown whether authentication is on."""
    return (
        f"{key_of('auth')} is true, and was not set: whether authentication is on already is unknown: {reason}. Run "
        f"pulumi up again. If it fails again, remove {key_of('auth')}, and complete a pulumi up that repairs the "
        "members first"
    )
