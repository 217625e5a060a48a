"""The console's app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import Body, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp

from console.server.confirmation import needs_confirmation
from console.server.protection import EVENTS, Protection
from console.server.source import ActionRefusedError, Source
from console.server.watch import Watch
from console.view.actions import Action

PAGE = Path(__file__).parents[1] / "page"
"""The page's own files."""


def console_app(source: Source, watch: Watch, port: int, files: Path = PAGE) -> ASGIApp:
    """Return the app that shows a source.

    - ``GET /`` and the paths below it are the page's files.
    - ``GET /events`` sends the sections of ``console.view.page.Page`` as server-sent events,
      and ``alive`` with the server's time.
    - ``POST /actions`` does something: 204, or ``{"error": TEXT}``.

    ``port`` is that of the address in the browser.
    """
    app = FastAPI(title="console", openapi_url=None, redirect_slashes=False)

    @app.get(EVENTS)
    async def get_events() -> StreamingResponse:  # pyright: ignore[reportUnusedFunction]
        return StreamingResponse(watch.events(), media_type="text/event-stream")

    @app.post("/actions", status_code=204)
    async def act(action: Annotated[Action, Body()]) -> None:  # pyright: ignore[reportUnusedFunction]
        if needs_confirmation(action):
            raise ActionRefusedError(f"{action.kind} hurts the cluster: confirm it")
        await source.act(action)

    @app.exception_handler(ActionRefusedError)
    async def refused(_: Request, error: ActionRefusedError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"error": str(error)}, 409)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        problems = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return JSONResponse({"error": "; ".join(problems)}, 422)

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"error": error.detail}, error.status_code)

    app.mount("/", StaticFiles(directory=files, html=True, check_dir=False))
    return Protection(app, port)
