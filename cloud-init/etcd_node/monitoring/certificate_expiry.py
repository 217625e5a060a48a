"""When a certificate ends, by the few parts of X.509 that lead there (RFC 5280, section 4.1).

Python's standard library reads this from the certificate of a verified connection alone, and an ended one does
not verify.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VERSION = 0xA0
_UTC_TIME = 0x17


def ends(pem: str) -> list[float]:
    """Unix time of the end of each certificate in a file. Raises ``ValueError`` when there is none, or a broken one."""
    found = [_end(ssl.PEM_cert_to_DER_cert(block)) for block in _CERTIFICATE.findall(pem)]
    if not found:
        raise ValueError("no certificate in the file")
    return found


def _end(der: bytes) -> float:
    try:
        (_, certificate), *_ = _elements(der)
        (_, body), *_ = _elements(certificate)
        parts = list(_elements(body))
        # Serial number, algorithm, issuer, validity; before them the version, but for the oldest kind.
        _, validity = parts[4 if parts[0][0] == _VERSION else 3]
        _, (kind, text) = _elements(validity)
    except (IndexError, ValueError) as error:
        raise ValueError("not a certificate") from error
    digits = text.decode("ascii")
    if kind == _UTC_TIME:
        digits = ("20" if digits < "5" else "19") + digits
    year, rest = int(digits[:4]), [int(digits[place : place + 2]) for place in range(4, 14, 2)]
    month, day, hour, minute, second = rest
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element, one after the other (X.690, section 8.1)."""
    place = 0
    while place < len(der):
        tag, length = der[place], der[place + 1]
        place += 2
        if length & 0x80:
            octets = length & 0x7F
            length = int.from_bytes(der[place : place + octets], "big")
            place += octets
        if place + length > len(der):
            raise ValueError("cut short")
        yield tag, der[place : place + length]
        place += length
