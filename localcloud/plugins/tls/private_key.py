"""``tls.PrivateKey``."""

from __future__ import annotations

from typing import ClassVar

from localcloud.plugins.schema import Field, Fields
from localcloud.plugins.tls.offline import OfflineResource
from localcloud.plugins.values import Properties


class PrivateKey(OfflineResource):
    """A key pair. Every change requires a replacement."""

    type = "tls:index/privateKey:PrivateKey"
    fields: ClassVar[Fields] = {
        "algorithm": Field(required=True, replace=True),
        "ecdsaCurve": Field(optional=True, default="P224", replace=True),
        "rsaBits": Field(optional=True, default=2048, replace=True),
        "privateKeyOpenssh": Field(computed=True, renewed=True, secret=True),
        "privateKeyPem": Field(computed=True, renewed=True, secret=True),
        "privateKeyPemPkcs8": Field(computed=True, renewed=True, secret=True),
        "publicKeyFingerprintMd5": Field(computed=True, renewed=True),
        "publicKeyFingerprintSha256": Field(computed=True, renewed=True),
        "publicKeyOpenssh": Field(computed=True, renewed=True),
        "publicKeyPem": Field(computed=True, renewed=True),
    }

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Generate the key."""
        from localcloud.plugins.tls import keys  # noqa: PLC0415 - 0.07 s for cryptography, rarely needed

        object_id, encodings = keys.new_key(planned)
        planned |= encodings
        return object_id
