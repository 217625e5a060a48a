"""The executables of the plugins, started like the engine does."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.plugins.cloudflare.provider import Cloudflare
from localcloud.plugins.digitalocean.provider import DigitalOcean
from localcloud.plugins.tls.provider import Tls

ROOT = Path(__file__).parents[3]
PLUGINS = {"cloudflare": Cloudflare, "digitalocean": DigitalOcean, "tls": Tls}
SLOW = ("pulumi", "httpx", "cryptography", "pydantic", "fastapi", "typer", "rich")
"""Packages whose import takes longer than a run without changes."""

pytestmark = pytest.mark.parametrize("name", PLUGINS)


def test_slow_packages_are_not_imported_at_the_start(name: str) -> None:
    program = (
        f"import json, sys, localcloud.plugins.server, localcloud.plugins.{name}.provider\n"
        "print(json.dumps(sorted({module.partition('.')[0] for module in sys.modules})))"
    )
    listed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=ROOT)
    assert set(SLOW) & set(json.loads(listed.stdout)) == set()


def test_it_has_the_version_of_the_installed_package(name: str) -> None:
    assert metadata.version(f"pulumi-{name}") == PLUGINS[name].version


def test_it_serves_on_the_printed_port_and_stops_without_output(name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", f"localcloud.plugins.{name}", "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=30)
        assert info.version == PLUGINS[name].version
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


def test_it_ends_when_its_engine_is_killed(name: str) -> None:
    # The engine is a shell here: it starts the plugin, prints its process id, and is killed.
    starts = f'"{sys.executable}" -m localcloud.plugins.{name} 127.0.0.1:1 & echo $!; wait'
    with subprocess.Popen(["/bin/sh", "-c", starts], stdout=subprocess.PIPE, text=True, cwd=ROOT) as engine:
        assert engine.stdout is not None
        plugin = int(engine.stdout.readline())
        int(engine.stdout.readline())
        engine.kill()
        # The plugin keeps the other end of the pipe open until it ends.
        assert engine.stdout.read() == ""
    deadline = time.monotonic() + 10
    while state(plugin) not in ("", "Z"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def state(process: int) -> str:
    """Return the kernel's letter for a process's state; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
