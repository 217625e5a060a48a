"""The DigitalOcean provider: its configuration, resources and functions."""

from __future__ import annotations

import os

from localcloud.plugins.digitalocean.api import DigitalOceanApi
from localcloud.plugins.digitalocean.droplet import Droplet
from localcloud.plugins.digitalocean.firewall import Firewall
from localcloud.plugins.digitalocean.functions import FUNCTIONS
from localcloud.plugins.digitalocean.monitor_alert import MonitorAlert
from localcloud.plugins.digitalocean.spaces import DEFAULT_ENDPOINT, Spaces
from localcloud.plugins.digitalocean.spaces_bucket import SpacesBucket
from localcloud.plugins.digitalocean.ssh_key import SshKey
from localcloud.plugins.digitalocean.tag import Tag
from localcloud.plugins.digitalocean.volume import Volume
from localcloud.plugins.digitalocean.vpc import Vpc
from localcloud.plugins.http_client import HttpClient, Retries
from localcloud.plugins.provider import Bridge, Provider
from localcloud.plugins.values import Properties
from localcloud.plugins.waiting import Waiter

_DEFAULT_ENDPOINT = "https://api.digitalocean.com"


class DigitalOcean(Provider):
    """The provider of DigitalOcean's API v2."""

    name = "digitalocean"
    version = "4.84.1"
    bridge = Bridge.SDK

    def __init__(self) -> None:
        resources = (Droplet(), Firewall(), MonitorAlert(), SpacesBucket(), SshKey(), Tag(), Volume(), Vpc())
        super().__init__(resources, FUNCTIONS)

    def connect(self, settings: Properties) -> DigitalOceanApi:
        """Make the client from the provider's settings.

        They are ``token``, ``apiEndpoint``, ``httpRetryMax``, ``httpRetryWaitMin`` and ``httpRetryWaitMax``.

        Missing settings are read from ``DIGITALOCEAN_TOKEN`` or ``DIGITALOCEAN_ACCESS_TOKEN``,
        ``DIGITALOCEAN_API_URL`` and ``DIGITALOCEAN_HTTP_RETRY_*``. The settings of Spaces are ``spacesAccessId``,
        ``spacesSecretKey`` and ``spacesEndpoint``, or ``SPACES_ACCESS_KEY_ID``, ``SPACES_SECRET_ACCESS_KEY`` and
        ``SPACES_ENDPOINT_URL``.
        """
        environment = os.environ.get
        token = (
            settings.get("token")
            or environment("DIGITALOCEAN_TOKEN")
            or environment("DIGITALOCEAN_ACCESS_TOKEN")
        )
        endpoint = settings.get("apiEndpoint") or environment("DIGITALOCEAN_API_URL") or _DEFAULT_ENDPOINT
        most = settings.get("httpRetryMax") or environment("DIGITALOCEAN_HTTP_RETRY_MAX") or 4
        shortest = settings.get("httpRetryWaitMin") or environment("DIGITALOCEAN_HTTP_RETRY_WAIT_MIN") or 1
        longest = settings.get("httpRetryWaitMax") or environment("DIGITALOCEAN_HTTP_RETRY_WAIT_MAX") or 30
        waiter = Waiter(self.cancelled)
        retries = _retries(int(most), float(shortest), float(longest))
        http = HttpClient(token or "", f"localcloud-digitalocean/{self.version}", retries, waiter)
        spaces = Spaces(
            settings.get("spacesEndpoint") or environment("SPACES_ENDPOINT_URL") or DEFAULT_ENDPOINT,
            settings.get("spacesAccessId") or environment("SPACES_ACCESS_KEY_ID") or "",
            settings.get("spacesSecretKey") or environment("SPACES_SECRET_ACCESS_KEY") or "",
        )
        return DigitalOceanApi(endpoint, http, waiter, spaces)


def _retries(most: int, shortest: float, longest: float) -> Retries:
    """Return the retry rules of hashicorp/go-retryablehttp.

    It retries after 429 and after 5xx except 501. The pauses are those of Retry-After, or they double.
    """

    def pause(attempt: int, retry_after: str | None) -> float:
        if retry_after and retry_after.isdecimal():
            return float(retry_after)
        return min(shortest * 2**attempt, longest)

    return Retries(most + 1, lambda status: status == 429 or (status >= 500 and status != 501), pause)
