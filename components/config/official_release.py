"""Look up the checksum of an etcd release: ``python -m components.config.official_release 3.6.16``."""

from __future__ import annotations

import sys
from http import HTTPStatus

import httpx

from .proxy import ProxyError, proxy_for
from .releases import CHECKSUMS, CHECKSUMS_URL, RELEASE_URL
from .settings import SHA256, VERSION

TIMEOUT_SECONDS = 20.0
RELEASES = "https://github.com/etcd-io/etcd/releases"


class LookupFailedError(Exception):
    """The checksum could not be looked up. The text says what to do."""


def official_checksum(version: str, client: httpx.Client) -> str:
    """The SHA-256 of the official release for droplets, from the program's list or from the release itself.

    Raises ``LookupFailedError``.
    """
    if not VERSION.fullmatch(version):
        raise LookupFailedError(
            f"VERSION is {version or 'not set'}: write three numbers without a v, such as make release VERSION=3.6.16"
        )
    if version in CHECKSUMS:
        return CHECKSUMS[version]
    name = RELEASE_URL.format(version=version).rpartition("/")[2]
    url = CHECKSUMS_URL.format(version=version)
    by_hand = (
        f"open {url} in a browser elsewhere, and set etcd:version to {version} and etcd:releaseSha256 to the digits "
        f"before {name}"
    )
    try:
        answer = client.get(url)
    except httpx.HTTPError as error:
        raise LookupFailedError(
            f"{url} cannot be reached: {error}. If this machine needs a proxy, set HTTPS_PROXY. Without internet "
            f"access, {by_hand}"
        ) from error
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise LookupFailedError(f"etcd-io has no release {version}: choose one of {RELEASES}")
    if answer.status_code != HTTPStatus.OK:
        raise LookupFailedError(f"{url} answered {answer.status_code}: try again later, or {by_hand}")
    for line in answer.text.splitlines():
        checksum, _, file = line.partition(" ")
        if file.strip(" *") == name and SHA256.fullmatch(checksum):
            return checksum
    raise LookupFailedError(f"{url} has no checksum of {name}: choose another release of {RELEASES}")


def release_client() -> httpx.Client:
    """A client with the program's own rules for proxies. httpx rejects networks and brackets in ``NO_PROXY``.

    Raises ``LookupFailedError`` if the environment's proxy cannot be one.
    """
    try:
        return httpx.Client(
            timeout=TIMEOUT_SECONDS,
            follow_redirects=True,
            verify=httpx.create_ssl_context(),
            proxy=proxy_for(RELEASES),
            trust_env=False,
        )
    except ProxyError as error:
        raise LookupFailedError(str(error)) from None


def main(version: str) -> None:
    """Print the two lines of a stack's file for ``version``. Ends with an error if it cannot be looked up."""
    try:
        with release_client() as client:
            checksum = official_checksum(version, client)
    except LookupFailedError as error:
        sys.exit(f"error: {error}")
    print(
        "Put these lines below config: in the stack's file, instead of those with the same keys:",
        file=sys.stderr,
    )
    print(f"  etcd:version: {version}\n  etcd:releaseSha256: {checksum}")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "")
