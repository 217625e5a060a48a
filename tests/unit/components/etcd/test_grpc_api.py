"""Calls of etcd's gRPC API that get no answer. tests/nodes/test_access.py has those that do."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from components.etcd.grpc_api import Connection, RefusedCallError
from components.shared.ports import CLIENT_PORT
from tests.nodes.certificates import make_authority, tls_texts

ADDRESS = f"127.99.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
"""An address for each process of the tests: the port is always the same."""


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    make_authority().issue(tmp_path, "server", ADDRESS)
    return Connection("etcd-server-1", ADDRESS, tls_texts(tmp_path))


@pytest.fixture
def silent() -> Iterator[None]:
    """A member that accepts connections and says nothing."""
    with socket.create_server((ADDRESS, CLIENT_PORT)):
        yield


@pytest.mark.usefixtures("silent")
async def test_a_silent_member_is_given_up(connection: Connection) -> None:
    with connection, pytest.raises(RefusedCallError, match="no answer in time") as caught:
        await connection.call("Auth/AuthStatus", {}, seconds=0.2)
    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not caught.value.answered


@pytest.mark.usefixtures("silent")
async def test_an_interruption_ends_a_call(connection: Connection) -> None:
    began = time.monotonic()
    with connection:
        call = asyncio.ensure_future(connection.call("Auth/AuthStatus", {}, seconds=60))
        await asyncio.sleep(0.2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert time.monotonic() - began < 5


async def test_calls_use_no_proxy(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with connection, pytest.raises(RefusedCallError, match=rf"{ADDRESS}:{CLIENT_PORT}: .*refused"):
        await connection.call("Auth/AuthStatus", {}, seconds=5)
