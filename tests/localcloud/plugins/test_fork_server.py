"""Plugins that are forked from the fork server, started like the engine does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.plugins.fork_server import PRELOADED, PROVIDERS
from localcloud.plugins.launcher import SOCKET
from localcloud.plugins.tls.provider import Tls
from localcloud.toolchain.commands import Plugin, needed_plugins, stand_in
from tests.localcloud.running_fork_server import ForkServer, eventually, running_fork_server

from .engine_client import EngineClient

ROOT = Path(__file__).parents[3]
TLS = next(plugin for plugin in needed_plugins() if plugin.name == "tls")


@pytest.fixture
def fork_server(tmp_path: Path) -> Iterator[ForkServer]:
    with running_fork_server(tmp_path) as server:
        yield server


NEW_MODULES = """
import ast, importlib, sys
from pathlib import Path
for name in sys.argv[1:]:
    importlib.import_module(name)
loaded = {*sys.modules}
statements = ast.parse(Path("__main__.py").read_text()).body
exec(compile(ast.Module([one for one in statements if isinstance(one, ast.Import | ast.ImportFrom)], []), "", "exec"))
print(*sorted({*sys.modules} - loaded))
"""
"""A program that imports its arguments and then what the checkout's program imports, and prints what was new."""


def test_all_that_the_program_imports_is_loaded_before() -> None:
    command = [sys.executable, "-c", NEW_MODULES]
    assert subprocess.check_output([*command, *PRELOADED], cwd=ROOT, text=True).split() == []
    assert subprocess.check_output([*command, *PRELOADED[1:]], cwd=ROOT, text=True).split() != []


@dataclass(frozen=True)
class Started:
    process: subprocess.Popen[str]
    port: int

    def engine_client(self, type_: str) -> EngineClient:
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        return EngineClient(provider_pb2_grpc.ResourceProviderStub(channel), type_)

    def version(self) -> str:
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            return provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=30).version


Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts a plugin's executable with a fork server's socket in its environment."""
    started: list[subprocess.Popen[str]] = []

    def run(path: Path, plugin: Plugin = TLS, environment: Mapping[str, str] | None = None) -> Started:
        executable = tmp_path / plugin.executable
        executable.write_text(stand_in(plugin))
        executable.chmod(0o755)
        process = subprocess.Popen(
            [executable, "127.0.0.1:1"],
            env={**os.environ, SOCKET: str(path), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return Started(process, int(process.stdout.readline()))

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_every_stand_in_provider_can_be_forked() -> None:
    assert set(PROVIDERS) == {plugin.module for plugin in needed_plugins() if plugin.kind == "resource"}


def test_a_forked_plugin_serves_and_stops_without_output(fork_server: ForkServer, start: Start) -> None:
    plugin = start(fork_server.path)
    assert plugin.version() == Tls.version
    assert len(fork_server.plugins()) == 1
    plugin.process.send_signal(signal.SIGINT)
    assert plugin.process.wait(timeout=30) == 0
    # The pipe is closed, so the process at its other end has ended, too.
    assert plugin.process.communicate(timeout=10) == ("", "")
    assert eventually(lambda: not fork_server.plugins())


def test_several_plugins_run_concurrently(fork_server: ForkServer, start: Start) -> None:
    plugins = [
        start(fork_server.path, plugin) for plugin in needed_plugins() if plugin.kind == "resource"
    ] + [start(fork_server.path)]
    assert len({plugin.version() for plugin in plugins}) == len(PROVIDERS)
    assert len(fork_server.plugins()) == len(plugins)


def test_the_launchers_environment_reaches_the_plugin(fork_server: ForkServer, start: Start) -> None:
    plugin = start(fork_server.path, environment={"LOCALCLOUD_TLS_HOUR_SECONDS": "7"})
    key = plugin.engine_client("tls:index/privateKey:PrivateKey").call(
        "Create", properties={"algorithm": "ECDSA", "ecdsaCurve": "P256", "rsaBits": 2048}
    )
    certificate = plugin.engine_client("tls:index/selfSignedCert:SelfSignedCert").call(
        "Create",
        properties={
            "privateKeyPem": key["properties"]["privateKeyPem"],
            "allowedUses": ["cert_signing"],
            "validityPeriodHours": 2,
        },
    )["properties"]
    begin, end = (datetime.fromisoformat(certificate[f"validity{part}Time"]) for part in ("Start", "End"))
    assert end - begin == timedelta(seconds=14)


def test_a_plugin_ends_when_its_launcher_is_killed(fork_server: ForkServer, start: Start) -> None:
    plugin = start(fork_server.path)
    plugin.process.kill()
    assert eventually(lambda: not fork_server.plugins())


def test_a_launcher_ends_when_its_plugin_is_killed(fork_server: ForkServer, start: Start) -> None:
    plugin = start(fork_server.path)
    (child,) = fork_server.plugins()
    os.kill(child, signal.SIGKILL)
    assert plugin.process.wait(timeout=10) == 1


def test_a_plugin_ends_when_its_engine_is_killed(
    fork_server: ForkServer, start: Start, tmp_path: Path
) -> None:
    start(fork_server.path).process.kill()
    starts = f"'{tmp_path / TLS.executable}' 127.0.0.1:1 & wait"
    environment = {**os.environ, SOCKET: str(fork_server.path)}
    with subprocess.Popen(
        ["/bin/sh", "-c", starts], stdout=subprocess.PIPE, text=True, env=environment
    ) as engine:
        assert engine.stdout is not None
        int(engine.stdout.readline())
        engine.kill()
        assert engine.stdout.read() == ""
    assert eventually(lambda: not fork_server.plugins())


def test_a_plugin_keeps_running_without_its_fork_server(fork_server: ForkServer, start: Start) -> None:
    plugin = start(fork_server.path)
    fork_server.process.kill()
    fork_server.process.wait()
    assert plugin.version() == Tls.version


def test_a_plugin_starts_directly_without_a_fork_server(fork_server: ForkServer, start: Start) -> None:
    fork_server.process.kill()
    fork_server.process.wait()
    assert start(fork_server.path).version() == Tls.version


def renamed(file: Path) -> None:
    file.rename(file.with_suffix(".new")).rename(file)


@pytest.mark.parametrize("change", [Path.touch, renamed])
@pytest.mark.parametrize("file", ["localcloud/plugins/values.py", "components/config/settings.py"])
def test_the_fork_server_loads_changed_code(
    fork_server: ForkServer, start: Start, file: str, change: Callable[[Path], None]
) -> None:
    start(fork_server.path)
    change(fork_server.code / file)
    assert start(fork_server.path).version() == Tls.version
    assert len(fork_server.plugins()) == 1
    assert start(fork_server.path).version() == Tls.version
    assert len(fork_server.plugins()) == 2


def test_plugins_are_forked_beside_a_program_that_cannot_be_imported(
    fork_server: ForkServer, start: Start
) -> None:
    start(fork_server.path)
    (fork_server.code / "components/cluster.py").write_text("a typo")
    assert start(fork_server.path).version() == Tls.version
    assert start(fork_server.path).version() == Tls.version
    assert len(fork_server.plugins()) == 2
