"""The messages of etcd's gRPC API that the testbed's client exchanges, built without generated code.

Field numbers: https://github.com/etcd-io/etcd/blob/v3.6.14/api/etcdserverpb/rpc.proto and ``mvccpb/kv.proto``.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "lifecycle"
_TYPES = {
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
}
_MESSAGES = {
    "Header": {"cluster_id": (1, "uint64"), "member_id": (2, "uint64"), "revision": (3, "int64")},
    "KeyValue": {"key": (1, "bytes"), "value": (5, "bytes")},
    "Member": {
        "id": (1, "uint64"),
        "name": (2, "string"),
        "client_urls": (4, "repeated string"),
        "is_learner": (5, "bool"),
    },
    "RangeRequest": {
        "key": (1, "bytes"),
        "range_end": (2, "bytes"),
        "limit": (3, "int64"),
        "serializable": (7, "bool"),
    },
    "RangeResponse": {"header": (1, "Header"), "kvs": (2, "repeated KeyValue"), "more": (3, "bool")},
    "PutRequest": {"key": (1, "bytes"), "value": (2, "bytes")},
    "PutResponse": {"header": (1, "Header")},
    "MemberListRequest": {},
    "MemberListResponse": {"header": (1, "Header"), "members": (2, "repeated Member")},
    "AuthStatusRequest": {},
    "AuthStatusResponse": {"enabled": (2, "bool"), "revision": (3, "uint64")},
    "StatusRequest": {},
    "StatusResponse": {"header": (1, "Header"), "is_learner": (10, "bool")},
}
"""Number and type of each field of each message. Other fields are ignored."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="lifecycle.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            label, _, single = kind.rpartition(" ")
            added = message.field.add(name=field, number=number)
            added.label = (
                descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
                if label
                else descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            )
            if single in _TYPES:
                added.type = _TYPES[single]
            else:
                added.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                added.type_name = f".{_PACKAGE}.{single}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


MESSAGES = _classes()
"""The class of each message by its name."""
