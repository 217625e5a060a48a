"""``tls.LocallySignedCert``."""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.tls.certificate import Certificate
from localcloud.plugins.tls.fields import CERTIFICATE
from localcloud.plugins.values import Properties


class LocallySignedCert(Certificate):
    """A certificate for a certificate request, signed with the key of a CA."""

    type = "tls:index/locallySignedCert:LocallySignedCert"
    fields: ClassVar[Fields] = {
        "caCertPem": Field(required=True, replace=True),
        "caPrivateKeyPem": Field(required=True, replace=True, secret=True),
        "certRequestPem": Field(required=True, replace=True),
        **CERTIFICATE,
        "caKeyAlgorithm": Field(computed=True),
    }

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Sign the certificate."""
        from localcloud.plugins.tls import signing  # noqa: PLC0415 - 0.07 s for cryptography, rarely needed

        object_id, signed = signing.locally_signed(planned, self._now())
        planned |= signed
        return object_id
