"""A name server that answers each query with SERVFAIL: ``failing_name_server.py ADDRESS``."""

from __future__ import annotations

import signal
import socket
import sys

HEADER = 12
"""Bytes of a message's header (RFC 1035, section 4.1.1)."""


def failure(query: bytes) -> bytes:
    """Return the answer to a query with one question: its header and question, with QR, RA and SERVFAIL set."""
    end = query.index(0, HEADER) + 5
    flags = bytes([query[2] | 0x80, 0x82])
    return query[:2] + flags + b"\0\1" + bytes(6) + query[HEADER:end]


def serve(address: str) -> None:
    """Never returns."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        while True:
            query, client = server.recvfrom(4096)
            if b"\0" in query[HEADER:]:
                server.sendto(failure(query), client)


if __name__ == "__main__":
    # The local cloud tells the name server by this signal that the records changed.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    serve(sys.argv[1])
