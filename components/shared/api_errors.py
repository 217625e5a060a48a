"""Errors of DigitalOcean's API v2, and the name by which a client of it introduces itself."""

from __future__ import annotations

import json

USER_AGENT = "etcd-on-digitalocean"
"""The user agent of all requests to other services.

A server in front of an API may answer 403 to the names that Python's own clients have.
"""


def is_api_error(body: bytes) -> bool:
    """Whether a body is an error of DigitalOcean's API itself, and not of a server or a proxy in front of it."""
    try:
        error: object = json.loads(body)
    except ValueError:
        return False
    return isinstance(error, dict) and {"id", "message"} <= error.keys()
