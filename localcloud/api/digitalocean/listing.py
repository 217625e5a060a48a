"""The droplets that a listing shows, which faults can make stale or partial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.types import Scope

from localcloud.api.cloud import Cloud
from localcloud.api.model import Droplet

_STALE = "stale_droplets"
_OMITTED = "omitted_droplets"


def make_stale(scope: Scope, droplets: Mapping[str, list[Droplet]]) -> None:
    """Let a request see these droplets of each account, by the account's name."""
    _state(scope)[_STALE] = droplets


def leave_out(scope: Scope, names: Iterable[str]) -> None:
    """Let a request see no droplets with these names."""
    _state(scope)[_OMITTED] = {*_state(scope).get(_OMITTED, ()), *names}


def listed(cloud: Cloud, scope: Scope) -> list[Droplet]:
    """Return the droplets that a request sees, the oldest first."""
    state = _state(scope)
    droplets = state[_STALE][cloud.account.name] if _STALE in state else cloud.store.all(Droplet)
    return [droplet for droplet in droplets if droplet.name not in state.get(_OMITTED, ())]


def _state(scope: Scope) -> dict[str, Any]:
    return scope.setdefault("state", {})
