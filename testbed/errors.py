"""Errors of the testbed."""

from __future__ import annotations

from typing import ClassVar


class TestbedError(Exception):
    """An operation on a cluster did not do what it has to do. The text says what the operation printed."""

    __test__: ClassVar = False
    """Its name begins like that of a class of tests, which pytest would collect."""
