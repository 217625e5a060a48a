"""Starts stand-in plugins quickly, by a fork: ``python -m localcloud.plugins.fork_server LISTENER``.

``LISTENER`` is the descriptor of a listening Unix socket of type ``SOCK_SEQPACKET``, to which launchers connect.

A plugin spends most of its start importing gRPC, protobuf and httpx, and a program spends half of an unchanged run
importing the SDK of DigitalOcean and its own modules. This process has imported them. Every run of the engine gets its
own plugins, which are forked from it and get the engine's environment. This process never makes a gRPC channel or
server, because gRPC does not survive a fork once it has threads.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Never

from localcloud.plugins import http_client, language_host, server
from localcloud.plugins.checkout_modules import CheckoutModules
from localcloud.plugins.cloudflare.provider import Cloudflare
from localcloud.plugins.digitalocean.provider import DigitalOcean
from localcloud.plugins.provider import Provider
from localcloud.plugins.python_environment import PythonEnvironment
from localcloud.plugins.tls.provider import Tls

PROVIDERS: Mapping[str, Callable[[], Provider]] = {
    "localcloud.plugins.cloudflare": Cloudflare,
    "localcloud.plugins.digitalocean": DigitalOcean,
    "localcloud.plugins.tls": Tls,
}
"""Providers by the module that a plugin's executable names."""

PRELOADED = ("components.cluster", "components.arguments.stack_configuration")
"""All that the checkout's program imports, with the SDKs of its providers.

A program has imported it already when it is run by a language host from here.
"""

_LARGEST_MESSAGE = 1024 * 1024
"""Bytes of the largest message, which is more than a Unix socket accepts by default."""


def main(descriptor: int) -> Never:
    """Serve launchers until a signal ends the process."""
    started = time.time()
    http_client.prepare()
    # A program that cannot be imported says so itself, to the run that needs it.
    with suppress(Exception):
        for name in PRELOADED:
            importlib.import_module(name)
    language_host.provider_plugins(PythonEnvironment())
    checkout = CheckoutModules()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(fileno=descriptor)
    # The current objects stay in memory that is shared with the children.
    gc.collect()
    gc.freeze()
    while True:
        launcher, _ = listener.accept()
        if _changed_since(started, checkout):
            # The launcher gets no answer, and starts the plugin itself.
            os.set_inheritable(descriptor, True)
            os.execv(sys.executable, [sys.executable, "-uP", "-m", __spec__.name, str(descriptor)])  # noqa: S606
        if os.fork() == 0:
            listener.close()
            _become_plugin(launcher, checkout)
        launcher.close()


def _changed_since(started: float, checkout: CheckoutModules) -> bool:
    """Return whether loaded code or the installed packages have changed since this Unix time.

    The time of a file's last change counts, which is that of a rename and a copy as well, and not that of its contents.
    """
    code = [*Path(__file__).parent.rglob("*.py"), *checkout.files(), Path(sysconfig.get_path("purelib"))]
    return any(not path.exists() or path.stat().st_ctime > started for path in code)


def _become_plugin(launcher: socket.socket, checkout: CheckoutModules) -> Never:
    """Serve one plugin in the child process, until its launcher ends."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        request, outputs, _, _ = socket.recv_fds(launcher, _LARGEST_MESSAGE, 2)
        environment = launcher.recv(_LARGEST_MESSAGE)
        # A connection without a request only checks that this process runs.
        if request and environment:
            module, directory, *arguments = os.fsdecode(request).split("\0")
            serve = _provider(PROVIDERS[module]()) if module in PROVIDERS else partial(_programs, checkout)
            _adopt(directory, outputs, environment)
            launcher.send(b"\1")
            serve(arguments, lambda: launcher.recv(1))
    except BaseException:
        traceback.print_exc()
    # Without waiting for threads: operations may still wait for the API, and their results are not needed.
    os._exit(0)


def _provider(provider: Provider) -> Callable[[list[str], Callable[[], bytes]], None]:
    def serve(arguments: list[str], signalled: Callable[[], bytes]) -> None:
        serving = server.start(provider, arguments)
        signalled()
        provider.cancelled.set()
        serving.stop(None)

    return serve


def _programs(checkout: CheckoutModules, arguments: list[str], signalled: Callable[[], bytes]) -> None:
    language_host.serve(arguments, signalled, checkout.keep_those_of)


def _adopt(directory: str, outputs: Sequence[int], environment: bytes) -> None:
    """Take the launcher's folder, output and environment."""
    for number, output in enumerate(outputs, start=1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    for entry in os.fsdecode(environment).split("\0"):
        name, _, value = entry.partition("=")
        os.environ[name] = value
    os.chdir(directory)


if __name__ == "__main__":
    main(int(sys.argv[1]))
