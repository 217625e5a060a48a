"""A client that sends requests to a plugin like the engine does, in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

REQUESTS = {"CheckConfig": "CheckRequest", "DiffConfig": "DiffRequest"}


@dataclass(frozen=True)
class RefusedError(Exception):
    """A plugin's error, and the state that the engine must keep."""

    text: str
    kept: dict[str, Any] | None


@dataclass(frozen=True)
class EngineClient:
    """Sends requests for one resource type to a plugin."""

    stub: provider_pb2_grpc.ResourceProviderStub
    type: str = ""
    name: str = "m1"

    def call(self, method: str, **request: Any) -> dict[str, Any]:
        message = getattr(provider_pb2, REQUESTS.get(method, f"{method}Request"))()
        if self.type and method != "Configure":
            request["urn"] = f"urn:pulumi:dev::proto::{self.type}::{self.name}"
        try:
            return MessageToDict(getattr(self.stub, method)(ParseDict(request, message)))
        except grpc.RpcError as error:
            raise RefusedError(error.details(), _kept(error)) from error


def _kept(error: Any) -> dict[str, Any] | None:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            detail = provider_pb2.ErrorResourceInitFailed()
            if status.details[0].Unpack(detail):
                return MessageToDict(detail)
    return None
