"""One writer at the most, which ends with the pages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from console.local import source as sources
from console.local.source import LocalSource
from console.local.writer import WriteCounts
from console.server.source import ActionRefusedError
from console.view.actions import WriterAction
from console.view.page import Page
from localcloud.machines.layout import Layout
from localcloud.machines.stack import Stack

START, STOP = WriterAction(kind="start-writer"), WriterAction(kind="stop-writer")
LIMIT = 5.0


class Writer:
    """Writes nothing."""

    def __init__(self, *_: object) -> None:
        self.counts = WriteCounts(time.time())
        self.running = True
        WRITERS.append(self)

    async def stop(self) -> None:
        self.running = False


WRITERS: list[Writer] = []
"""All that a test has started."""


class Certificate:
    """The writer's certificate, which takes a moment to be read."""

    def __init__(self) -> None:
        self.ready = threading.Event()

    def read(self, _: Stack) -> None:
        assert self.ready.wait(LIMIT)


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch) -> Certificate:
    reading = Certificate()
    WRITERS.clear()
    monkeypatch.setattr(sources, "writer_texts", reading.read)
    monkeypatch.setattr(sources, "WriterTask", Writer)
    monkeypatch.setattr(sources, "FIRST_SECONDS", 0.05)
    return reading


@pytest.fixture
def source(tmp_path: Path) -> LocalSource:
    return LocalSource(
        Layout("never-was", tmp_path), Stack(Layout("never-was", tmp_path), "etcd", "local", tmp_path)
    )


@pytest.fixture
async def pages(source: LocalSource, certificate: Certificate) -> AsyncIterator[AsyncIterator[Page]]:
    """Pages of which the first one was yielded."""
    async with asyncio.timeout(LIMIT), aclosing(source.pages()) as pages:
        await anext(pages)
        yield pages


def running() -> int:
    return sum(writer.running for writer in WRITERS)


@pytest.mark.usefixtures("pages")
async def test_of_two_starts_at_once_one_is_refused(source: LocalSource, certificate: Certificate) -> None:
    starts = [asyncio.create_task(source.act(START)) for _ in range(2)]
    await asyncio.sleep(0)
    certificate.ready.set()
    results = await asyncio.gather(*starts, return_exceptions=True)
    assert [str(result) for result in results] == ["None", "the writer runs already"]
    assert running() == 1


@pytest.mark.usefixtures("pages")
async def test_a_stop_during_a_start_ends_the_writer(source: LocalSource, certificate: Certificate) -> None:
    start = asyncio.create_task(source.act(START))
    await asyncio.sleep(0)
    stop = asyncio.create_task(source.act(STOP))
    await asyncio.sleep(0)
    certificate.ready.set()
    await asyncio.gather(start, stop)
    assert (len(WRITERS), running()) == (1, 0)


async def test_a_start_that_lasts_longer_than_the_pages_starts_none(
    source: LocalSource, certificate: Certificate
) -> None:
    async with aclosing(source.pages()) as pages:
        await anext(pages)
        start = asyncio.create_task(source.act(START))
        await asyncio.sleep(0)
    certificate.ready.set()
    with pytest.raises(ActionRefusedError, match="try again"):
        await start
    assert WRITERS == []


async def test_a_writer_says_that_no_page_was_open(source: LocalSource, certificate: Certificate) -> None:
    certificate.ready.set()
    async with aclosing(source.pages()) as pages:
        await anext(pages)
        await source.act(START)
    assert running() == 0
    assert "no page was open" in WRITERS[0].counts.stopped


async def test_a_writer_says_that_the_console_failed(
    source: LocalSource, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: LocalSource) -> Page:
        raise ValueError("broken")

    certificate.ready.set()
    async with aclosing(source.pages()) as pages:
        await anext(pages)
        await source.act(START)
        monkeypatch.setattr(LocalSource, "_page", fail)
        with pytest.raises(ValueError, match="broken"):
            await anext(pages)
    assert running() == 0
    assert "the console failed and began again" in WRITERS[0].counts.stopped
