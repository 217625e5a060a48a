"""Warns the operator by when certificates must be renewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pulumi

from ..api.clock import ApiClock
from ..config.hooks import resource_hook
from ..run_log import log
from .validity import Renewal


def announce(
    name: str, renewal: pulumi.Output[Renewal], *, clock: ApiClock, opts: pulumi.ResourceOptions
) -> pulumi.Output[dict[str, str]]:
    """Return the dates as an output of the stack, and warn if one is near or past.

    A stash keeps the dates of the last run. So a run that renews certificates, and its preview, can name the date of
    the old ones; the new ones are not due for long. The API's ``clock`` decides, since this machine's may be wrong.
    """
    dates = renewal.apply(Renewal.shown)

    def renews(args: pulumi.ResourceHookArgs) -> None:
        recorded = (args.old_inputs or {}).get("input")
        # After a repair of the state, the dates may be unknown.
        if isinstance(recorded, Mapping):
            before = Renewal.recorded(cast("Mapping[str, str]", recorded))
            _warn(before.warning(clock.now()))

    hook = resource_hook(f"{name}-certificates", renews, in_previews=True)
    pulumi.Stash(
        f"{name}-certificates",
        input=dates,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
        ),
    )

    def look(current: Renewal) -> None:
        _warn(current.warning(clock.now()))
        _warn(current.authority_warning())

    renewal.apply(look)
    return dates


def _warn(text: str) -> None:
    if text:
        log.warn(text)
