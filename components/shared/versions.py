"""Parses etcd's versions, so that they can be compared."""

from __future__ import annotations

Version = tuple[int, int, int]
"""The three numbers of a version, which compare in the order of the versions."""


def parse_version(version: str) -> Version:
    """``(3, 6, 14)`` of ``3.6.14``."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def minor_version(version: str) -> tuple[int, int]:
    """``(3, 6)`` of ``3.6.14``."""
    return parse_version(version)[:2]
