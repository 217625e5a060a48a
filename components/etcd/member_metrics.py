"""A member's own metrics, as etcd prints them."""

from __future__ import annotations

import ssl

from ..api.http_client import Call, NoAnswerError, ask_member
from ..shared.ports import CLIENT_PORT
from .member_status import REQUEST_TIMEOUT_SECONDS


async def read_metrics(name: str, address: str, context: ssl.SSLContext) -> str:
    """The text of a member's ``/metrics``. Empty if it does not answer."""
    calls = (Call("/metrics"),)
    try:
        (answer,) = await ask_member(
            name, address, CLIENT_PORT, context, calls, seconds=REQUEST_TIMEOUT_SECONDS
        )
    except NoAnswerError:
        return ""
    return answer.text
