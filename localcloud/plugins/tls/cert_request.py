"""``tls.CertRequest``."""

from __future__ import annotations

import hashlib

from localcloud.plugins.schema import Field
from localcloud.plugins.tls import keys, subjects
from localcloud.plugins.tls.offline import OfflineResource
from localcloud.plugins.values import Properties


class CertRequest(OfflineResource):
    """A certificate signing request."""

    type = "tls:index/certRequest:CertRequest"
    fields = {
        "privateKeyPem": Field(required=True, replace=True, secret=True),
        **subjects.FIELDS,
        "certRequestPem": Field(computed=True),
        "keyAlgorithm": Field(computed=True),
    }

    def create(self, client: None, inputs: Properties, planned: Properties) -> str:
        """Sign the request; its id is the SHA-1 digest of its DER form."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        key = keys.parse(planned["privateKeyPem"], "private key")
        builder = x509.CertificateSigningRequestBuilder().subject_name(subjects.distinguished_name(planned))
        alternative = subjects.alternative_names(planned)
        if alternative is not None:
            builder = builder.add_extension(alternative, critical=False)
        request = builder.sign(key, keys.signature_hash(key))
        planned |= {
            "certRequestPem": request.public_bytes(Encoding.PEM).decode(),
            "keyAlgorithm": keys.algorithm_of(key),
        }
        return hashlib.sha1(request.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
