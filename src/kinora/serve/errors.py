"""Errors on the wire, in OpenAI's shape. In: anything raised below a route. Out: status and JSON.

`{"error": {"message", "type", "param", "code"}}`, as every client of that API already reads it.
"""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException

from kinora.core.errors import BadMediaError, BusyError, KinoraError, NotFoundError, UsageError
from kinora.serve.jobs.database import away

log = logging.getLogger("kinora.serve")

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
    503: "server_error",
    500: "server_error",
}
AWAY_SECONDS = 2


class ErrorBody(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorResponse(BaseModel):
    """The envelope of every error."""

    error: ErrorBody


class ApiError(Exception):
    """An error with a status of its own.

    Args:
        status: of HTTP.
        message: for the reader.
        code: for programs.
        param: the field that is wrong.
        retry_after: seconds until it is worth trying again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.param, self.retry_after = param, retry_after


def missing(what: str, name: str) -> ApiError:
    """The 404 of a thing that does not exist, or is not ours to know of."""
    return ApiError(404, f"No {what} with id '{name[:80]}'", code="not_found", param="id")


def response(error: ApiError) -> JSONResponse:
    """The error as it is sent."""
    body = {
        "message": error.message,
        "type": TYPES.get(error.status, "invalid_request_error"),
        "param": error.param,
        "code": error.code,
    }
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": body}, status_code=error.status, headers=headers)


def install(app: FastAPI) -> None:
    """Make every error of the application come out in this shape."""

    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> JSONResponse:
        return response(error)

    @app.exception_handler(KinoraError)
    async def _kinora(_: Request, error: KinoraError) -> JSONResponse:
        return response(_of_kinora(error))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        answer = response(ApiError(error.status_code, str(error.detail)))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return response(invalid(error.errors()))

    @app.exception_handler(SQLAlchemyError)
    async def _database(_: Request, error: SQLAlchemyError) -> JSONResponse:
        if isinstance(error, DataError):
            return response(ApiError(400, "A value cannot be stored", code="invalid_value"))
        if away(error):
            message = "The database cannot be reached; nothing is lost, try again"
            return response(ApiError(503, message, code="database_away", retry_after=AWAY_SECONDS))
        log.exception("a query failed", exc_info=error)
        return response(ApiError(500, "The server made a mistake", code="internal_error"))

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> JSONResponse:
        return response(ApiError(500, "The server made a mistake", code="internal_error"))


def invalid(problems: Any) -> ApiError:
    """The 400 that names the first of pydantic's problems."""
    first = problems[0]
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    name = ".".join(place) or None
    # Of what our own checks raise, pydantic's message says that it was a value error first.
    what = str(first.get("ctx", {}).get("error", first["msg"]))
    message = f"{name}: {what}" if name else what
    return ApiError(400, message, code="invalid_value", param=name)


def _of_kinora(error: KinoraError) -> ApiError:
    message = error.line()
    match error:
        case NotFoundError():
            return ApiError(404, message, code=error.code)
        case BusyError():
            return ApiError(429, message, code=error.code, retry_after=1)
        case UsageError() | BadMediaError():
            return ApiError(400, message, code=error.code)
        case _:
            return ApiError(400, message, code=error.code)
