"""The mirror of etcd's releases."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from localcloud.api.releases import releases_app

BASE = "/etcd-io/etcd/releases/download/v3.6.14"
ARCHIVE = "etcd-v3.6.14-linux-amd64.tar.gz"
CONTENT = b"not really a tarball" * 1000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("no")
    release = tmp_path / "releases" / "v3.6.14"
    release.mkdir(parents=True)
    (release / ARCHIVE).write_bytes(CONTENT)
    return tmp_path / "releases"


async def ask(directory: Path, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(releases_app(directory))
    async with httpx.AsyncClient(transport=transport, base_url="http://203.0.113.1:8082") as client:
        return await client.request(method, path, headers=headers)


async def test_an_archive_is_served_completely_and_in_ranges(directory: Path) -> None:
    assert (await ask(directory, f"{BASE}/{ARCHIVE}")).content == CONTENT
    head = await ask(directory, f"{BASE}/{ARCHIVE}", "HEAD")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(CONTENT)))
    part = await ask(directory, f"{BASE}/{ARCHIVE}", range="bytes=4-9")
    assert (part.status_code, part.content) == (206, CONTENT[4:10])


async def test_missing_checksums_are_computed(directory: Path) -> None:
    expected = f"{hashlib.sha256(CONTENT).hexdigest()}  {ARCHIVE}\n"
    assert (await ask(directory, f"{BASE}/SHA256SUMS")).text == expected
    (directory / "v3.6.14" / "SHA256SUMS").write_text("upstream's own")
    assert (await ask(directory, f"{BASE}/SHA256SUMS")).text == "upstream's own"


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/etcd-v3.6.14-linux-arm64.tar.gz",
        "/etcd-io/etcd/releases/download/v9/SHA256SUMS",
        "/etcd-io/etcd/releases/download/../secret",
        "/etcd-io/etcd/releases/download/%2e%2e/secret",
        "/etcd-io/etcd/releases/download/v3.6.14/%2e%2e%2f%2e%2e%2fsecret",
    ],
)
async def test_other_paths_are_not_found(directory: Path, path: str) -> None:
    assert (await ask(directory, path)).status_code == 404
