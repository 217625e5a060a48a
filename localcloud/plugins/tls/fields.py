"""Properties that certificates and certificate requests share."""

from __future__ import annotations

from localcloud.plugins.schema import Field, Fields, Shape

SUBJECT: Fields = {
    "subject": Field(shape=Shape.OBJECT, optional=True, replace=True),
    "dnsNames": Field(shape=Shape.LIST, optional=True, replace=True),
    "ipAddresses": Field(shape=Shape.LIST, optional=True, replace=True),
    "uris": Field(shape=Shape.LIST, optional=True, replace=True),
}

CERTIFICATE: Fields = {
    "allowedUses": Field(shape=Shape.LIST, required=True, replace=True),
    "validityPeriodHours": Field(required=True, replace=True),
    "earlyRenewalHours": Field(optional=True, default=0),
    "isCaCertificate": Field(optional=True, default=False, replace=True),
    "maxPathLength": Field(optional=True, computed=True, replace=True),
    "setSubjectKeyId": Field(optional=True, default=False, replace=True),
    "certPem": Field(computed=True),
    "readyForRenewal": Field(default=False),
    "validityStartTime": Field(computed=True),
    "validityEndTime": Field(computed=True),
}
