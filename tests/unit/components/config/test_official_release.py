"""``make release`` looks up the checksum of an etcd release."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
import yaml

from components.config.official_release import LookupFailedError, main, official_checksum, release_client
from components.config.releases import CHECKSUMS
from components.config.settings import Settings
from tests.unit.components.config.valid_settings import settings

SUMS = (
    f"{'a' * 64}  etcd-v3.6.16-darwin-amd64.zip\n"
    f"{'b' * 64}  etcd-v3.6.16-linux-amd64.tar.gz\n"
    f"{'c' * 64}  etcd-v3.6.16-linux-arm64.tar.gz\n"
)
URL = "https://github.com/etcd-io/etcd/releases/download/v3.6.16/SHA256SUMS"


def release(status: int, text: str = "") -> httpx.Client:
    """A client of an internet that answers like this."""
    return httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(status, text=f"{text}", request=request))
    )


def failure(version: str, client: httpx.Client) -> str:
    with pytest.raises(LookupFailedError) as caught:
        official_checksum(version, client)
    return str(caught.value)


def test_the_checksum_is_that_of_the_droplets_archive() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, text=SUMS)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    assert official_checksum("3.6.16", client) == "b" * 64
    assert asked == [URL]


def test_a_known_release_needs_no_internet() -> None:
    assert official_checksum("3.6.14", unreachable()) == CHECKSUMS["3.6.14"]


def unreachable() -> httpx.Client:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Name or service not known", request=request)

    return httpx.Client(transport=httpx.MockTransport(refuse))


def test_without_internet_the_error_says_where_the_checksum_is() -> None:
    error = failure("3.6.16", unreachable())
    assert error.startswith(
        f"{URL} cannot be reached: Name or service not known. If this machine needs a proxy, "
    )
    assert error.endswith(
        f"open {URL} in a browser elsewhere, and set etcd:version to 3.6.16 and etcd:releaseSha256 to the digits "
        "before etcd-v3.6.16-linux-amd64.tar.gz"
    )


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (lambda: release(404), "etcd-io has no release 3.6.16: choose one of https://github.com/etcd-io/etcd/releases"),
        (lambda: release(503), f"{URL} answered 503: try again later, or open {URL}"),
        (lambda: release(200, "<html>"), "has no checksum of etcd-v3.6.16-linux-amd64.tar.gz: choose another release"),
    ],
    ids=["absent", "unavailable", "another page"],
)  # fmt: skip
def test_any_other_answer_is_explained(client: Callable[[], httpx.Client], words: str) -> None:
    assert words in failure("3.6.16", client())


@pytest.mark.parametrize("version", ["", "v3.6.16", "3.6"])
def test_a_version_of_another_form_is_rejected_before_any_request(version: str) -> None:
    assert f"VERSION is {version or 'not set'}: write three numbers" in failure(version, unreachable())


def test_the_two_lines_fit_into_a_stacks_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = release(200, SUMS)
    monkeypatch.setattr("components.config.official_release.httpx.Client", lambda **_: client)
    main("3.6.16")
    config = yaml.safe_load(f"config:\n{capsys.readouterr().out}")["config"]
    values = {key.removeprefix("etcd:"): value for key, value in config.items()}
    loaded: Settings = settings(**values)
    assert (loaded.version, loaded.release_checksum) == ("3.6.16", "b" * 64)


@pytest.mark.parametrize(
    "exceptions", ["fd00::/8", "[::1]", "10.0.0.0/8,fe80::/10", "localhost,[fd00::1]:8443"]
)
def test_any_exception_from_the_proxy_that_go_takes_is_taken(
    exceptions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.test:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, exceptions)
    release_client().close()


@pytest.mark.parametrize("proxy", ["foo://x", "http://proxy.test:port", "http://999.1.1.1:3128"])
def test_a_proxy_that_cannot_be_one_ends_the_command_with_one_line(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(SystemExit) as caught:
        main("3.6.16")
    assert str(caught.value).startswith(
        "error: HTTPS_PROXY (or https_proxy) in the environment is not the URL"
    )


def test_the_lookup_goes_through_the_proxy_unless_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[object] = []
    monkeypatch.setattr(
        "components.config.official_release.httpx.Client", lambda **given: used.append(given["proxy"])
    )
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    for exceptions in ("", "github.com"):
        monkeypatch.setenv("NO_PROXY", exceptions)
        monkeypatch.delenv("no_proxy", raising=False)
        release_client()
    assert used == ["http://proxy.test:3128", None]


def test_the_command_fails_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "components.config.official_release"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: VERSION is not set: ")
