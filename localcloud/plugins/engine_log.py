"""Sends messages that the engine shows beside a resource."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

from localcloud.plugins import protocol

_TIMEOUT = 5.0
"""Seconds within which the engine must accept a message."""


@dataclass(frozen=True)
class EngineLog:
    """The engine's log. Without an address, messages are dropped."""

    address: str = ""

    def warn(self, urn: str, message: str) -> None:
        """Show a warning. A failure is ignored, so that it does not fail the operation."""
        if not self.address:
            return
        with grpc.insecure_channel(self.address) as channel:
            engine = protocol.engine_pb2_grpc.EngineStub(channel)
            warning = protocol.engine_pb2.WARNING
            request = protocol.engine_pb2.LogRequest(severity=warning, urn=urn, message=message)
            try:
                engine.Log(request, timeout=_TIMEOUT)  # pyright: ignore[reportUnknownMemberType]
            except grpc.RpcError:
                return
