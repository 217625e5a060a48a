"""A stand-in for ``pulumi-language-python``, Pulumi's host of Python programs.

The engine starts it with the engine's address as the last argument, reads the port from its first line of output, and
asks it over gRPC to run the program. The program runs in this process, with the packages of this interpreter. If its
project names another virtual environment, it runs in a process of its own. So does a plugin in Python, such as a
component for other languages. The host installs nothing.

Its answers and its reports of a program's failure equal those of the official host, so that either can be used:
https://www.pulumi.com/docs/iac/languages-sdks/python/ and ``proto/pulumi/language.proto`` of Pulumi's repository.
"""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any, Never

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import (
    LanguageRuntimeServicer,
    add_LanguageRuntimeServicer_to_server,
)

from localcloud.plugins import python_program
from localcloud.plugins.child_processes import ChildProcesses
from localcloud.plugins.python_environment import PythonEnvironment, environment_of
from localcloud.plugins.python_plugin import NotRunnableError, start_plugin
from localcloud.plugins.python_program import GARBAGE_THRESHOLD, program_folder, response, run_program

ORPHAN_CHECK_SECONDS = 1.0
"""Seconds between two checks that the engine that started the host still runs."""

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes of the largest gRPC message, as in Pulumi's SDKs."""

CALLS_AT_ONCE = 64
"""Calls that the host answers at the same time. Each running plugin takes one until it ends."""

_CHILDREN = ChildProcesses()


class LanguageHost(LanguageRuntimeServicer):
    """Runs Python programs for the engine at ``engine_address``.

    ``prepare`` gets a program's folder, before the program runs in this process.
    """

    def __init__(self, engine_address: str, prepare: Callable[[Path], None]) -> None:
        self._engine_address = engine_address
        self._prepare = prepare
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
        """Return the interpreter that runs the program."""
        python = environment_of(request.info).python
        version = subprocess.check_output([python, "--version"], text=True).split()[-1]
        return language_pb2.AboutResponse(executable=python, version=version)

    def RuntimeOptionsPrompts(  # noqa: N802
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """Return no prompts, since programs have no runtime options."""
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Install nothing: an environment of the checkout's has the packages of its lock file."""
        kind = "plugin" if request.is_plugin else "program"
        python = environment_of(request.info, is_plugin=request.is_plugin).python
        text = f"The local cloud installs no packages. The {kind} runs on {python}.\n"
        yield language_pb2.InstallDependenciesResponse(stdout=text.encode())

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """List the installed packages; without transitive dependencies, only those that no other package requires."""
        installed = environment_of(request.info).packages()
        packages = {_normal(package.name): package for package in installed}
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
                for plugin in provider_plugins(environment_of(request.info))
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
                for plugin in provider_plugins(environment_of(request.info))
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
            plugin = start_plugin(request, _CHILDREN)
        except NotRunnableError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        if not context.add_callback(plugin.kill):
            plugin.kill()
        yield from _CHILDREN.follow(plugin)

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
                response.set_result(self._run(request))
            except BaseException as error:
                response.set_exception(error)

    def _run(self, request: language_pb2.RunRequest) -> language_pb2.RunResponse:
        environment = environment_of(request.info)
        if environment.folder is None:
            self._prepare(program_folder(request))
            return response(run_program(request, self._engine_address))
        process = _CHILDREN.start(
            [environment.python, "-uP", python_program.__file__, self._engine_address],
            env=environment.variables,
            stdin=subprocess.PIPE,
        )
        process.communicate(request.SerializeToString())
        return response(_CHILDREN.finish(process))


@cache
def provider_plugins(environment: PythonEnvironment) -> Sequence[Mapping[str, Any]]:
    """The ``pulumi-plugin.json`` of every installed provider SDK, with the package's version.

    They are searched once: a host serves one run, which installs nothing.
    """
    found: list[Mapping[str, Any]] = []
    for package in environment.packages():
        if not _normal(package.name).startswith("pulumi-"):
            continue
        for file in package.files or ():
            if file.name == "pulumi-plugin.json":
                plugin = json.loads(file.read_text())
                if plugin.get("resource"):
                    found.append({"version": package.version, **plugin})
    return found


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
    serve(argv, partial(_parents_end, os.getppid()))


def serve(
    argv: list[str], signalled: Callable[[], bytes], prepare: Callable[[Path], None] = lambda _: None
) -> Never:
    """Serve until ``signalled`` returns nothing. A byte that it returns is the number of a signal for the program.

    ``prepare`` gets a program's folder, before the program runs in this process.
    """
    gc.set_threshold(GARBAGE_THRESHOLD)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    _stop_on_any_thread()
    threading.Thread(target=_follow, args=(signalled,), daemon=True).start()
    limits = [
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.max_send_message_length", MESSAGE_LIMIT),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=CALLS_AT_ONCE), options=limits)
    host = LanguageHost(argv[-1], prepare)
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    host.run_programs()


def _follow(signalled: Callable[[], bytes]) -> Never:
    while number := signalled():
        os.kill(os.getpid(), number[0])
    _exit()


def _stop(_signal: int, _frame: FrameType | None) -> Never:
    _exit()


def _exit() -> Never:
    """End the process and its plugins, without clean-up: a running program would delay the interpreter's exit."""
    _CHILDREN.end()
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


def _parents_end(parent: int) -> bytes:
    """Return when the parent, the engine, has ended without stopping this process."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_SECONDS)
    return b""


if __name__ == "__main__":
    main(sys.argv[1:])
