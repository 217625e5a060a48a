"""What the page shows when its server, or the cloud, does not answer any more."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from console.view.page import Page
from tests.console.browser.opened import Opened, opened
from tests.console.browser.rolling_change import START, moment
from tests.console.browser.test_accessibility import violations
from tests.console.fake_source import FakeSource, healthy_page
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
        async with served(console.source, port=int(port), clock=console.clock):
            await expect(console.tab.locator("[data-part=lost] .problem")).to_have_count(0, timeout=15_000)
            await expect(console.tab.locator("[data-act]")).not_to_have_count(0)
            await expect(console.tab.locator("h2").first).not_to_contain_text("last seen")


class SlowSource(FakeSource):
    """Tells nothing until it is allowed to."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.allowed = asyncio.Event()

    async def pages(self) -> AsyncGenerator[Page]:
        await self.allowed.wait()
        async for page in super().pages():
            yield page


async def test_what_was_seen_before_is_not_live_when_the_server_is_back(browser: Browser) -> None:
    async with lost(browser) as console:
        source = SlowSource(healthy_page())
        said = console.tab.locator("[data-part=lost]")
        port = int(console.url.rpartition(":")[2])
        async with served(source, port=port, clock=console.clock):
            await expect(said).to_contain_text(
                "answers, but has told nothing yet. All below was last seen at"
            )
            await expect(said.locator("code")).to_have_count(0)
            await expect(console.tab.locator("[data-part=connection]")).to_have_text("lost, retrying")
            await expect(console.sentence).to_have_text(re.compile(r"^Last seen .*: 2 of 3 members"))
            source.allowed.set()
            await expect(console.tab.locator("[data-part=connection]")).to_have_text("live")
            await expect(console.sentence).to_have_text("3 of 3 members are healthy")
            await expect(said.locator(".problem")).to_have_count(0)


@asynccontextmanager
async def process() -> AsyncIterator[tuple[Process, str]]:
    """A console in a process of its own, and its URL."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "tests.console.fake_source"]
    server = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment)
    try:
        assert server.stdout
        yield server, (await server.stdout.readline()).decode().strip()
    finally:
        server.kill()
        await server.wait()


async def test_a_server_that_stands_still_is_lost_until_it_goes_on(browser: Browser) -> None:
    async with opened(browser) as console, process() as (server, url):
        shown = console.tab.locator("[data-part=connection]")
        await console.tab.goto(url)
        await expect(shown).to_have_text("live")
        server.send_signal(signal.SIGSTOP)
        await console.tab.clock.fast_forward(30_000)
        await expect(shown).to_have_text("live")
        await console.tab.clock.fast_forward(15_000)
        await expect(shown).to_have_text("lost, retrying")
        await expect(console.tab.locator("[data-act]")).to_have_count(0)
        # The connection that it makes now gets no answer either.
        await console.tab.clock.fast_forward(45_000)
        await expect(shown).to_have_text("lost, retrying")
        server.send_signal(signal.SIGCONT)
        await expect(shown).to_have_text("live")
        await console.tab.goto("about:blank")


async def test_a_page_goes_by_the_clock_of_the_server(browser: Browser) -> None:
    page = healthy_page().model_copy(update=moment(24))
    async with opened(browser, page) as console:
        console.clock.time = START + 24
        for ahead in (300, -300):
            await console.tab.clock.set_fixed_time(console.clock.time + ahead)
            await console.tab.reload()
            await expect(console.tab.locator(".down[data-cause=run]")).to_have_count(3)
            await expect(console.tab.locator(".run-head")).to_contain_text("after 0:24, just now")


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
