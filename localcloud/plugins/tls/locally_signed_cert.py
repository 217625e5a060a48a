"""``tls.LocallySignedCert``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.schema import Field
from localcloud.plugins.tls import certificate, keys
from localcloud.plugins.tls.certificate import Certificate, Template
from localcloud.plugins.values import Properties

if TYPE_CHECKING:
    from cryptography import x509


class LocallySignedCert(Certificate):
    """A certificate for a request, signed by a CA whose key the program has."""

    type = "tls:index/locallySignedCert:LocallySignedCert"
    fields = {
        "caCertPem": Field(required=True, replace=True),
        "caPrivateKeyPem": Field(required=True, replace=True, secret=True),
        "certRequestPem": Field(required=True, replace=True),
        **certificate.FIELDS,
        "caKeyAlgorithm": Field(computed=True),
    }

    def template(self, planned: Properties) -> Template:
        """The request says whom for, the CA certificate who signs."""
        from cryptography import x509

        try:
            request = x509.load_pem_x509_csr(planned["certRequestPem"].encode())
        except ValueError as error:
            raise ProviderError(f"Failed to parse certificate request PEM: {error}") from error
        key = keys.parse(planned["caPrivateKeyPem"], "CA private key")
        try:
            authority = x509.load_pem_x509_certificate(planned["caCertPem"].encode())
        except ValueError as error:
            raise ProviderError(f"Failed to parse CA certificate PEM: {error}") from error
        planned["caKeyAlgorithm"] = keys.algorithm_of(key)
        return Template(
            request.subject,
            _alternative_names(request),
            request.public_key(),
            key,
            authority.subject,
            _key_id(authority),
        )


def _alternative_names(request: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    from cryptography import x509

    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _key_id(authority: x509.Certificate) -> bytes | None:
    from cryptography import x509

    try:
        return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None
