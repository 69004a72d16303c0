"""Request bodies. In: JSON, multipart or urlencoded forms. Out: one mapping of fields, and the files.

Forms name what lies deeper in brackets, as the official clients do: `characters[][id]=a`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinora.serve.errors import ApiError, invalid, response
from kinora.serve.wire import Sent

MAX_FIELDS = 1000
FIELD_BYTES = 64 << 20
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
DEPTH = 4

M = TypeVar("M", bound=Sent)


@dataclass(frozen=True)
class Body:
    """Fields as they were sent, and uploaded files by name."""

    fields: dict[str, Any]
    uploads: dict[str, UploadFile] = field(default_factory=dict)

    def read(self, model: type[M]) -> M:
        """The fields as a checked value; raises `ApiError` 400 that names the wrong field or file."""
        for name in self.uploads:
            if name not in model.FILES:
                known = ", ".join(model.FILES) or "none"
                message = f"No file is called '{name[:80]}' here; known: {known}"
                raise ApiError(400, message, code="extra_forbidden", param=name[:80])
        try:
            return model.model_validate(self.fields)
        except ValidationError as error:
            raise invalid(error.errors()) from error


async def body(request: Request) -> Body:
    """Read the body of a request.

    Raises:
        ApiError: 400 for what cannot be parsed, 415 for another kind of body.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return await _form(request)
    if kind in ("application/json", ""):
        return Body(_json(await request.body()))
    raise ApiError(415, f"Send JSON or a form, not {kind[:80]}", code="unsupported_media_type")


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"The body is not JSON: {error}", code="invalid_json") from error
    if not isinstance(value, dict):
        raise ApiError(400, "The body must be a JSON object", code="invalid_json")
    return _storable(value)


def _storable(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields themselves; raises `ApiError` for characters that no database keeps."""
    for text in _texts(fields):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ApiError(400, "A field holds half a character", code="invalid_text") from error
        if "\0" in text:
            raise ApiError(400, "A field holds a NUL character", code="invalid_text")
    return fields


def _texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (str(key), *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


async def _form(request: Request) -> Body:
    try:
        form = await request.form(max_files=32, max_fields=MAX_FIELDS, max_part_size=FIELD_BYTES)
    except (MultiPartException, HTTPException, UnicodeDecodeError) as error:
        why = getattr(error, "detail", None) or str(error)
        raise ApiError(400, f"The form cannot be read: {why}", code="invalid_form") from error
    items = form.multi_items()
    files = dict[str, UploadFile]()
    for name, value in items:
        if isinstance(value, UploadFile):
            if name in files:
                raise ApiError(
                    400, f"'{name[:80]}' came twice", code="invalid_form", param=name[:80]
                )
            files[name] = value
    texts = [(name, value) for name, value in items if isinstance(value, str)]
    return Body(_storable(nested(texts)), files)


def nested(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`[("a[][id]", "x")]` -> `{"a": [{"id": "x"}]}`; raises `ApiError` for names that contradict."""
    result: dict[str, Any] = {}
    for name, value in _by_entry(list(items)):
        match = NAME.fullmatch(name)
        if match is None:
            raise ApiError(400, f"'{name[:80]}' is no name of a field", code="invalid_form")
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        if len(path) > DEPTH:
            raise ApiError(400, f"'{name[:80]}' lies too deep", code="invalid_form")
        _place(result, path, value, name=name)
    return result


def _by_entry(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields of every entry of a list behind each other; some clients send all of one name first.

    Raises:
        ApiError: of one name there are more than of another, so that nobody knows whose they are.
    """
    places = defaultdict[str, list[int]](list)
    for number, (name, _) in enumerate(items):
        places[name.partition("[]")[0] if "[][" in name else ""].append(number)
    ordered = list(items)
    for prefix, numbers in places.items():
        runs = [(name, [*run]) for name, run in groupby((items[n] for n in numbers), itemgetter(0))]
        counts = {len(run) for _, run in runs}
        grouped = len({name for name, _ in runs}) == len(runs) > 1 and max(counts) > 1
        if not prefix or not grouped:
            continue
        if len(counts) > 1:
            message = (
                f"Nobody knows which entries of '{prefix[:80]}' these fields belong to: send JSON"
            )
            raise ApiError(400, message, code="invalid_form", param=prefix[:80])
        turns = chain.from_iterable(zip(*(run for _, run in runs), strict=True))
        for number, item in zip(numbers, turns, strict=True):
            ordered[number] = item
    return ordered


def _place(node: Any, path: list[str], value: str, *, name: str) -> None:
    for key, following in zip(path, [*path[1:], None], strict=True):
        fresh: Any = value if following is None else [] if following == "" else {}
        if isinstance(node, list):
            # A repeated `a[][id]` begins the next entry.
            reuse = node and isinstance(node[-1], dict) and following and following not in node[-1]
            if not reuse:
                node.append(fresh)
            node = node[-1]
        elif (
            isinstance(node, dict)
            and following is None
            and not isinstance(node.get(key), dict | list)
        ):
            node[key] = value
        elif isinstance(node, dict) and isinstance(node.setdefault(key, fresh), type(fresh)):
            node = node[key]
        else:
            raise ApiError(400, f"'{name[:80]}' contradicts another field", code="invalid_form")


class Limit:
    """Middleware that refuses bodies of more than `most` bytes, declared or not."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._most:
            await response(self._refusal())(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise self._refusal()
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> ApiError:
        mebibytes = self._most / (1 << 20)
        return ApiError(413, f"At most {mebibytes:g} MiB are taken", code="too_large")
