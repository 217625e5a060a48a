"""Takes the pictures of the console for the pages: ``python -m tests.console.screenshots --url http://127.0.0.1:9070``.

It waits for a run of Pulumi that has taken a member down, so that the pictures show a rolling change. Without ``--url``
it shows a made-up one.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.console.browser.rolling_change import START, moment
from tests.console.fake_source import FakeSource, healthy_page
from tests.console.serving import served

FOLDER = Path(__file__).parents[2] / "docs/images"
LARGEST = 150 * 1024
"""Bytes of a picture."""
WIDE = ViewportSize(width=1360, height=1180)
PHONE = ViewportSize(width=390, height=844)
SECOND = 13
"""The second of the made-up change."""
WAIT_MS = 600_000.0
"""How long the script waits for a run."""


@asynccontextmanager
async def console(url: str | None) -> AsyncGenerator[str]:
    """Yield the URL of the console, of a made-up one without ``url``."""
    if url:
        yield url
        return
    source = FakeSource(healthy_page())
    source.set(**moment(SECOND))
    async with served(source) as made_up:
        yield made_up


async def take(tab: Page, name: str) -> None:
    """Write what a tab shows into a file of the folder."""
    session = await tab.context.new_cdp_session(tab)
    answer = await session.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    picture = base64.b64decode(answer["data"])
    if len(picture) > LARGEST:
        sys.exit(f"{name} has {len(picture)} bytes, at most {LARGEST} are allowed: lower the quality")
    (FOLDER / name).write_bytes(picture)
    sys.stdout.write(f"{FOLDER / name}: {len(picture)} bytes\n")


async def open_tab(browser: Browser, url: str, size: ViewportSize, *, real: bool) -> Page:
    """Open the console in a tab."""
    context = await browser.new_context(viewport=size)
    tab = await context.new_page()
    if not real:
        await tab.clock.set_fixed_time(START + SECOND)
    await tab.goto(url)
    await tab.wait_for_selector(".member")
    return tab


async def main(url: str | None) -> None:
    """Take all pictures while one member is down."""
    FOLDER.mkdir(exist_ok=True)
    async with console(url) as shown, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", chromium_sandbox=os.geteuid() != 0
        )
        tabs = {
            "console": await open_tab(browser, shown, WIDE, real=url is not None),
            "console-phone": await open_tab(browser, shown, PHONE, real=url is not None),
        }
        await tabs["console-phone"].evaluate("document.getElementById('members').scrollIntoView()")
        for tab in tabs.values():
            await tab.wait_for_selector(".down[data-cause=run][data-open]", timeout=WAIT_MS)
        for scheme in ("light", "dark"):
            for name, tab in tabs.items():
                await tab.emulate_media(color_scheme=scheme)
                await take(tab, f"{name}-{scheme}.webp")
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    asyncio.run(main(parser.parse_args().url))
