"""The mirror of etcd's releases: the tarballs of a directory, under the paths that GitHub has."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, PlainTextResponse, Response

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
SUMS = "SHA256SUMS"


class LargeFile(FileResponse):
    """A file sent in large pieces: three members fetch 60 MB at once from this one process, while they boot."""

    chunk_size = 4 * 1024 * 1024


def checksums(directory: Path) -> str:
    """The lines of ``SHA256SUMS`` for the archives in a directory."""
    archives = sorted(path for path in directory.iterdir() if path.name.endswith((".tar.gz", ".zip")))
    lines: list[str] = []
    for archive in archives:
        with archive.open("rb") as stream:
            lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {archive.name}\n")
    return "".join(lines)


def releases_app(directory: Path) -> FastAPI:
    """Serve ``directory/v3.6.14/...`` at ``/etcd-io/etcd/releases/download/v3.6.14/...``.

    A release without a ``SHA256SUMS`` file of its own has one made.
    """
    app = FastAPI(title="etcd releases", openapi_url=None, redirect_slashes=False)

    @app.api_route("/etcd-io/etcd/releases/download/{version}/{name}", methods=["GET", "HEAD"])
    async def download(version: str, name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        if not NAME.fullmatch(version) or not NAME.fullmatch(name):
            raise HTTPException(404, "Not Found")
        release = directory / version
        if (release / name).is_file():
            return LargeFile(release / name, media_type="application/octet-stream")
        if name == SUMS and release.is_dir():
            return PlainTextResponse(await asyncio.to_thread(checksums, release))
        raise HTTPException(404, "Not Found")

    return app
