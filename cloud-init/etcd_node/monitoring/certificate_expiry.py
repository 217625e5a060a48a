"""The expiry of certificates, read by ``openssl``.

Python's standard library reads it from the certificate of a verified connection alone. An expired certificate does not
verify.
"""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path

_NOT_AFTER = re.compile(r"^ +Not After *: (.+)$", re.MULTILINE)


def expiry_times(file: Path) -> list[float]:
    """Unix time at which each certificate in a PEM file ends.

    Raises ``ValueError`` when the file has no certificate, or a broken one.
    """
    # storeutl prints all certificates of a file. x509 prints only the first, and takes four times as long.
    printed = subprocess.run(
        ["openssl", "storeutl", "-noout", "-text", "-certs", file],
        capture_output=True,
        text=True,
        check=False,
    )
    times = [float(ssl.cert_time_to_seconds(end)) for end in _NOT_AFTER.findall(printed.stdout)]
    if not times or printed.returncode != 0:
        raise ValueError(f"{file} has no certificate, or a broken one")
    return times
