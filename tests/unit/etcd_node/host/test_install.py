"""The installation of etcd: what it says of a download that stalls, and of a release that cannot be unpacked."""

from __future__ import annotations

import gzip
import hashlib
import io
import ssl
import tarfile
import urllib.request
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_node.host.install import InstallError, install_once
from etcd_node.host.settings import Paths

from tests.unit.etcd_node.bootstrap.test_restoration import SETTINGS

URL = "https://mirror.test/etcd.tar.gz"


class Answer(io.BytesIO):
    """An answer that ends with an error, if it has one."""

    def __init__(self, content: bytes, error: Exception | None = None) -> None:
        super().__init__(content)
        self.headers: dict[str, str] = {}
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        if self._error and not content:
            raise self._error
        return content


def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> str:
    """Why a release cannot be installed whose checksum is right."""
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: answer)
    sha256 = hashlib.sha256(answer.getvalue()).hexdigest()
    settings = replace(SETTINGS, release_url=URL, release_sha256=sha256)
    with pytest.raises(InstallError) as caught:
        install_once(settings, Paths(tmp_path), ["etcd"])
    return str(caught.value)


@pytest.mark.parametrize(
    "error",
    [TimeoutError("timed out"), ConnectionResetError(104, "reset by peer"), ssl.SSLError(1, "bad record")],
)
def test_a_download_that_stalls_or_breaks_off_is_named_by_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    said = problem(tmp_path, monkeypatch, Answer(b"begin", error))
    assert said == f"the download of {URL} failed: {error!r}"


def release_that_breaks_off(rest: bytes) -> bytes:
    """The first part of a .tar.gz with etcd, and then other bytes."""
    entry = tarfile.TarInfo("etcd")
    entry.size = 1 << 20
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(entry.tobuf() + bytes(1 << 16)) + compressor.flush(zlib.Z_SYNC_FLUSH) + rest


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        gzip.compress(b"x" * 9999),
        release_that_breaks_off(b""),
        release_that_breaks_off(b"\xff" * 99),
        gzip.compress(b""),
    ],
    ids=["no gzip", "no tar", "cut off", "damaged", "empty"],
)
def test_a_release_that_cannot_be_unpacked_says_which_settings_to_correct(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    said = problem(tmp_path, monkeypatch, Answer(content))
    assert said.startswith(f"{URL} is no .tar.gz (")
    assert said.endswith("): correct etcd:releaseUrl and etcd:releaseSha256")
