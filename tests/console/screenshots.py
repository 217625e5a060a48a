"""Takes the pictures of the console that README and docs show: ``make screenshots``.

They show a real rolling change on a local cloud of its own, with the second member down.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from localcloud.cli.console import open_console
from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster

FOLDER = Path(__file__).parents[2] / "docs/images"
LARGEST = 150 * 1024
"""Bytes of a picture."""
QUALITY = 82
SIZES: Mapping[str, ViewportSize] = {
    "console": {"width": 1360, "height": 1330},
    "console-phone": {"width": 390, "height": 844},
}
"""The size of the window by the name of its picture."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WRITING_SECONDS = 20
"""How long the writer writes before the change, so that the graph has something to show."""
PATIENCE_MS = 120_000.0


async def open_tab(browser: Browser, url: str, name: str, scheme: Literal["light", "dark"]) -> Page:
    """Open the console in a tab."""
    context = await browser.new_context(viewport=SIZES[name], color_scheme=scheme)
    tab = await context.new_page()
    await tab.goto(url)
    await tab.wait_for_selector(".member")
    if name == "console-phone":
        await tab.evaluate("document.getElementById('members').scrollIntoView()")
    return tab


async def take(tab: Page, file: Path) -> None:
    """Write what a tab shows into a file, as soon as the second member is down."""
    step = ".steps > li:nth-child(2) [data-state=current]:is(:nth-child(3), :nth-child(4))"
    down = ".down[data-cause=run][data-open]"
    await tab.wait_for_selector(
        f"body:has({step}):has(#member-2[data-health=unhealthy]) {down}", timeout=PATIENCE_MS
    )
    session = await tab.context.new_cdp_session(tab)
    answer = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    picture = base64.b64decode(answer["data"])
    if len(picture) > LARGEST:
        raise ValueError(f"{file} would have {len(picture)} bytes: lower QUALITY, until it has {LARGEST}")
    file.write_bytes(picture)
    sys.stdout.write(f"{file}: {len(picture)} bytes\n")


async def take_all(cluster: Cluster, url: str) -> None:
    """Start the writer, change a setting, and take all pictures meanwhile."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=os.geteuid() != 0
        )
        tabs = {
            FOLDER / f"{name}-{scheme}.webp": await open_tab(browser, url, name, scheme)
            for name in SIZES
            for scheme in SCHEMES
        }
        await next(iter(tabs.values())).locator(".tour [data-act]").first.click()
        await asyncio.sleep(WRITING_SECONDS)
        cluster.configure(quotaGiB=3)
        change = asyncio.create_task(asyncio.to_thread(cluster.up))
        await asyncio.gather(*(take(tab, file) for file, tab in tabs.items()))
        await change
        await browser.close()


def main() -> None:
    """Make a cluster, take the pictures, and remove it."""
    cloud = LocalCloud("screenshots")
    cloud.reset()
    cloud.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            cluster = Cluster(cloud, Path(folder), dropletSize="s-2vcpu-4gb")
            cluster.up()
            asyncio.run(take_all(cluster, open_console(cloud, cluster.folder, port=0)))
    finally:
        cloud.reset()


if __name__ == "__main__":
    main()
