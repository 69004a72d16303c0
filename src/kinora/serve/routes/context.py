"""What every route needs. In: a request. Out: its owner, its body, the desk."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool

from kinora.serve.body import Body, body
from kinora.serve.desk import Desk
from kinora.serve.errors import ErrorResponse
from kinora.serve.keys import Keys

WRONG: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse} for status in (400, 401, 404, 409, 413, 415, 429, 503)
}
"""The errors that any route may answer."""


async def _owner(request: Request, authorization: Annotated[str | None, Header()] = None) -> str:
    keys: Keys = request.app.state.keys
    if keys.open:
        return keys.owner(None)
    return await run_in_threadpool(keys.owner, authorization)


async def _body(request: Request, _owner: "Owner") -> Body:
    # Whoever has no key is turned away before a byte of the body is read.
    return await body(request)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _desk_async(request: Request) -> Desk:
    return _desk(request)


Owner = Annotated[str, Depends(_owner)]
Sent = Annotated[Body, Depends(_body)]
TheDesk = Annotated[Desk, Depends(_desk_async)]
Idempotency = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]


def accepts(model: str, *files: str) -> dict[str, Any]:
    """The OpenAPI words for a body that is JSON or a form, with `files` in the form."""
    reference = {"$ref": f"#/components/schemas/{model}"}
    binary = {name: {"type": "string", "format": "binary"} for name in files}
    form = {"type": "object", "properties": binary, "x-fields": reference} if files else reference
    content = {"application/json": {"schema": reference}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}
