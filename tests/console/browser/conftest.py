"""The browser that all tests share, and the summary line of ``make browser``."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.cluster.outcomes import print_summary

ARGUMENTS = ("--disable-background-networking", "--disable-component-update")
"""The browser itself asks nothing of the internet either."""


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    # After pytest's own last line, so that this line ends the session.
    print_summary(config, "tests/console/browser", "browser")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Debian's chromium, once for all tests."""
    program = shutil.which("chromium")
    if program is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed: make setup")
    async with async_playwright() as playwright:
        # Chromium's sandbox does not work for root, as which the tests run.
        started = await playwright.chromium.launch(
            executable_path=program or "chromium", args=[*ARGUMENTS], chromium_sandbox=os.geteuid() != 0
        )
        yield started
        await started.close()
