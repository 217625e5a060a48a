"""Which actions a person has to confirm."""

from __future__ import annotations

from console.view.actions import Action

_HURTING = {"power-off", "pause", "cut-off", "wipe", "destroy"}


def needs_confirmation(action: Action) -> bool:
    """Return whether an action hurts the cluster, and nobody has confirmed it."""
    return action.kind in _HURTING and not getattr(action, "confirmed", False)
