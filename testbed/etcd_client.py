"""etcd's gRPC API over one persistent connection per member.

The JSON gateway would not do: with authentication on, it refuses every certificate that has a common name.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import grpc

from components.shared.ports import CLIENT_PORT
from testbed.etcd_messages import MESSAGES

POLLED = 1.0
"""Seconds after which gRPC has certainly stopped to poll a connection's state, as it does every 0.2 s."""


class NoAnswer(Exception):  # noqa: N818 - the name says what happened
    """A member did not answer, or answered with an error; what it did with the request is not known."""


class Bundle:
    """A client's three files, ``ca.pem``, ``client.pem`` and ``client-key.pem``: read again when they change."""

    def __init__(self, directory: Path) -> None:
        self._files = [directory / name for name in ("ca.pem", "client-key.pem", "client.pem")]
        self._loaded: tuple[list[int], grpc.ChannelCredentials] | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """What a connection that is opened now uses."""
        state = [file.stat().st_mtime_ns for file in self._files]
        if self._loaded is None or self._loaded[0] != state:
            self._loaded = state, grpc.ssl_channel_credentials(*(file.read_bytes() for file in self._files))
        return self._loaded[1]


class Connection:
    """To one member, by its name, which is resolved at each opening unless ``address`` is given."""

    def __init__(
        self, name: str, bundle: Bundle, *, address: str | None = None, timeout: float = 3.0
    ) -> None:
        self._name = name
        self._bundle = bundle
        self._address = address or name
        self._timeout = timeout
        self._channel: grpc.Channel | None = None

    @property
    def is_open(self) -> bool:
        """Whether the connection was opened, and no request has failed since."""
        return self._channel is not None

    def open(self) -> grpc.Channel:
        """Connect unless it is connected. Raises ``NoAnswer``."""
        if self._channel is not None:
            return self._channel
        try:
            address = socket.gethostbyname(self._address)
        except OSError as error:
            raise NoAnswer(f"{self._name}: {error}") from error
        # gRPC would try the same address again by itself, after pauses, and share the connection with other channels.
        options = [
            ("grpc.ssl_target_name_override", self._name),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
        ]
        channel = grpc.secure_channel(f"ipv4:{address}:{CLIENT_PORT}", self._bundle.credentials(), options)
        self._channel = channel
        if not is_ready(channel, self._timeout):
            self.close()
            raise NoAnswer(f"{self._name}: no connection to {address}")
        return channel

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._channel is not None:
            # The thread that polls the state would raise an error on a closed channel.
            closing = threading.Timer(POLLED, self._channel.close)
            closing.daemon = True
            closing.start()
        self._channel = None

    def put(self, key: str, value: str) -> None:
        """Write one key. Raises ``NoAnswer``."""
        self._call("KV/Put", "Put", key=key.encode(), value=value.encode())

    def range(self, key: str, end: str = "", *, serializable: bool = False, limit: int = 0) -> Any:
        """The answer to a ``RangeRequest``. Raises ``NoAnswer``."""
        keys = {"key": key.encode(), "range_end": end.encode()}
        return self._call("KV/Range", "Range", **keys, serializable=serializable, limit=limit)

    def members(self) -> Any:
        """The member list that this member has. Raises ``NoAnswer``."""
        return self._call("Cluster/MemberList", "MemberList").members

    def status(self) -> Any:
        """The member's own status. Raises ``NoAnswer``."""
        return self._call("Maintenance/Status", "Status")

    def authentication(self) -> Any:
        """Whether authentication is on, and the revision of users and roles. Raises ``NoAnswer``."""
        return self._call("Auth/AuthStatus", "AuthStatus")

    def _call(self, method: str, message: str, **fields: Any) -> Any:
        """One request's answer. Raises ``NoAnswer``, after which the connection is closed."""
        channel = self.open()
        sent: bytes = MESSAGES[f"{message}Request"](**fields).SerializeToString()
        call = channel.unary_unary(
            f"/etcdserverpb.{method}",
            request_serializer=bytes,
            response_deserializer=MESSAGES[f"{message}Response"].FromString,
        )
        try:
            return call(sent, timeout=self._timeout)
        except grpc.RpcError as error:
            self.close()
            said = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.Call) else str(error)
            raise NoAnswer(f"{self._name}: {said}") from error


def is_ready(channel: grpc.Channel, seconds: float) -> bool:
    """Connect, and return whether that succeeded within this time."""
    decided = threading.Event()
    states: list[grpc.ChannelConnectivity] = []

    def observe(state: grpc.ChannelConnectivity) -> None:
        if state in {
            grpc.ChannelConnectivity.READY,
            grpc.ChannelConnectivity.TRANSIENT_FAILURE,
            grpc.ChannelConnectivity.SHUTDOWN,
        }:
            states.append(state)
            decided.set()

    channel.subscribe(observe, try_to_connect=True)
    decided.wait(seconds)
    # A subscription costs a thread that polls.
    channel.unsubscribe(observe)
    return states[:1] == [grpc.ChannelConnectivity.READY]
