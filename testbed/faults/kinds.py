"""The types of faults."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from testbed.cluster import Cluster

MemberFault = Callable[[Cluster, str], AbstractContextManager[None]]
"""A fault of a member, given by its name."""
