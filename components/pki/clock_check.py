"""Refuses to issue certificates while this machine's clock is wrong."""

from __future__ import annotations

import pulumi

from ..api.clock import ApiClock
from ..config.hooks import resource_hook


class ClockError(pulumi.RunError):
    """This machine's clock is wrong. The text says by how much, and what to do."""


def clock_hook(cluster: str, clock: ApiClock) -> pulumi.ResourceHook:
    """A hook before each certificate is created. It runs in previews as well."""

    def check(_: pulumi.ResourceHookArgs) -> None:
        check_clock(clock)

    return resource_hook(f"{cluster}-clock", check, in_previews=True)


def check_clock(clock: ApiClock) -> None:
    """Raise ``ClockError`` if certificates that are issued now would have wrong dates."""
    if clock.problem:
        raise ClockError(
            f"{clock.problem}. Certificates that are issued now would not be valid yet on the members, or would expire "
            "too early. Nothing was issued"
        )
