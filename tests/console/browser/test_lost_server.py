"""What the page shows when its server, or the cloud, does not answer any more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from tests.console.browser.opened import Opened, opened
from tests.console.browser.rolling_change import moment
from tests.console.browser.test_accessibility import violations
from tests.console.fake_source import healthy_page
from tests.console.serving import served

pytestmark = pytest.mark.asyncio(loop_scope="package")

LAST_SEEN = re.compile(r"last seen \d\d:\d\d:\d\d")


@asynccontextmanager
async def lost(browser: Browser) -> AsyncIterator[Opened]:
    """The console in the middle of a run, with its server gone."""
    page = healthy_page().model_copy(update=moment(13))
    async with opened(browser, page) as console:
        await expect(console.card(3)).to_be_visible()
        await console.stop_server()
        await expect(console.tab.locator("[data-part=connection]")).to_have_text("lost, retrying")
        yield console
        # The browser itself reports that nothing answers.
        console.problems.clear()


async def test_nothing_looks_true_now_without_the_server(browser: Browser) -> None:
    async with lost(browser) as console:
        await expect(console.sentence).to_have_text(re.compile(r"^Last seen \d\d:\d\d:\d\d: 2 of 3 members"))
        await expect(console.sentence).to_have_attribute("data-level", "unknown")
        headings = await console.tab.locator("section > h2, .heading-row h2").all_inner_texts()
        assert [LAST_SEEN.search(heading) is not None for heading in headings] == [True] * 5
        await expect(console.tab.locator("[data-act]")).to_have_count(0)
        await expect(console.tab.locator(".stages [data-state=current]")).to_have_count(0)
        await expect(console.tab.locator(".pulse")).to_have_count(0)
        await expect(console.tab.locator(".run-head")).to_contain_text("unknown now")
        faults = console.tab.locator("[data-part=faults]")
        await expect(faults).to_contain_text("Name serverunknown")
        await expect(console.tab.locator("[data-part=writer] .unknown")).to_have_count(1)
        backups = console.tab.locator(".belongings .card").filter(has_text="Backups")
        await expect(backups.locator(".unknown")).to_have_count(1)
        assert await violations(console) == []


async def test_the_way_out_of_a_lost_server_is_a_command_to_copy(browser: Browser) -> None:
    async with lost(browser) as console:
        port = console.url.rpartition(":")[2]
        await expect(console.tab.locator("[data-part=lost] code")).to_have_text(
            f'make console ARGS="--port {port}"'
        )
        async with served(console.source, port=int(port)):
            await expect(console.tab.locator("[data-part=lost] .problem")).to_have_count(0, timeout=15_000)
            await expect(console.tab.locator("[data-act]")).not_to_have_count(0)
            await expect(console.tab.locator("h2").first).not_to_contain_text("last seen")


async def test_a_cloud_that_does_not_answer_is_unknown(browser: Browser) -> None:
    page = healthy_page()
    cloud = page.cloud.model_copy(
        update={"reach": None, "volumes": None, "tags": None, "records": None, "backups": None}
    )
    stack = page.stack.model_copy(update={"problem": "The local cloud does not answer. Start it: make up"})
    gone = {"members": None, "cloud": cloud, "stack": stack}
    async with opened(browser, page.model_copy(update=gone)) as console:
        faults = console.tab.locator("[data-part=faults]")
        await expect(faults).to_contain_text("Name serverunknown")
        pressed = faults.get_by_role("button", name="Stop DNS")
        await expect(pressed).to_have_attribute("aria-disabled", "true")
        await expect(pressed).to_have_accessible_description(stack.problem)
        await pressed.click(force=True)
        await expect(console.tab.get_by_role("dialog")).to_be_hidden()
        writer = console.tab.locator("[data-part=writer] button")
        await expect(writer).to_have_accessible_description(stack.problem)
        await writer.click(force=True)
        assert console.actions == []
