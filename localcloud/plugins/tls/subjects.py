"""The subject of a certificate or a request: the distinguished name and the alternative names."""

from __future__ import annotations

import ipaddress
import warnings
from typing import cast

from cryptography import x509
from cryptography.x509.oid import NameOID

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.values import Properties

_ATTRIBUTES = {
    "country": NameOID.COUNTRY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "postalCode": NameOID.POSTAL_CODE,
    "commonName": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
"""The attributes of a name, in the order of Go's crypto/x509/pkix."""

# Go's crypto/x509 accepts values that are longer than RFC 5280 allows, such as a common name of 65 characters.
warnings.filterwarnings("ignore", message="Attribute's length must be")


def distinguished_name(planned: Properties) -> x509.Name:
    """Return the distinguished name of ``subject``; empty without a subject."""
    subject: Properties = planned["subject"] or {}
    attributes: list[x509.NameAttribute[str]] = []
    for key, oid in _ATTRIBUTES.items():
        try:
            attributes += [
                x509.NameAttribute(oid, value, _validate=False) for value in _texts(subject.get(key))
            ]
        except ValueError as error:
            raise ProviderError(f"Invalid Certificate Subject: {key} is {subject[key]!r}: {error}") from error
    return x509.Name(attributes)


def alternative_names(planned: Properties) -> x509.SubjectAlternativeName | None:
    """Return DNS names, addresses and URIs; ``None`` without any."""
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in _texts(planned["dnsNames"])]
    for address in _texts(planned["ipAddresses"]):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
        except ValueError as error:
            raise ProviderError(f'Invalid IP address: Failed to parse "{address}"') from error
    names += [x509.UniformResourceIdentifier(uri) for uri in _texts(planned["uris"])]
    return x509.SubjectAlternativeName(names) if names else None


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    return cast(list[str], value) if isinstance(value, list) else [str(value)]
