"""``python -m localcloud.plugins.fork_server LISTENER``: starts stand-in providers by a fork.

``LISTENER`` is the descriptor of a listening Unix socket of type ``SOCK_SEQPACKET``, which launchers connect to.

Most of a plugin's start is importing gRPC, protobuf and httpx. This process has imported them, and every run
of the engine gets plugins of its own, forked from it, with the environment of the engine that asked.
It never makes a channel or a server itself: gRPC does not survive a fork once it has threads.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Never

from localcloud.plugins import http_client, server
from localcloud.plugins.cloudflare.provider import Cloudflare
from localcloud.plugins.digitalocean.provider import DigitalOcean
from localcloud.plugins.provider import Provider
from localcloud.plugins.tls.provider import Tls

PROVIDERS: Mapping[str, Callable[[], Provider]] = {
    "localcloud.plugins.cloudflare": Cloudflare,
    "localcloud.plugins.digitalocean": DigitalOcean,
    "localcloud.plugins.tls": Tls,
}
"""By the module that a plugin's executable names."""

_LARGEST_MESSAGE = 1024 * 1024
"""Bytes; more than a Unix socket takes at once by default."""


def main(descriptor: int) -> Never:
    """Serve launchers until a signal comes."""
    began = time.time()
    http_client.prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(fileno=descriptor)
    # What is there now stays shared with the children.
    gc.collect()
    gc.freeze()
    while True:
        launcher, _ = listener.accept()
        if _changed_since(began):
            # The launcher, unanswered, starts the plugin by itself.
            os.set_inheritable(descriptor, True)
            os.execv(sys.executable, [sys.executable, "-uP", "-m", __spec__.name, str(descriptor)])  # noqa: S606
        if os.fork() == 0:
            listener.close()
            _become_plugin(launcher)
        launcher.close()


def _changed_since(began: float) -> bool:
    """Whether the plugins' code is newer than this time, in seconds since the epoch."""
    return any(path.stat().st_mtime > began for path in Path(__file__).parent.rglob("*.py"))


def _become_plugin(launcher: socket.socket) -> Never:
    """Run in the child: serve one provider until its launcher is gone."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        request, outputs, _, _ = socket.recv_fds(launcher, _LARGEST_MESSAGE, 2)
        environment = launcher.recv(_LARGEST_MESSAGE)
        # Who only looks whether this process is there says nothing.
        if request and environment:
            provider, arguments = _prepare(request, outputs, environment)
            launcher.send(b"\1")
            serving = server.start(provider, arguments)
            launcher.recv(1)
            provider.cancelled.set()
            serving.stop(None)
    except BaseException:
        traceback.print_exc()
    # Operations may still wait for the API; nothing is lost by not waiting for their threads.
    os._exit(0)


def _prepare(request: bytes, outputs: Sequence[int], environment: bytes) -> tuple[Provider, list[str]]:
    """Take the launcher's place; returns the provider and the plugin's arguments."""
    module, directory, *arguments = os.fsdecode(request).split("\0")
    provider = PROVIDERS[module]()
    for number, output in enumerate(outputs, start=1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    for entry in os.fsdecode(environment).split("\0"):
        name, _, value = entry.partition("=")
        os.environ[name] = value
    os.chdir(directory)
    return provider, arguments


if __name__ == "__main__":
    main(int(sys.argv[1]))
