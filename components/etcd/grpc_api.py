"""etcd's gRPC API, as far as the program changes members by it, and the writers of console and acceptance use it.

Names and numbers are those of etcd's ``api/etcdserverpb/rpc.proto``, ``api/mvccpb/kv.proto`` and
``api/authpb/auth.proto``. They are the same in 3.5, 3.6 and 3.7. Calls hold no thread of the event loop: see
``components/api/http_client.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Self

import grpc
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from ..shared.ports import CLIENT_PORT
from .credentials import TlsTexts

PACKAGE = "etcdserverpb"

FIELDS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "Permission": {"permType": (1, "int32"), "key": (2, "bytes"), "range_end": (3, "bytes")},
    "UserAddOptions": {"no_password": (1, "bool")},
    "PutRequest": {"key": (1, "bytes"), "value": (2, "bytes")},
    "RangeRequest": {"key": (1, "bytes"), "range_end": (2, "bytes"), "keys_only": (8, "bool")},
    "KeyValue": {"key": (1, "bytes")},
    "RangeResponse": {"kvs": (2, "*KeyValue")},
    "MemberRemoveRequest": {"ID": (1, "uint64")},
    "MoveLeaderRequest": {"targetID": (1, "uint64")},
    "HashKVRequest": {"revision": (1, "int64")},
    "HashKVResponse": {"hash": (2, "uint32"), "compact_revision": (3, "int64")},
    "LeaseGrantRequest": {"TTL": (1, "int64"), "ID": (2, "int64")},
    "LeaseRevokeRequest": {"ID": (1, "int64")},
    "LeaseTimeToLiveRequest": {"ID": (1, "int64")},
    "LeaseTimeToLiveResponse": {"TTL": (3, "int64")},
    "AuthStatusResponse": {"enabled": (2, "bool")},
    "AuthUserAddRequest": {"name": (1, "string"), "options": (3, "UserAddOptions")},
    "AuthUserGetRequest": {"name": (1, "string")},
    "AuthUserGetResponse": {"roles": (2, "*string")},
    "AuthUserListResponse": {"users": (2, "*string")},
    "AuthUserDeleteRequest": {"name": (1, "string")},
    "AuthUserGrantRoleRequest": {"user": (1, "string"), "role": (2, "string")},
    "AuthUserRevokeRoleRequest": {"name": (1, "string"), "role": (2, "string")},
    "AuthRoleAddRequest": {"name": (1, "string")},
    "AuthRoleGetRequest": {"role": (1, "string")},
    "AuthRoleGetResponse": {"perm": (2, "*Permission")},
    "AuthRoleListResponse": {"roles": (2, "*string")},
    "AuthRoleDeleteRequest": {"role": (1, "string")},
    "AuthRoleGrantPermissionRequest": {"name": (1, "string"), "perm": (2, "Permission")},
    "AuthRoleRevokePermissionRequest": {
        "role": (1, "string"),
        "key": (2, "bytes"),
        "range_end": (3, "bytes"),
    },
    "Empty": {},
}
"""Numbers and types of the fields that the program uses, by message. A star marks a list."""

METHODS = {
    "KV/Put": ("PutRequest", "Empty"),
    "KV/Range": ("RangeRequest", "RangeResponse"),
    "Cluster/MemberRemove": ("MemberRemoveRequest", "Empty"),
    "Maintenance/MoveLeader": ("MoveLeaderRequest", "Empty"),
    "Maintenance/HashKV": ("HashKVRequest", "HashKVResponse"),
    "Lease/LeaseGrant": ("LeaseGrantRequest", "Empty"),
    "Lease/LeaseRevoke": ("LeaseRevokeRequest", "Empty"),
    "Lease/LeaseTimeToLive": ("LeaseTimeToLiveRequest", "LeaseTimeToLiveResponse"),
    "Auth/AuthEnable": ("Empty", "Empty"),
    "Auth/AuthDisable": ("Empty", "Empty"),
    "Auth/AuthStatus": ("Empty", "AuthStatusResponse"),
    "Auth/UserAdd": ("AuthUserAddRequest", "Empty"),
    "Auth/UserGet": ("AuthUserGetRequest", "AuthUserGetResponse"),
    "Auth/UserList": ("Empty", "AuthUserListResponse"),
    "Auth/UserDelete": ("AuthUserDeleteRequest", "Empty"),
    "Auth/UserGrantRole": ("AuthUserGrantRoleRequest", "Empty"),
    "Auth/UserRevokeRole": ("AuthUserRevokeRoleRequest", "Empty"),
    "Auth/RoleAdd": ("AuthRoleAddRequest", "Empty"),
    "Auth/RoleGet": ("AuthRoleGetRequest", "AuthRoleGetResponse"),
    "Auth/RoleList": ("Empty", "AuthRoleListResponse"),
    "Auth/RoleDelete": ("AuthRoleDeleteRequest", "Empty"),
    "Auth/RoleGrantPermission": ("AuthRoleGrantPermissionRequest", "Empty"),
    "Auth/RoleRevokePermission": ("AuthRoleRevokePermissionRequest", "Empty"),
}
"""The messages of each method's request and answer. An answer's other fields are skipped."""

LOCAL_CODES = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
"""Codes that this machine's side gives when there is no answer. etcd gives them as well, with its name in the text."""


class RefusedCallError(Exception):
    """A member answered with an error, or gave no answer. The text is etcd's, or says why."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def answered(self) -> bool:
        """Whether etcd itself said so."""
        return self.code not in LOCAL_CODES or str(self).startswith("etcdserver:")


class Connection:
    """A connection to one member at its address. Uses no DNS and no proxy. One can serve many calls at once."""

    def __init__(self, name: str, address: str, texts: TlsTexts) -> None:
        """The member's certificate must carry its ``name``."""
        self._target = f"ipv4:{address}:{CLIENT_PORT}"
        self._credentials = grpc.ssl_channel_credentials(
            texts.ca.encode(), texts.key.encode(), texts.certificate.encode()
        )
        self._options = (
            ("grpc.ssl_target_name_override", name),
            ("grpc.enable_http_proxy", 0),
            # A connection ends with its channel, and none is shared with an earlier one.
            ("grpc.use_local_subchannel_pool", 1),
        )
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> Self:
        self._channel = grpc.secure_channel(self._target, self._credentials, self._options)
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()

    async def call(self, method: str, fields: Mapping[str, Any], *, seconds: float) -> Any:
        """Call a method such as ``Lease/LeaseGrant``. Returns the answer, a message with the fields of ``FIELDS``.

        Raises ``RefusedCallError``. Cancelling the task that waits ends the call.
        """
        if self._channel is None:
            raise RuntimeError("the connection is not open")
        request, answer = METHODS[method]
        stub = self._channel.unary_unary(
            f"/{PACKAGE}.{method}",
            request_serializer=_serialized,
            response_deserializer=_classes()[answer].FromString,
        )
        under_way = stub.future(_classes()[request](**fields), timeout=seconds)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        def tell(_: object) -> None:
            # gRPC calls this in a thread of its own. A closed loop waits for nothing any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(end)

        under_way.add_done_callback(tell)
        try:
            await ended
        finally:
            # It does nothing to a call that has ended.
            under_way.cancel()
        if under_way.code() is not grpc.StatusCode.OK:
            raise RefusedCallError(under_way.code(), _reason(under_way.code(), under_way.details() or ""))
        return under_way.result()


def _reason(code: grpc.StatusCode, details: str) -> str:
    return "no answer in time" if code is grpc.StatusCode.DEADLINE_EXCEEDED else details


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


@cache
def _classes() -> Mapping[str, type[Message]]:
    """The classes of the messages, in a pool of their own: another package may have the same names in the default."""
    types = dict(FieldDescriptorProto.Type.items())
    file = FileDescriptorProto(name="etcd.proto", package=PACKAGE, syntax="proto3")
    for name, fields in FIELDS.items():
        message = DescriptorProto(name=name)
        for field, (number, kind) in fields.items():
            plain = kind.removeprefix("*")
            described = message.field.add(name=field, number=number)
            described.label = (
                FieldDescriptorProto.LABEL_OPTIONAL if plain == kind else FieldDescriptorProto.LABEL_REPEATED
            )
            if plain in FIELDS:
                described.type_name = f".{PACKAGE}.{plain}"
                described.type = FieldDescriptorProto.TYPE_MESSAGE
            else:
                described.type = types[f"TYPE_{plain.upper()}"]
        file.message_type.append(message)
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in FIELDS}
