"""The TLS provider, which has no API and no configuration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from localcloud.plugins.provider import Bridge, Provider
from localcloud.plugins.tls.cert_request import CertRequest
from localcloud.plugins.tls.locally_signed_cert import LocallySignedCert
from localcloud.plugins.tls.private_key import PrivateKey
from localcloud.plugins.tls.self_signed_cert import SelfSignedCert
from localcloud.plugins.values import Properties


class Tls(Provider):
    """The provider of keys and certificates."""

    name = "tls"
    version = "5.6.2"
    bridge = Bridge.FRAMEWORK

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__((PrivateKey(), CertRequest(), SelfSignedCert(now), LocallySignedCert(now)))

    def connect(self, settings: Properties) -> None:
        """Return ``None``, since there is no API."""
