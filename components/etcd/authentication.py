"""Whether etcd enforces permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class AuthCalls(Protocol):
    """Calls of one member's gRPC API. ``admin.py`` implements it."""

    async def change(self, method: str, fields: Mapping[str, Any]) -> Any:
        """Call a method such as ``Auth/UserAdd``. Raises ``ChangeRefusedError``."""
        ...


async def is_enabled(calls: AuthCalls) -> bool:
    """Whether authentication is on. Raises ``ChangeRefusedError``."""
    return bool((await calls.change("Auth/AuthStatus", {})).enabled)
