"""The console's server on a socket, with a source of the tests."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.server.events import ALIVE, SECTIONS
from console.server.protection import HEADERS
from console.view.actions import MemberAction, WriterAction
from tests.console.fake_source import NAMES, FakeSource, healthy_page
from tests.console.serving import served

LIMIT = 10.0
START = {"kind": "start-writer"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<title>console</title>")
    (tmp_path / "main.js").write_text("export {};")
    return tmp_path


@asynccontextmanager
async def client(source: FakeSource, files: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(source, files=files) as url,
        httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False, timeout=LIMIT) as http,
    ):
        yield http


async def events(lines: AsyncIterator[str], count: int) -> list[tuple[str, Any]]:
    """The name and the content of the next events that tell a section."""
    found: list[tuple[str, Any]] = []
    name = ""
    async with asyncio.timeout(LIMIT):
        while len(found) < count:
            field, _, text = (await anext(lines)).partition(": ")
            if field == "event":
                name = text
            elif field == "data" and name != ALIVE:
                found.append((name, json.loads(text)))
    return found


async def until_followed(source: FakeSource, count: int) -> None:
    async with asyncio.timeout(LIMIT):
        while source.following != count:
            await asyncio.sleep(0.005)


async def test_the_page_and_its_files_are_served(files: Path) -> None:
    async with client(FakeSource(healthy_page()), files) as http:
        page, script = await http.get("/"), await http.get("/main.js")
    assert page.text == "<title>console</title>"
    assert page.headers["content-type"].startswith("text/html")
    assert "javascript" in script.headers["content-type"]


@pytest.mark.parametrize("path", ["/", "/main.js", "/nothing", "/actions"])
async def test_every_answer_has_the_headers_that_protect_it(files: Path, path: str) -> None:
    async with client(FakeSource(healthy_page()), files) as http:
        answer = await http.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


async def test_a_refused_request_has_the_headers_as_well(files: Path) -> None:
    async with client(FakeSource(healthy_page()), files) as http:
        answer = await http.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "open http://127.0.0.1:" in answer.json()["error"]


async def test_events_are_all_sections_and_then_changes(files: Path) -> None:
    source = FakeSource(healthy_page())
    async with client(source, files) as http, http.stream("GET", "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.aiter_lines()
        first = await events(lines, len(SECTIONS))
        assert [name for name, _ in first] == list(SECTIONS)
        assert [member["name"] for member in dict(first)["members"]] == NAMES
        source.request("/v2/volumes")
        ((name, new),) = await events(lines, 1)
        assert name == "requests"
        assert [request["path"] for request in new] == ["/v2/volumes"]


async def test_the_source_is_followed_only_while_a_page_is_open(files: Path) -> None:
    source = FakeSource(healthy_page())
    async with client(source, files) as http:
        await http.get("/")
        assert source.begun == 0
        async with http.stream("GET", "/events") as answer:
            await events(answer.aiter_lines(), 1)
            assert source.following == 1
        await until_followed(source, 0)


async def test_an_action_reaches_the_source(files: Path) -> None:
    source = FakeSource(healthy_page())
    confirmed = {"kind": "power-off", "member": NAMES[0], "confirmed": True}
    async with client(source, files) as http:
        assert (await http.post("/actions", json=START)).status_code == 204
        assert (await http.post("/actions", json=confirmed)).status_code == 204
    assert source.actions == [
        WriterAction(kind="start-writer"),
        MemberAction(kind="power-off", member=NAMES[0], confirmed=True),
    ]


@pytest.mark.parametrize("kind", ["power-off", "pause", "cut-off", "wipe", "destroy"])
async def test_an_action_that_hurts_needs_a_confirmation(files: Path, kind: str) -> None:
    source = FakeSource(healthy_page())
    async with client(source, files) as http:
        answer = await http.post("/actions", json={"kind": kind, "member": NAMES[0]})
    assert (answer.status_code, source.actions) == (409, [])
    assert answer.json()["error"] == f"{kind} hurts the cluster: confirm it"


async def test_a_refused_action_says_why(files: Path) -> None:
    source = FakeSource(healthy_page())
    source.refusal = "the droplet is busy: try again"
    async with client(source, files) as http:
        answer = await http.post("/actions", json=START)
    assert (answer.status_code, answer.json()) == (409, {"error": "the droplet is busy: try again"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"host": "evil.example:9070"}, 421),
    ],
)
async def test_another_page_cannot_act(files: Path, headers: dict[str, str], status: int) -> None:
    source = FakeSource(healthy_page())
    async with client(source, files) as http:
        content = {"content-type": "application/json", **headers}
        answer = await http.post("/actions", content=json.dumps(START), headers=content)
    assert (answer.status_code, source.actions) == (status, [])
    assert answer.json()["error"]


@pytest.mark.parametrize("body", ["", "[]", "{", '{"kind": "format-disk"}', '{"kind": "power-off"}'])
async def test_an_invalid_action_is_refused(files: Path, body: str) -> None:
    source = FakeSource(healthy_page())
    async with client(source, files) as http:
        answer = await http.post("/actions", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, source.actions) == (422, [])
    assert answer.json()["error"]


async def test_the_app_describes_itself_to_nobody(files: Path) -> None:
    async with client(FakeSource(healthy_page()), files) as http:
        for path in ("/docs", "/openapi.json", "/redoc"):
            assert (await http.get(path)).status_code == 404


def test_the_end_of_the_process_does_not_wait_for_an_open_page() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "tests.console.fake_source"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        with (
            httpx.Client(base_url=url, trust_env=False, timeout=LIMIT) as http,
            http.stream("GET", "/events") as page,
        ):
            assert next(page.iter_lines()) == "event: alive"
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT)
    assert process.returncode in {0, -signal.SIGTERM}
