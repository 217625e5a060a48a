"""The bucket for backups, as the operator's machine reaches it: through the proxy that the environment names."""

from __future__ import annotations

import base64
import http.client
import ssl
from urllib.parse import unquote, urlsplit

from ..config.backup_settings import BackupTarget
from ..config.proxy import ProxyError, proxy_for
from ..shared.aws_sigv4 import AccessKey
from ..shared.s3 import COMPLETION_TIMEOUT, Bucket, BucketAccess, S3Error, server_context

NO_CERTIFICATE = "NoCertificate"
"""The code of an ``S3Error`` that is about the setting of the authority."""


class OperatorBucket(Bucket):
    """The bucket of a stack. All methods raise ``S3Error``."""

    def __init__(self, target: BackupTarget, *, seconds: float = COMPLETION_TIMEOUT) -> None:
        """``seconds`` limits each wait for the server; without it, the limits of ``Bucket`` hold."""
        key = AccessKey(target.access_key, target.secret_key)
        super().__init__(
            BucketAccess(
                *(target.endpoint, target.bucket, target.region, key, target.ca_certificate),
                upload_headers=target.upload_headers,
            )
        )
        self._seconds = seconds

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        endpoint = self._access.endpoint
        server = urlsplit(endpoint)
        try:
            proxy = urlsplit(proxy_for(endpoint) or "")
        except ProxyError as error:
            raise S3Error(str(error)) from None
        try:
            context = server_context(self._access)
        except (ssl.SSLError, ValueError) as error:
            raise S3Error(f"the authority of {endpoint} is no certificate: {error}", NO_CERTIFICATE) from None
        # As on the members, whatever the default of this Python is.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        seconds = min(timeout, self._seconds)
        if not proxy.hostname:
            return http.client.HTTPSConnection(server.netloc, timeout=seconds, context=context)
        if proxy.scheme != "http":
            raise S3Error(f"{endpoint}: its proxy is a {proxy.scheme} proxy, and only http works here")
        connection = http.client.HTTPSConnection(
            proxy.hostname, proxy.port or 80, timeout=seconds, context=context
        )
        connection.set_tunnel(
            server.hostname or "", server.port or 443, _proxy_headers(proxy.username, proxy.password)
        )
        return connection


def _proxy_headers(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    credentials = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
