"""Which run of the engine this is."""

from __future__ import annotations

from contextvars import ContextVar

ENGINE_RUN: ContextVar[str] = ContextVar("engine_run", default="")
"""What tells a run from others in a process that serves several, such as the plugin."""
