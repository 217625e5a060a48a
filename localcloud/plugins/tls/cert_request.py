"""``tls.CertRequest``."""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.tls.fields import SUBJECT
from localcloud.plugins.tls.offline import OfflineResource
from localcloud.plugins.values import Properties


class CertRequest(OfflineResource):
    """A certificate signing request."""

    type = "tls:index/certRequest:CertRequest"
    fields: ClassVar[Fields] = {
        "privateKeyPem": Field(required=True, replace=True, secret=True),
        **SUBJECT,
        "certRequestPem": Field(computed=True),
        "keyAlgorithm": Field(computed=True),
    }

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Sign the request."""
        from localcloud.plugins.tls import signing  # noqa: PLC0415 - 0.07 s for cryptography, rarely needed

        object_id, signed = signing.request(planned)
        planned |= signed
        return object_id
