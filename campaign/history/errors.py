"""Errors of histories."""

from __future__ import annotations


class HistoryError(Exception):
    """A history cannot be read or checked. The message says which one and why."""
