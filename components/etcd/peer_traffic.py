"""Which members others receive messages from: proof that they run, even where this machine cannot reach them.

A connection proves nothing. etcd counts one as active for up to 15 s after a machine stands still: it waits 5 s for the
next message, and 10 s for a new connection's handshake.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping

from .member_metrics import read_metrics

RECEIVED = re.compile(
    r'^etcd_network_peer_received_bytes_total\{From="([0-9a-f]+)"\} ([0-9.e+]+)$', re.MULTILINE
)
"""etcd's metric of the bytes that came from a member. https://etcd.io/docs/v3.6/metrics/"""
PAUSE_SECONDS = 2.0
"""Seconds between two readings. A leader sends a heartbeat each tenth of a second, and each follower answers it."""


async def heard_members(addresses: Mapping[str, str], context: ssl.SSLContext) -> set[int]:
    """Ids of the members that sent something to one of these, given by name and address, within some seconds."""
    before = await _received(addresses, context)
    await asyncio.sleep(PAUSE_SECONDS)
    after = await _received(addresses, context)
    return {
        sender
        for name, senders in after.items()
        for sender, count in senders.items()
        if sender in before[name] and count > before[name][sender]
    }


async def _received(addresses: Mapping[str, str], context: ssl.SSLContext) -> dict[str, dict[int, float]]:
    counts = await asyncio.gather(*(_counts(name, address, context) for name, address in addresses.items()))
    return dict(zip(addresses, counts, strict=True))


async def _counts(name: str, address: str, context: ssl.SSLContext) -> dict[int, float]:
    """Bytes by the sender's id. Empty if the member does not tell."""
    metrics = await read_metrics(name, address, context)
    return {int(sender, 16): float(count) for sender, count in RECEIVED.findall(metrics)}
