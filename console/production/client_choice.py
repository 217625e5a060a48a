"""The certificate with which the console looks at members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.config.access_settings import Client
from components.etcd.credentials import TlsTexts


def client_for_looking(outputs: Mapping[str, Any], clients: Sequence[Client]) -> TlsTexts | None:
    """The first client that can write nothing, else the operator; ``None`` if the stack has no cluster.

    Every certificate of the cluster can ask for the state. One that can do nothing else is enough.
    """
    ca = outputs.get("caCertificate")
    pairs = [
        (outputs.get(f"client-{client.name}-certificate"), outputs.get(f"client-{client.name}-key"))
        for client in sorted(
            (one for one in clients if only_reads(one)), key=lambda one: len(one.permissions)
        )
    ]
    for certificate, key in [*pairs, (outputs.get("clientCertificate"), outputs.get("clientKey"))]:
        if ca and certificate and key:
            return TlsTexts(str(ca), str(certificate), str(key))
    return None


def only_reads(client: Client) -> bool:
    """Whether a client can write no key."""
    return not client.root and all(one.access == "read" for one in client.permissions)
