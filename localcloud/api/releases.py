"""The mirror of etcd's releases: it serves a folder's tarballs under GitHub's paths."""

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
    """A file sent in large chunks: booting members download 60 MB at the same time from this one process."""

    chunk_size = 4 * 1024 * 1024


def checksums(directory: Path) -> str:
    """Return the content of ``SHA256SUMS`` for the archives in a folder."""
    archives = sorted(path for path in directory.iterdir() if path.name.endswith((".tar.gz", ".zip")))
    lines: list[str] = []
    for archive in archives:
        with archive.open("rb") as stream:
            lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {archive.name}\n")
    return "".join(lines)


def releases_app(directory: Path) -> FastAPI:
    """Return an app that serves ``directory/v3.6.14/...`` at ``/etcd-io/etcd/releases/download/v3.6.14/...``.

    ``SHA256SUMS`` is computed unless the folder contains one.
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
