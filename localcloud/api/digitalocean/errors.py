"""DigitalOcean's error bodies: ``{"id": ..., "message": ..., "request_id": ...}``."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

IDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    422: "unprocessable_entity",
    429: "too_many_requests",
    500: "server_error",
    503: "service_unavailable",
}
NOT_FOUND = "The resource you were accessing could not be found."


class DigitalOceanError(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found() -> DigitalOceanError:
    """Return the error for a missing resource."""
    return DigitalOceanError(404, NOT_FOUND)


def unprocessable(message: str) -> DigitalOceanError:
    """Return the error for an invalid request."""
    return DigitalOceanError(422, message)


def body(status: int, message: str, request_id: str) -> dict[str, str]:
    """Return the body of an error answer."""
    return {"id": IDS.get(status, "server_error"), "message": message, "request_id": request_id}


def _answer(request: Request, status: int, message: str) -> JSONResponse:
    return JSONResponse(body(status, message, getattr(request.state, "request_id", "")), status_code=status)


def describe(error: RequestValidationError) -> str:
    """Return the place and the text of a request's first error."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in {"body", "query", "path"})
    return f"{place or 'body'}: {first['msg']}"


async def _on_api_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DigitalOceanError)  # noqa: S101 - registered for this class alone
    return _answer(request, error.status, error.message)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    first = error.errors()[0]
    if first["loc"][0] == "path":
        return _answer(request, 404, NOT_FOUND)
    if first["type"] == "json_invalid":
        return _answer(request, 400, "unable to parse the request body as JSON")
    return _answer(request, 422, describe(error))


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    return _answer(request, error.status_code, NOT_FOUND if error.status_code == 404 else str(error.detail))


async def _on_failure(request: Request, _: Exception) -> JSONResponse:
    return _answer(request, 500, "Server was unable to give you a response.")


def install(app: FastAPI) -> None:
    """Turn every error of an app into an answer in DigitalOcean's format."""
    app.add_exception_handler(DigitalOceanError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_failure)
