"""The certificates with which the program asks and changes members."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pulumi
from cryptography import x509

from ..pki.authority import Certificate


@dataclass(frozen=True)
class Credentials:
    """The certificates for one cluster's client port.

    Look-ups go through etcd's JSON gateway. While authentication is on, it rejects every certificate with a common
    name. Changes go through gRPC, where the common name is the user's.
    """

    ca: pulumi.Output[str]
    """The certificates of all CAs that members' client port may have, PEM."""
    operator: Certificate
    """It has a common name, which is no user's."""
    reader: Certificate | None = None
    """For look-ups, without a common name. ``None`` while ``etcd:auth`` is unset."""
    management: Certificate | None = None
    """For changes, of the user root. ``None`` while ``etcd:auth`` is unset."""

    async def for_lookups(self) -> TlsTexts | None:
        """What look-ups show; ``None`` while it is unknown.

        A preview that creates the reader's certificate knows the operator's. Authentication is off then.
        """
        if self.reader is not None and (known := await self._texts(self.reader)) is not None:
            return known
        return await self._texts(self.operator)

    async def for_changes(self) -> TlsTexts | None:
        """What changes show; ``None`` while it is unknown.

        The operator's certificate takes the place of the management's while there is none. So it does in a preview that
        creates the management's, where it reads users and roles: authentication is off then.
        """
        if self.management is not None and (known := await self._texts(self.management)) is not None:
            return known
        return await self._texts(self.operator)

    async def _texts(self, one: Certificate) -> TlsTexts | None:
        # The certificate alone: members that do not trust its CA yet must reject it (changes/live_checks.py).
        texts: pulumi.Output[Any] = pulumi.Output.all(self.ca, one.alone, one.key)
        known = await texts.future() if await texts.is_known() else None
        return None if known is None else TlsTexts(*known)


@dataclass(frozen=True)
class TlsTexts:
    """What a TLS client needs. All texts are PEM."""

    ca: str
    certificate: str
    key: str = field(repr=False)

    @property
    def valid_until(self) -> datetime:
        """The end of the certificate's validity."""
        return x509.load_pem_x509_certificate(self.certificate.encode()).not_valid_after_utc

    def context(self) -> ssl.SSLContext:
        """A context that trusts this CA alone and shows this certificate."""
        context = ssl.create_default_context(cadata=self.ca)
        # Python loads a key from a file only.
        with tempfile.TemporaryDirectory(prefix="etcd-client-") as directory:
            chain = Path(directory, "client.pem")
            chain.touch(mode=0o600)
            chain.write_text(self.certificate + self.key, encoding="ascii")
            context.load_cert_chain(chain)
        return context
