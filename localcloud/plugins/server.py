"""The process around a stand-in provider: what the engine starts, finds by its port, and stops."""

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
"""Bytes, as in Pulumi's SDKs."""

_CONCURRENT_OPERATIONS = 64
_PARENT_CHECK_INTERVAL = 1.0


def main(provider: Provider) -> None:
    """Serve until the engine ends. The engine's address is the last argument; the port goes to standard output."""
    engine = os.getppid()
    # Python leaves SIGINT ignored where it starts so, as in a background job of a script; the engine stops by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    server = start(provider, sys.argv[1:])
    try:
        # An engine that was killed stops nobody: its plugins see that they have another parent.
        while server.wait_for_termination(_PARENT_CHECK_INTERVAL) and os.getppid() == engine:
            pass
    except KeyboardInterrupt:
        provider.cancelled.set()
    # Operations may still wait for the API; nothing is lost by not waiting for their threads.
    os._exit(0)


def start(provider: Provider, arguments: Sequence[str]) -> grpc.Server:
    """Serve on a free port, which is printed. The engine's address is the last of the ``arguments``."""
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
