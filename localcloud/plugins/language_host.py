"""A stand-in for ``pulumi-language-python``, Pulumi's host of Python programs.

The engine starts it with the engine's address as the last argument, reads the port from its first line of output, and
asks it over gRPC to run the program. The program runs in this process, with the packages of this interpreter. It does
not choose a virtual environment, and installs nothing. A plugin in Python, such as a component for other languages,
runs in a process of its own with the same packages.

Its answers and its reports of a program's failure equal those of the official host, so that either can be used:
https://www.pulumi.com/docs/iac/languages-sdks/python/ and ``proto/pulumi/language.proto`` of Pulumi's repository.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import re
import runpy
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Never

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi import log
from pulumi.errors import RunError
from pulumi.runtime import run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import (
    LanguageRuntimeServicer,
    add_LanguageRuntimeServicer_to_server,
)
from pulumi.runtime.settings import Settings, configure

from localcloud.plugins.python_plugin import NotRunnableError, RunningPlugins

ORPHAN_CHECK_SECONDS = 1.0
"""Seconds between two checks that the engine that started the host still runs."""

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes of the largest gRPC message, as in Pulumi's SDKs."""

CALLS_AT_ONCE = 64
"""Calls that the host answers at the same time. Each running plugin takes one until it ends."""

GARBAGE_THRESHOLD = 100_000
"""New objects between two garbage collections: provider SDKs make millions of lasting objects, and a run is short."""


_PLUGINS = RunningPlugins()


class LanguageHost(LanguageRuntimeServicer):
    """Runs Python programs for the engine at ``engine_address``."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._runs: SimpleQueue[tuple[language_pb2.RunRequest, Future[language_pb2.RunResponse]]] = (
            SimpleQueue()
        )

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Store the engine's address, which can differ from the command line's."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(  # noqa: N802
        self, request: Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """Return the version of the Python SDK."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(  # noqa: N802
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        """Return the interpreter that runs programs."""
        version = ".".join(str(part) for part in sys.version_info[:3])
        return language_pb2.AboutResponse(executable=sys.executable, version=version)

    def RuntimeOptionsPrompts(  # noqa: N802
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """Return no prompts, since programs have no runtime options."""
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Install nothing: the interpreter's packages come from the project's lock file."""
        text = f"Programs and plugins run on {sys.executable}, whose packages `uv sync` installs.\n"
        yield language_pb2.InstallDependenciesResponse(stdout=text.encode())

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """List the installed packages; without transitive dependencies, only those that no other package requires."""
        packages = {_normal(package.name): package for package in metadata.distributions()}
        if not request.transitiveDependencies:
            for name in set(_required(packages.values())):
                packages.pop(name, None)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=package.name, version=package.version)
                for _, package in sorted(packages.items())
            ]
        )

    def GetRequiredPlugins(  # noqa: N802
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """List the plugins of the installed provider SDKs."""
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(
                    name=plugin["name"],
                    kind="resource",
                    version=f"v{plugin['version']}",
                    server=plugin.get("server", ""),
                )
                for plugin in _provider_plugins()
            ]
        )

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """List the plugins of the installed provider SDKs, as packages."""
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(
                    name=plugin["name"],
                    kind="resource",
                    version=f"v{plugin['version']}",
                    server=plugin.get("server", ""),
                )
                for plugin in _provider_plugins()
            ]
        )

    def Run(  # noqa: N802
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        """Run the program on the main thread, and return its result."""
        response: Future[language_pb2.RunResponse] = Future()
        self._runs.put((request, response))
        return response.result()

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin in Python until it ends or the engine cancels the call, and pass its output on."""
        if request.kind == "analyzer" or request.attach_debugger:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                "the local cloud's language host runs no policy packs and no debugger: use the official host",
            )
        try:
            plugin = _PLUGINS.start(request)
        except NotRunnableError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        if not context.add_callback(plugin.kill):
            plugin.kill()
        yield from _PLUGINS.follow(plugin)

    def GeneratePackage(  # noqa: N802
        self, request: language_pb2.GeneratePackageRequest, context: grpc.ServicerContext
    ) -> language_pb2.GeneratePackageResponse:
        """Refuse ``pulumi package add`` in a Python project: the generator is part of the official host."""
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "the local cloud's language host generates no Python packages: install the component's distribution, "
            "or use the official host",
        )

    def run_programs(self) -> Never:
        """Run the requested programs one after the other.

        It must be called on the main thread, since a program can handle signals only there.
        """
        while True:
            request, response = self._runs.get()
            try:
                response.set_result(_run(request, self._engine_address))
            except BaseException as error:
                response.set_exception(error)


def _run(request: language_pb2.RunRequest, engine_address: str) -> language_pb2.RunResponse:
    program = Path(request.info.program_directory or request.pwd) / (
        request.info.entry_point or request.program
    )
    configure(
        Settings(
            project=request.project,
            stack=request.stack,
            monitor=request.monitor_address,
            engine=engine_address,
            parallel=request.parallel,
            dry_run=request.dryRun,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory or request.pwd,
        )
    )
    config, secret_keys = dict(request.config), list(request.configSecretKeys)
    set_all_config(config, secret_keys)
    os.environ["PULUMI_CONFIG"] = json.dumps(config)
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(secret_keys)
    os.chdir(request.pwd)
    sys.argv = [str(program), *request.args]
    sys.path.insert(0, str(program if program.is_dir() else program.parent))
    # asyncio would log an error for each future that a failed program does not await.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A resource can need several threads: for its registration and for the serialization of its inputs.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=4 * max(request.parallel, 1)))
    try:
        return _finish(loop, program)
    finally:
        _cancel_rest(loop)
        sys.stdout.flush()
        sys.stderr.flush()


def _finish(loop: asyncio.AbstractEventLoop, program: Path) -> language_pb2.RunResponse:
    """Run ``program`` and return its result for the engine: ``bail`` means that the error has been logged."""

    def main() -> None:
        runpy.run_path(str(program), run_name="__main__")

    try:
        loop.run_until_complete(run_in_stack(main))
    except RunError as error:
        log.error(str(error))
        return language_pb2.RunResponse(bail=True)
    except SystemExit as error:
        if error.code not in {None, 0}:
            return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {error.code}")
    except grpc.RpcError as error:
        # An engine that shuts down has already reported the reason.
        if isinstance(error, grpc.Call) and error.code() is not grpc.StatusCode.UNAVAILABLE:
            log.error(_report(error, program))
            return language_pb2.RunResponse(bail=True)
    except BaseException as error:
        log.error(_report(error, program))
        return language_pb2.RunResponse(bail=True)
    return language_pb2.RunResponse()


def _report(error: BaseException, program: Path) -> str:
    """Return the traceback from the program's first frame on; all of it if no frame is the program's."""
    first: TracebackType | None = error.__traceback__
    home = str(program if program.is_dir() else program.parent)
    while first is not None and not first.tb_frame.f_code.co_filename.startswith(home):
        first = first.tb_next
    frames = traceback.format_exception(type(error), error, first or error.__traceback__)
    return "Program failed with an unhandled exception:\n" + "".join(frames)


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.close()


def _provider_plugins() -> Iterator[dict[str, Any]]:
    """Yield the ``pulumi-plugin.json`` of every installed provider SDK."""
    for package in metadata.distributions():
        if not _normal(package.name).startswith("pulumi-"):
            continue
        for file in package.files or ():
            if file.name == "pulumi-plugin.json":
                plugin = json.loads(file.read_text())
                if plugin.get("resource"):
                    yield {"version": package.version, **plugin}


def _required(packages: Iterable[metadata.Distribution]) -> Iterator[str]:
    for package in packages:
        for requirement in package.requires or ():
            if "extra ==" not in requirement and (name := re.match(r"[\w.-]+", requirement)):
                yield _normal(name.group())


def _normal(name: str) -> str:
    """Return a package's normalized name: https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(argv: list[str]) -> None:
    """Serve until the engine interrupts the process or ends; ``argv`` ends with the engine's address."""
    if not argv:
        sys.exit(
            "pulumi-language-python: the engine's address is missing: run pulumi, which starts this program"
        )
    gc.set_threshold(GARBAGE_THRESHOLD)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    _stop_on_any_thread()
    threading.Thread(target=_stop_with_parent, args=(os.getppid(),), daemon=True).start()
    limits = [
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.max_send_message_length", MESSAGE_LIMIT),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=CALLS_AT_ONCE), options=limits)
    host = LanguageHost(argv[-1])
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    host.run_programs()


def _stop(_signal: int, _frame: FrameType | None) -> Never:
    _exit()


def _exit() -> Never:
    """End the process and its plugins, without clean-up: a running program would delay the interpreter's exit."""
    _PLUGINS.end()
    os._exit(0)


def _stop_on_any_thread() -> None:
    """Stop on a signal even if the main thread is blocked.

    Python runs handlers only on the main thread. It writes the signal's number to a pipe immediately, on any thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def listen() -> None:
        while number := os.read(reader, 1):
            if signal.getsignal(number[0]) is _stop:
                _exit()

    threading.Thread(target=listen, daemon=True).start()


def _stop_with_parent(parent: int) -> Never:
    """End the process when its parent, the engine, has ended without stopping it."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    _exit()


if __name__ == "__main__":
    main(sys.argv[1:])
