"""Runs a plugin that is written in Python, as ``RunPlugin`` of Pulumi's language host does.

A plugin is a folder with a ``PulumiPlugin.yaml``. The official host runs it as a folder with a ``__main__.py``, or else
as the package of its ``pyproject.toml``:
https://www.pulumi.com/docs/iac/guides/building-extending/components/packaging-components/
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from pulumi.runtime.proto import language_pb2

CHUNK = 64 * 1024
"""Bytes of output that one message to the engine holds at most."""


class NotRunnableError(Exception):
    """The folder has nothing to run as a plugin."""


class RunningPlugins:
    """The plugins that run now. They end with the host."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[bytes]] = set()

    def start(self, request: language_pb2.RunPluginRequest) -> subprocess.Popen[bytes]:
        """Start the requested plugin. Raises ``NotRunnableError`` if its folder has nothing to run."""
        process = subprocess.Popen(
            [sys.executable, *plugin_arguments(request)],
            cwd=request.pwd or None,
            env={**os.environ, **dict(one.split("=", 1) for one in request.env if "=" in one)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._processes.add(process)
        return process

    def follow(self, process: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
        """Yield the output of a plugin as it comes, and at last its exit code if that is not 0."""
        try:
            yield from _output(process)
            # A process that a signal ended has the code -1, as in Go.
            if code := max(process.wait(), -1):
                yield language_pb2.RunPluginResponse(exitcode=code)
        finally:
            process.kill()
            process.wait()
            self._processes.discard(process)

    def end(self) -> None:
        """Kill all plugins."""
        for process in list(self._processes):
            process.kill()


def plugin_arguments(request: language_pb2.RunPluginRequest) -> list[str]:
    """Return the arguments with which Python runs the plugin. Raises ``NotRunnableError`` if it has nothing to run."""
    root = Path(request.info.root_directory)
    if (root / "__main__.py").exists():
        return [request.info.program_directory, *request.args]
    name = _buildable_package(root)
    if name is None:
        raise NotRunnableError(
            f"the plugin {root} has neither a __main__.py nor a pyproject.toml with a name and a build backend: "
            "add one of them"
        )
    return ["-m", "pulumi.run.plugin", name, *request.args]


def _buildable_package(root: Path) -> str | None:
    try:
        described: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    backend = described.get("build-system", {}).get("build-backend")
    return described.get("project", {}).get("name") if backend else None


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
