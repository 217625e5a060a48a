"""Cloudflare's answers: ``{"success": ..., "errors": [...], "messages": [...], "result": ...}``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class CloudflareError(Exception):
    """An answer with an error code; ``chain`` has its causes."""

    def __init__(self, status: int, code: int, message: str, chain: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.chain = chain


def success(result: Any, messages: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """Return the body of an answer without errors."""
    return {"success": True, "errors": [], "messages": messages or [], "result": result, **more}


def failure(code: int, message: str, chain: tuple[tuple[int, str], ...] = ()) -> dict[str, Any]:
    """Return the body of an answer with an error."""
    error: dict[str, Any] = {"code": code, "message": message}
    if chain:
        error["error_chain"] = [{"code": inner, "message": text} for inner, text in chain]
    return {"success": False, "errors": [error], "messages": [], "result": None}


def no_route(path: str) -> CloudflareError:
    """Return the error for a path that does not exist or contains a malformed id."""
    return CloudflareError(
        404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?"
    )


async def _on_api_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CloudflareError)  # noqa: S101 - registered for this class alone
    return JSONResponse(failure(error.code, error.message, error.chain), status_code=error.status)


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return JSONResponse(failure(9207, "Request body is invalid."), status_code=400)
    place = ".".join(str(part) for part in first["loc"][1:])
    return JSONResponse(failure(9207, f"Request body is invalid: {place}: {first['msg']}"), status_code=400)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    if error.status_code == 404:
        return await _on_api_error(request, no_route(request.url.path))
    if error.status_code == 405:
        message = f"{request.method} method not allowed for the api_token authentication scheme"
        return JSONResponse(failure(10405, message), status_code=405)
    return JSONResponse(failure(10000, str(error.detail)), status_code=error.status_code)


async def _on_failure(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse(failure(10013, "internal error"), status_code=500)


def install(app: FastAPI) -> None:
    """Turn every error of an app into an answer in Cloudflare's format."""
    app.add_exception_handler(CloudflareError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_failure)
