"""``tls.SelfSignedCert``."""

from __future__ import annotations

from localcloud.plugins.schema import Field
from localcloud.plugins.tls import certificate, keys, subjects
from localcloud.plugins.tls.certificate import Certificate, Template
from localcloud.plugins.values import Properties


class SelfSignedCert(Certificate):
    """A certificate signed by its own key, such as a CA's."""

    type = "tls:index/selfSignedCert:SelfSignedCert"
    fields = {
        "privateKeyPem": Field(required=True, replace=True, secret=True),
        **subjects.FIELDS,
        **certificate.FIELDS,
        "setAuthorityKeyId": Field(optional=True, default=False, replace=True),
        "keyAlgorithm": Field(computed=True),
    }

    def template(self, planned: Properties) -> Template:
        """The subject is its own issuer."""
        key = keys.parse(planned["privateKeyPem"], "private key")
        planned["keyAlgorithm"] = keys.algorithm_of(key)
        name = subjects.distinguished_name(planned)
        return Template(name, subjects.alternative_names(planned), key.public_key(), key, name, None)
