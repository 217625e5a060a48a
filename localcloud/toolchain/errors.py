"""What a user reads when a tool cannot be had."""

from __future__ import annotations


class ToolchainError(RuntimeError):
    """A tool could not be built, found or installed. The text says which, why and what to do."""
