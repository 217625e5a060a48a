"""Errors that a user of the toolchain reads."""

from __future__ import annotations


class ToolchainError(RuntimeError):
    """A tool cannot be built, found or installed. The text says which, why and what to do."""
