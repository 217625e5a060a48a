"""The TLS context with which the program asks members."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path


def operator_context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    """A context that trusts this CA alone and shows the operator's certificate. All texts are PEM."""
    context = ssl.create_default_context(cadata=ca)
    # Python loads a key from a file only.
    with tempfile.TemporaryDirectory(prefix="etcd-operator-") as directory:
        chain = Path(directory, "operator.pem")
        chain.touch(mode=0o600)
        chain.write_text(certificate + key, encoding="ascii")
        context.load_cert_chain(chain)
    return context
