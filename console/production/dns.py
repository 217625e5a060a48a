"""What the resolver of this machine answers for the members' names."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

SECONDS = 15.0
"""Seconds after which a resolver counts as silent."""


async def resolve(names: Sequence[str]) -> dict[str, str | None]:
    """The IPv4 address of each name; empty if there is no record, ``None`` if the resolver does not tell."""
    answers = await asyncio.gather(*(_resolve(name) for name in names))
    return dict(zip(names, answers, strict=True))


async def _resolve(name: str) -> str | None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            found = await loop.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return "" if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)} else None
    except (TimeoutError, OSError):
        return None
    return str(found[0][4][0]) if found else ""
