"""The console in a browser's tab, with a source that a test changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Browser, Locator, Page, expect

from console.view.actions import Action
from console.view.page import Page as Documents
from tests.console.browser.rolling_change import START, moment
from tests.console.fake_source import FakeSource, healthy_page
from tests.console.serving import served

LIMIT_MS = 30_000.0
SAID = """
window.said = [];
new MutationObserver(() => {
  const text = document.getElementById("announcements")?.textContent;
  if (text && text !== window.said.at(-1)) window.said.push(text);
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""Collects what a screen reader is told. Each sentence stays for a second only."""


@dataclass
class ServerClock:
    """The clock of the console's server."""

    time: float = START

    def __call__(self) -> float:
        return self.time


@dataclass
class Opened:
    """The console in a tab."""

    tab: Page
    source: FakeSource
    url: str
    stop_server: Callable[[], Awaitable[None]]
    clock: ServerClock
    problems: list[str] = field(default_factory=list[str])
    """What the page wrote on the browser's console as an error."""

    @property
    def actions(self) -> Sequence[Action]:
        """What the page has posted."""
        return self.source.actions

    @property
    def sentence(self) -> Locator:
        """The sentence about the cluster's state."""
        return self.tab.locator("[data-part=sentence]")

    def card(self, number: int) -> Locator:
        """The card of a member."""
        return self.tab.locator(f"#member-{number}")

    def fact(self, number: int, name: str) -> Locator:
        """The value beside a name on a member's card."""
        rows = self.card(number).locator(".facts > div")
        return rows.filter(has=self.tab.get_by_text(name, exact=True)).locator("dd")

    async def hears(self, text: str) -> None:
        """Wait until a screen reader has been told this."""
        async with asyncio.timeout(LIMIT_MS / 1000):
            while not any(text in said for said in await self.tab.evaluate("window.said")):
                await asyncio.sleep(0.05)

    async def change(self, second: int) -> None:
        """Show a second of the rolling change."""
        self.clock.time = START + second
        await self.tab.clock.set_fixed_time(self.clock.time)
        self.source.set(**moment(second))


@asynccontextmanager
async def opened(
    browser: Browser,
    documents: Documents | None = None,
    *,
    width: int = 1200,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
    motion: Literal["no-preference", "reduce"] = "no-preference",
    permissions: Sequence[str] = (),
) -> AsyncIterator[Opened]:
    """Open the console. At the end, nothing may have gone wrong in the browser."""
    source, clock = FakeSource(documents or healthy_page()), ServerClock()
    async with AsyncExitStack() as serving:
        url = await serving.enter_async_context(served(source, clock=clock))
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion=motion,
            permissions=list(permissions),
        )
        context.set_default_timeout(LIMIT_MS)
        expect.set_options(timeout=LIMIT_MS)
        try:
            tab = await context.new_page()
            await tab.add_init_script(SAID)
            console = Opened(tab, source, url, serving.aclose, clock)
            tab.on(
                "console", lambda said: console.problems.append(said.text) if said.type == "error" else None
            )
            tab.on("pageerror", lambda error: console.problems.append(str(error)))
            await tab.clock.set_fixed_time(START)
            await tab.goto(url)
            await expect(tab.locator("[data-part=connection]")).to_have_text("live")
            yield console
            assert console.problems == []
        finally:
            await context.close()
