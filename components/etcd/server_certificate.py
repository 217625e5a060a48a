"""A member's server certificate, as its client port shows it."""

from __future__ import annotations

import asyncio
import ssl

from cryptography import x509
from cryptography.x509.oid import NameOID

from ..api.http_client import NoAnswerError
from ..shared.ports import CLIENT_PORT
from .member_status import REQUEST_TIMEOUT_SECONDS


async def common_name(name: str, address: str, context: ssl.SSLContext) -> str:
    """The common name in a member's certificate, which must carry its name; empty if there is none.

    Raises ``NoAnswerError``. An address needs no look-up, so this holds no thread of the event loop.
    """
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(address, CLIENT_PORT, ssl=context, server_hostname=name)
    except TimeoutError as error:
        raise NoAnswerError("no answer in time") from error
    except OSError as error:
        raise NoAnswerError(str(error)) from error
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    names = x509.load_der_x509_certificate(shown).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
