"""Whether an image can run the members.

The units need systemd 254, because older ones ignore ``RestartMode=`` (``preparecluster.service``), and the node's code
needs Python 3.11. Debian 12 has systemd 252 and Debian 13 has 257. The program is tested on Debian alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

OLDEST_DEBIAN = 13
"""The oldest release of Debian with systemd 254 and Python 3.11."""
NEEDS = f"members need Debian {OLDEST_DEBIAN} or newer, with systemd 254 and Python 3.11"
UNKNOWN_DISTRIBUTIONS = frozenset({"", "Unknown", "Unknown OS"})
"""What DigitalOcean shows for a custom image whose distribution its owner did not name."""
SLUG_RELEASE = re.compile(r"debian-(\d+)-")
NAME_RELEASE = re.compile(r"(\d+) x64")
"""The name of one of DigitalOcean's own images, such as ``13 x64``. Old builds have no slug."""


def image_problem(image: Mapping[str, Any]) -> str:
    """Why members cannot run on an image of the API, and what to do. Empty if they can, or if it is unknown."""
    status = image.get("status") or "available"
    if status != "available":
        return f"its status is {status}: use one that is available, such as debian-{OLDEST_DEBIAN}-x64"
    distribution = image.get("distribution") or ""
    if distribution in UNKNOWN_DISTRIBUTIONS:
        return ""
    use = f"use debian-{OLDEST_DEBIAN}-x64, or a snapshot or custom image of your own that is based on it"
    if distribution != "Debian":
        return f"it is {distribution}, and {NEEDS}: {use}"
    release = debian_release(image)
    if release and release < OLDEST_DEBIAN:
        return f"it is Debian {release}, and {NEEDS}: {use}"
    return ""


def image_warning(image: Mapping[str, Any]) -> str:
    """What an operator must know of an image whose release the API does not show. Empty if it shows it."""
    if debian_release(image):
        return ""
    return f"DigitalOcean does not show its release, and {NEEDS}. Make sure that it has them"


def debian_release(image: Mapping[str, Any]) -> int:
    """The release of Debian in an image that DigitalOcean made; 0 for any other image."""
    if not image.get("public") or image.get("distribution") != "Debian":
        return 0
    found = SLUG_RELEASE.match(image.get("slug") or "") or NAME_RELEASE.match(image.get("name") or "")
    return int(found[1]) if found else 0
