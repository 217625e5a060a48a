"""The Cloudflare provider: its configuration, resources and functions."""

from __future__ import annotations

import os
import random
import re

from localcloud.plugins.cloudflare.api import CloudflareApi
from localcloud.plugins.cloudflare.dns_record import DnsRecord
from localcloud.plugins.cloudflare.zones import FUNCTIONS
from localcloud.plugins.http_client import HttpClient, Retries
from localcloud.plugins.provider import Bridge, Provider
from localcloud.plugins.values import UNKNOWN, Properties
from localcloud.plugins.waiting import Waiter

_DEFAULT_BASE_URL = "https://api.cloudflare.com/client/v4"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,80}")
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
_LONGEST_RETRY_AFTER = 60.0


class Cloudflare(Provider):
    """The provider of Cloudflare's API v4."""

    name = "cloudflare"
    version = "6.23.1"
    bridge = Bridge.FRAMEWORK
    secret_settings = frozenset({"apiKey", "apiToken", "apiUserServiceKey"})

    def __init__(self) -> None:
        super().__init__((DnsRecord(),), FUNCTIONS)

    def check_settings(self, settings: Properties) -> list[str]:
        """Check the length and the characters of the token."""
        token = settings.get("apiToken")
        if token in (None, UNKNOWN) or _TOKEN.fullmatch(token):
            return []
        return [
            "could not validate provider configuration: API tokens must be between 40 and 80 characters and only "
            f"contain characters a-z, A-Z, 0-9, hyphens and underscores; this one has {len(token)} characters. "
            "Check `pulumi config get cloudflare:apiToken`."
        ]

    def connect(self, settings: Properties) -> CloudflareApi:
        """Make the client from the settings ``apiToken`` and ``baseUrl``.

        Missing settings are read from ``CLOUDFLARE_API_TOKEN`` and ``CLOUDFLARE_BASE_URL``.
        """
        token = settings.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN") or ""
        base_url = settings.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL") or _DEFAULT_BASE_URL
        retries = Retries(3, lambda status: status in (408, 409, 429) or status >= 500, _pause)
        http = HttpClient(token, f"localcloud-cloudflare/{self.version}", retries, Waiter(self.cancelled))
        return CloudflareApi(base_url, http)


def _pause(attempt: int, retry_after: str | None) -> float:
    """Return the pause of cloudflare-go: Retry-After up to a minute, or doubling pauses less up to 25 % at random."""
    if retry_after and retry_after.isdecimal() and float(retry_after) < _LONGEST_RETRY_AFTER:
        return float(retry_after)
    return min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.75, 1)  # noqa: S311 - no secret
