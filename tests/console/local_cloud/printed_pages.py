"""Prints the pages of a production stack's console, one JSON document a line."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from console.production.source import ProductionSource


async def print_pages(stack: str, folder: Path) -> None:
    """Print each page as soon as it differs from the one before."""
    async for page in ProductionSource(stack, folder).pages():
        print(page.model_dump_json(), flush=True)


if __name__ == "__main__":
    asyncio.run(print_pages(sys.argv[1], Path(sys.argv[2])))
