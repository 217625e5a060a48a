from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.plugins.provider import Provider
from localcloud.plugins.servicer import Servicer

Serve = Callable[[Provider], provider_pb2_grpc.ResourceProviderStub]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A function that serves a provider over gRPC like its executable does, and returns a client of it."""
    ends: list[Callable[[], object]] = []

    def start(provider: Provider) -> provider_pb2_grpc.ResourceProviderStub:
        server = grpc.server(ThreadPoolExecutor(4))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        ends.extend([channel.close, lambda: server.stop(None).wait()])
        return provider_pb2_grpc.ResourceProviderStub(channel)

    yield start
    for end in ends:
        end()
