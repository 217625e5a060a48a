"""Messages that the engine shows beside a resource."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineLog:
    """The engine's log; without an address, messages go nowhere."""

    address: str = ""

    def warn(self, urn: str, message: str) -> None:
        """Show a warning. An engine that does not take it is no reason to fail an operation."""
        if not self.address:
            return
        import grpc

        from localcloud.plugins.protocol import engine_pb2, engine_pb2_grpc

        with grpc.insecure_channel(self.address) as channel:
            request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, urn=urn, message=message)
            try:
                engine_pb2_grpc.EngineStub(channel).Log(request, timeout=5)
            except grpc.RpcError:
                return
