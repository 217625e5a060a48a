"""The processes that the language host starts. They end with it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import SimpleQueue
from typing import IO

from pulumi.runtime.proto import language_pb2

CHUNK = 64 * 1024
"""Bytes of output that one message to the engine holds at most."""


class ChildProcesses:
    """The processes that run now."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        stdin: int = subprocess.DEVNULL,
        output: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process. ``output`` is where its standard output and standard error go: by default, to this one's."""
        process = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=stdin, stdout=output, stderr=output, bufsize=0
        )
        self._running.add(process)
        return process

    def follow(self, process: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
        """Yield the output of a plugin as it comes, and at last its exit code if that is not 0."""
        try:
            yield from _output(process)
            if code := self.finish(process):
                yield language_pb2.RunPluginResponse(exitcode=code)
        finally:
            process.kill()
            self.finish(process)

    def finish(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the end of a process, and return its exit code: -1 if a signal ended it, as in Go."""
        code = process.wait()
        self._running.discard(process)
        return max(code, -1)

    def end(self) -> None:
        """Kill all processes."""
        for process in list(self._running):
            process.kill()


def _output(process: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    lines: SimpleQueue[language_pb2.RunPluginResponse | None] = SimpleQueue()
    streams: list[tuple[IO[bytes] | None, Callable[[bytes], language_pb2.RunPluginResponse]]] = [
        (process.stdout, lambda chunk: language_pb2.RunPluginResponse(stdout=chunk)),
        (process.stderr, lambda chunk: language_pb2.RunPluginResponse(stderr=chunk)),
    ]

    def read(stream: IO[bytes] | None, response: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        while stream and (chunk := stream.read(CHUNK)):
            lines.put(response(chunk))
        lines.put(None)

    for stream in streams:
        threading.Thread(target=read, args=stream, daemon=True).start()
    for _ in streams:
        yield from iter(lines.get, None)
