"""Whom a certificate or a request is for: the distinguished name and the alternative names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.schema import Field, Shape
from localcloud.plugins.values import Properties

if TYPE_CHECKING:
    from cryptography import x509

_ATTRIBUTES = {
    "country": "COUNTRY_NAME",
    "organization": "ORGANIZATION_NAME",
    "organizationalUnit": "ORGANIZATIONAL_UNIT_NAME",
    "locality": "LOCALITY_NAME",
    "province": "STATE_OR_PROVINCE_NAME",
    "streetAddresses": "STREET_ADDRESS",
    "postalCode": "POSTAL_CODE",
    "commonName": "COMMON_NAME",
    "serialNumber": "SERIAL_NUMBER",
    "emailAddress": "EMAIL_ADDRESS",
}
"""In the order of Go's crypto/x509/pkix."""

FIELDS = {
    "subject": Field(shape=Shape.OBJECT, optional=True, replace=True),
    "dnsNames": Field(shape=Shape.LIST, optional=True, replace=True),
    "ipAddresses": Field(shape=Shape.LIST, optional=True, replace=True),
    "uris": Field(shape=Shape.LIST, optional=True, replace=True),
}


def distinguished_name(planned: Properties) -> x509.Name:
    """The name of ``subject``, empty without one."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject: Properties = planned["subject"] or {}
    attributes: list[x509.NameAttribute[str]] = []
    for key, oid in _ATTRIBUTES.items():
        given = subject.get(key)
        values: list[str] = [] if given is None else given if isinstance(given, list) else [given]
        try:
            attributes += [x509.NameAttribute(getattr(NameOID, oid), value) for value in values]
        except ValueError as error:
            raise ProviderError(f"Invalid Certificate Subject: {key} is {given!r}: {error}") from error
    return x509.Name(attributes)


def alternative_names(planned: Properties) -> x509.SubjectAlternativeName | None:
    """DNS names, addresses and URIs; ``None`` without any."""
    import ipaddress

    from cryptography import x509

    names: list[x509.GeneralName] = [x509.DNSName(name) for name in planned["dnsNames"] or []]
    for address in planned["ipAddresses"] or []:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
        except ValueError as error:
            raise ProviderError(f'Invalid IP address: Failed to parse "{address}"') from error
    names += [x509.UniformResourceIdentifier(uri) for uri in planned["uris"] or []]
    return x509.SubjectAlternativeName(names) if names else None
