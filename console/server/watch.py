"""Follows a source while at least one page listens, and tells every page what changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Any

from console.server.events import alive, changes, encoded, merged
from console.server.failure import failed_page
from console.server.source import Source
from console.view.page import Page

log = logging.getLogger(__name__)

ALIVE_SECONDS = 15.0
"""Seconds after which a page is told again that the server is there.

The page takes the server for lost when it misses two of them: ``SILENCE_SECONDS`` in ``console/page/stream.js``.
"""
LINGER_SECONDS = 15.0
"""Seconds for which a source goes on without a page: a reload closes the page, and opens it again.

On a busy machine a reload takes many seconds, and a source that ends ends the writer, too.
"""
RETRY_SECONDS = 2.0
"""Seconds after which a source that failed begins again."""


class Watch:
    """What one source says, for any number of pages."""

    def __init__(
        self,
        source: Source,
        *,
        linger: float = LINGER_SECONDS,
        alive: float = ALIVE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._linger = linger
        self._alive = alive
        self._clock = clock
        self._page: Page | None = None
        self._pages: set[_OpenPage] = set()
        self._following: asyncio.Task[None] | None = None
        self._ended: asyncio.Task[None] | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._over = False

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the events of one page: first all sections, then those that changed, until the page closes.

        Before them, and every ``alive`` seconds, the server's time. A page that reads slowly gets the last content of
        each section, and the last ``MOST_REQUESTS`` requests.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        with self._opened() as page:
            while not self._over:
                if loop.time() >= due:
                    yield alive(self._clock())
                    due = loop.time() + self._alive
                try:
                    async with asyncio.timeout_at(due):
                        await page.changed.wait()
                except TimeoutError:
                    continue
                for section, content in page.taken().items():
                    yield encoded(section, content)

    def end_streams(self) -> None:
        """End ``events`` of all pages."""
        self._over = True
        for page in self._pages:
            page.changed.set()

    async def close(self) -> None:
        """Stop to follow the source."""
        self._end()
        if self._ended is not None:
            await asyncio.wait([self._ended])

    @contextmanager
    def _opened(self) -> Generator[_OpenPage]:
        page = _OpenPage()
        if self._page is not None:
            page.tell(changes(None, self._page))
        self._pages.add(page)
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._following is None:
            self._following = asyncio.create_task(self._follow(self._ended))
        try:
            yield page
        finally:
            self._pages.remove(page)
            if not self._pages:
                self._ending = asyncio.get_running_loop().call_later(self._linger, self._end)

    def _end(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
        if self._following is not None:
            self._following.cancel()
            self._ended = self._following
        self._page = self._following = self._ending = None

    async def _follow(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            # A source is followed once at a time.
            await asyncio.wait([earlier])
        while True:
            try:
                await self._tell_pages()
            except Exception:
                log.exception("the source failed; it begins again in %g s", RETRY_SECONDS)
                self._tell(failed_page(self._page))
            await asyncio.sleep(RETRY_SECONDS)

    async def _tell_pages(self) -> None:
        async with aclosing(self._source.pages()) as pages:
            async for after in pages:
                self._tell(after)

    def _tell(self, after: Page) -> None:
        changed = changes(self._page, after)
        self._page = after
        for page in self._pages:
            page.tell(changed)


class _OpenPage:
    """What one page has not been sent yet."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._pending: dict[str, Any] = {}

    def tell(self, sections: dict[str, Any]) -> None:
        self._pending = merged(self._pending, sections)
        if self._pending:
            self.changed.set()

    def taken(self) -> dict[str, Any]:
        taken, self._pending = self._pending, {}
        self.changed.clear()
        return taken
