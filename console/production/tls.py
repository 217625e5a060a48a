"""A TLS context whose key is in memory alone."""

from __future__ import annotations

import os
import ssl

from components.etcd.credentials import TlsTexts


def context_of(texts: TlsTexts) -> ssl.SSLContext:
    """A context that trusts this CA alone and shows this certificate. Raises ``ssl.SSLError``."""
    if not hasattr(os, "memfd_create"):
        return texts.context()
    context = ssl.create_default_context(cadata=texts.ca)
    # Python loads a key from a file only. This one has no name, and no disk.
    with os.fdopen(os.memfd_create("client"), "w", encoding="ascii") as file:
        file.write(texts.certificate + texts.key)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context
