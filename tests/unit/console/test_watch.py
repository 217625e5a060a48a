from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from console.server import watch as module
from console.server.app import PAGE
from console.server.events import ALIVE, SECTIONS, alive
from console.server.watch import Watch
from console.view.page import Page
from tests.console.fake_source import FakeSource, healthy_page

LIMIT = 5.0


async def names(events: AsyncIterator[bytes], count: int) -> list[str]:
    """The names of the next events that tell a section."""
    return [event.split(b"\n")[0].decode().removeprefix("event: ") for event in await sections(events, count)]


async def sections(events: AsyncIterator[bytes], count: int) -> list[bytes]:
    """The next events that tell a section."""
    found: list[bytes] = []
    async with asyncio.timeout(LIMIT):
        while len(found) < count:
            event = await anext(events)
            if not event.startswith(f"event: {ALIVE}\n".encode()):
                found.append(event)
    return found


async def until_followed(source: FakeSource, count: int) -> None:
    async with asyncio.timeout(LIMIT):
        while source.following != count:
            await asyncio.sleep(0.001)


async def test_a_page_gets_all_sections_first_and_then_changes_alone() -> None:
    source = FakeSource(healthy_page())
    events = Watch(source, linger=0).events()
    assert await names(events, len(SECTIONS)) == list(SECTIONS)
    source.set(run=None)
    assert await names(events, 1) == ["run"]
    source.set_member(2, healthy=False)
    assert await names(events, 1) == ["members"]


async def test_a_later_page_gets_all_sections_too() -> None:
    source = FakeSource(healthy_page())
    watch = Watch(source, linger=0)
    first, second = watch.events(), watch.events()
    await names(first, len(SECTIONS))
    source.set(run=None)
    await names(first, 1)
    assert await names(second, len(SECTIONS)) == list(SECTIONS)
    source.request("/v2/volumes")
    assert await names(first, 1) == await names(second, 1) == ["requests"]
    assert source.begun == 1


async def test_nothing_is_asked_of_a_source_without_a_page() -> None:
    source = FakeSource(healthy_page())
    Watch(source, linger=0)
    await asyncio.sleep(0.02)
    assert source.begun == 0


async def test_the_source_ends_when_the_last_page_closes() -> None:
    source = FakeSource(healthy_page())
    watch = Watch(source, linger=0)
    first, second = watch.events(), watch.events()
    await names(first, 1)
    await names(second, 1)
    await first.aclose()
    await asyncio.sleep(0.02)
    assert source.following == 1
    await second.aclose()
    await until_followed(source, 0)


async def test_a_page_that_opens_after_the_end_begins_anew() -> None:
    source = FakeSource(healthy_page())
    watch = Watch(source, linger=0)
    first = watch.events()
    await names(first, 1)
    await first.aclose()
    await until_followed(source, 0)
    assert await names(watch.events(), len(SECTIONS)) == list(SECTIONS)
    assert source.begun == 2


async def test_a_reload_of_the_page_does_not_end_the_source() -> None:
    source = FakeSource(healthy_page())
    watch = Watch(source, linger=0.2)
    first = watch.events()
    await names(first, 1)
    await first.aclose()
    second = watch.events()
    await names(second, 1)
    await asyncio.sleep(0.3)
    assert (source.begun, source.following) == (1, 1)


async def test_a_page_is_told_the_time_of_the_server_before_all_sections() -> None:
    events = Watch(FakeSource(healthy_page()), linger=0, clock=lambda: 1_800_000_000.5).events()
    assert await anext(events) == alive(1_800_000_000.5) == b"event: alive\ndata: 1800000000.500\n\n"
    assert await names(events, len(SECTIONS)) == list(SECTIONS)


async def test_an_idle_page_is_told_that_the_server_is_there() -> None:
    events = Watch(FakeSource(healthy_page()), linger=0, alive=0.2, clock=lambda: 7.0).events()
    await names(events, len(SECTIONS))
    async with asyncio.timeout(LIMIT):
        assert [await anext(events), await anext(events)] == [alive(7.0), alive(7.0)]


async def test_a_page_that_is_told_much_gets_the_time_as_well() -> None:
    source = FakeSource(healthy_page())
    events = Watch(source, linger=0, alive=0.2, clock=lambda: 7.0).events()
    await names(events, len(SECTIONS))
    async with asyncio.timeout(LIMIT):
        while True:
            source.request("/v2/volumes")
            if await anext(events) == alive(7.0):
                break
            await asyncio.sleep(0.01)


def test_a_page_misses_two_signs_of_life_before_the_server_is_lost() -> None:
    waits = re.search(r"SILENCE_SECONDS = (\d+)", (PAGE / "stream.js").read_text())
    assert waits
    assert int(waits[1]) > 2 * module.ALIVE_SECONDS


async def test_the_end_of_the_server_ends_the_source() -> None:
    source = FakeSource(healthy_page())
    watch = Watch(source)
    events = watch.events()
    await names(events, 1)
    await watch.close()
    assert source.following == 0


class FailingSource(FakeSource):
    """Fails when it is told to."""

    def __init__(self) -> None:
        page = healthy_page()
        assert page.writer is not None
        super().__init__(page.model_copy(update={"writer": page.writer.model_copy(update={"running": True})}))
        self.failure = asyncio.Event()

    async def pages(self) -> AsyncGenerator[Page]:
        self.begun += 1
        yield self.page
        await self.failure.wait()
        self.failure.clear()
        raise OSError("lost")


async def test_a_source_that_failed_is_told_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    source = FailingSource()
    events = Watch(source, linger=0).events()
    await names(events, len(SECTIONS))
    source.failure.set()
    failed, healthy = await taken(events, 6), await taken(events, 6)
    assert list(failed) == list(healthy) == ["stack", "members", "run", "timeline", "writer", "cloud"]
    assert "begins again" in failed["stack"]["problem"]
    assert (failed["stack"]["stack"], failed["members"], failed["run"]) == ("local", None, None)
    assert (failed["writer"]["running"], failed["cloud"]["volumes"]) == (False, None)
    assert all(span["ended"] for span in failed["timeline"]["up"])
    assert healthy["stack"]["problem"] == ""
    assert source.begun == 2


class BrokenSource(FakeSource):
    """Fails before its first page, but for the last time."""

    async def pages(self) -> AsyncGenerator[Page]:
        self.begun += 1
        if self.begun < 3:
            raise OSError("lost")
        yield self.page


async def test_a_source_that_fails_at_once_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    source = BrokenSource(healthy_page())
    events = Watch(source, linger=0).events()
    failed = await taken(events, len(SECTIONS))
    assert "begins again" in failed["stack"]["problem"]
    assert (failed["members"], failed["run"], failed["requests"]) == (None, None, None)
    # The second failure tells nothing new.
    healthy = await taken(events, len(SECTIONS))
    assert healthy["stack"]["problem"] == ""
    assert healthy["requests"] == [one.model_dump() for one in healthy_page().requests or []]
    assert source.begun == 3


async def taken(events: AsyncIterator[bytes], count: int) -> dict[str, Any]:
    """The next events' documents by their names."""
    found = [event.decode().split("\n") for event in await sections(events, count)]
    return {
        name.removeprefix("event: "): json.loads(document.removeprefix("data: "))
        for name, document, *_ in found
    }


async def test_the_end_of_the_server_ends_open_pages() -> None:
    watch = Watch(FakeSource(healthy_page()))
    events = watch.events()
    await names(events, len(SECTIONS))
    watch.end_streams()
    async with asyncio.timeout(1):
        assert [event async for event in events] == []
