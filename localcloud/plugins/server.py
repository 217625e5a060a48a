"""Serves a stand-in provider over gRPC, in a process that the engine starts and stops."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from localcloud.plugins.engine_log import EngineLog
from localcloud.plugins.protocol import provider_pb2_grpc
from localcloud.plugins.provider import Provider
from localcloud.plugins.servicer import Servicer

_LARGEST_MESSAGE = 400 * 1024 * 1024
"""Bytes of the largest gRPC message, as in Pulumi's SDKs."""

_CONCURRENT_OPERATIONS = 64
_PARENT_CHECK_INTERVAL = 1.0


def main(provider: Provider) -> None:
    """Serve until the engine ends. The last argument is the engine's address; the port is printed."""
    engine = os.getppid()
    # The engine stops a plugin with SIGINT, which Python ignores if it was started as a script's background job.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    server = start(provider, sys.argv[1:])
    try:
        # A killed engine does not stop its plugins. They notice that their parent has changed.
        while server.wait_for_termination(_PARENT_CHECK_INTERVAL) and os.getppid() == engine:
            pass
    except KeyboardInterrupt:
        provider.cancelled.set()
    # Without waiting for threads: operations may still wait for the API, and their results are not needed.
    os._exit(0)


def start(provider: Provider, arguments: Sequence[str]) -> grpc.Server:
    """Serve on a free port, and print it. The last of the ``arguments`` is the engine's address."""
    addresses = [argument for argument in arguments if not argument.startswith("-")]
    options = [
        ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
        ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    ]
    server = grpc.server(ThreadPoolExecutor(_CONCURRENT_OPERATIONS), options=options)
    servicer = Servicer(provider, EngineLog(addresses[-1] if addresses else ""))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    return server
