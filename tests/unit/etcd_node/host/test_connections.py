"""Connections to a socket of systemd, each answered by a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

PROGRAM = """
import os, socket, subprocess, sys
from etcd_node.host import connections

connections.IDLE, connections.LIMIT = float(sys.argv[1]), int(sys.argv[2])


def do(connection):
    asked = connection.recv(4)
    if asked == b"fail":
        raise SystemExit("failed")
    if asked == b"wait":
        subprocess.run(["sleep", "60"], pass_fds=[connection.fileno()])
    connection.sendall(f"{os.getpid()} {os.getppid()}".encode())


with socket.socket(fileno=0) as listening:
    connections.answer(listening, do)
"""

Connect = Callable[..., socket.socket]


@contextmanager
def answering(idle: float = 600, limit: int = 600) -> Iterator[tuple[subprocess.Popen[bytes], Connect]]:
    """A process that answers, and a function that makes a connection to it, from an address of loopback."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        process = opened.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(idle), str(limit)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=listening,
                stderr=subprocess.DEVNULL,
            )
        )
        opened.callback(process.kill)

        def connect(source: str = "127.0.0.1") -> socket.socket:
            return opened.enter_context(
                socket.create_connection(listening.getsockname(), 60, source_address=(source, 0))
            )

        yield process, connect


def answer_on(connection: socket.socket) -> list[bytes]:
    connection.sendall(b"tell")
    return connection.recv(100).split()


def test_each_connection_is_answered_by_a_process_of_its_own() -> None:
    with answering() as (process, connect):
        answers = [answer_on(connect()) for _ in range(3)]
        assert len({own for own, _ in answers}) == 3
        assert {parent for _, parent in answers} == {str(process.pid).encode()}


def test_an_answer_that_fails_ends_its_connection_and_no_other() -> None:
    with answering() as (_, connect):
        waiting, failing = connect(), connect()
        failing.sendall(b"fail")
        assert failing.recv(100) == b""
        assert answer_on(waiting)
        assert answer_on(connect())


def test_an_answer_that_takes_too_long_is_ended() -> None:
    with answering(limit=1) as (_, connect):
        assert connect().recv(100) == b""


def test_a_child_of_an_answer_does_not_outlive_its_limit() -> None:
    with answering(limit=1) as (_, connect):
        waiting = connect()
        waiting.sendall(b"wait")
        waiting.settimeout(30)
        # This ends when no process holds the connection any more.
        assert waiting.recv(100) == b""


def test_a_fifth_connection_of_an_address_is_closed_and_no_other() -> None:
    with answering() as (_, connect):
        silent = [connect() for _ in range(4)]
        assert connect().recv(100) == b""
        assert answer_on(connect("127.0.0.2"))
        assert answer_on(silent[0])
        assert silent[0].recv(100) == b""
        assert all(answer_on(one) for one in silent[1:])


def test_a_seventeenth_connection_is_closed() -> None:
    with answering() as (_, connect):
        silent = [connect(f"127.0.0.{2 + number // 4}") for number in range(16)]
        assert connect("127.0.0.9").recv(100) == b""
        assert all(answer_on(one) for one in silent)


@pytest.mark.parametrize("asked", [False, True])
def test_the_process_ends_when_nobody_has_asked_for_a_while(asked: bool) -> None:
    with answering(idle=1) as (process, connect):
        if asked:
            assert answer_on(connect())
        assert process.wait(60) == 0
