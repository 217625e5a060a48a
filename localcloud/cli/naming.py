"""The default name of a local cloud."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import localcloud


def default_name(checkout: Path | None = None) -> str:
    """Return the folder's name with a short digest of its path, such as ``etcd-1f3c5a``: it is unique to a checkout.

    ``checkout`` is by default the checkout of this code.
    """
    path = (checkout or Path(localcloud.__path__[0]).parent).resolve()
    base = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-")[:30].rstrip("-") or "checkout"
    return f"{base}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"
