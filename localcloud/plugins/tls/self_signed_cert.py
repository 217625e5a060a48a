"""``tls.SelfSignedCert``."""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.tls.certificate import Certificate
from localcloud.plugins.tls.fields import CERTIFICATE, SUBJECT
from localcloud.plugins.values import Properties


class SelfSignedCert(Certificate):
    """A certificate signed with its own key, such as a CA's."""

    type = "tls:index/selfSignedCert:SelfSignedCert"
    fields: ClassVar[Fields] = {
        "privateKeyPem": Field(required=True, replace=True, secret=True),
        **SUBJECT,
        **CERTIFICATE,
        "setAuthorityKeyId": Field(optional=True, default=False, replace=True),
        "keyAlgorithm": Field(computed=True),
    }

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Sign the certificate."""
        from localcloud.plugins.tls import signing  # noqa: PLC0415 - 0.07 s for cryptography, rarely needed

        object_id, signed = signing.self_signed(planned, self._now())
        planned |= signed
        return object_id
