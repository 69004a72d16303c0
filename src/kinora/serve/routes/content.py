"""The bytes of a film. In: an id, a variant, perhaps a range. Out: a stream."""

import re
from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from kinora.serve.errors import ApiError
from kinora.serve.jobs.artefacts import folder
from kinora.serve.routes.context import WRONG, Owner, TheDesk

router = APIRouter(tags=["videos"], responses=WRONG)

CHUNK = 1 << 18
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
VARIANTS = {
    "video": ("film.mp4", "video/mp4"),
    "thumbnail": ("thumbnail.webp", "image/webp"),
    "spritesheet": ("sheet.jpg", "image/jpeg"),
}
BYTES = {kind: {"schema": {"type": "string", "format": "binary"}} for _, kind in VARIANTS.values()}


@router.head("/v1/videos/{video_id}/content", include_in_schema=False)
@router.get(
    "/v1/videos/{video_id}/content",
    response_class=StreamingResponse,
    responses={200: {"content": BYTES}, 206: {"content": BYTES}, 416: WRONG[400]},
)
def content(
    request: Request,
    *,
    owner: Owner,
    desk: TheDesk,
    video_id: Annotated[str, Path(max_length=80)],
    variant: Literal["video", "thumbnail", "spritesheet"] = "video",
    wanted: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
) -> Response:
    """The film as MP4, its first frame as WebP, or a sheet of its frames as JPEG."""
    desk.finished(owner, video_id)
    name, kind = VARIANTS[variant]
    key = f"{folder(video_id)}/{name}"
    size = desk.store.size(key)
    if size is None:
        raise ApiError(404, f"The files of '{video_id}' are gone", code="not_found", param="id")
    span = byte_range(wanted, size=size)
    start, stop = span or (0, size)
    headers = {
        "accept-ranges": "bytes",
        "content-length": str(stop - start),
        "content-disposition": f'inline; filename="{video_id}{name[name.index(".") :]}"',
        "x-content-type-options": "nosniff",
    }
    if span:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    status = 206 if span else 200
    if request.method == "HEAD":
        return Response(status_code=status, media_type=kind, headers=headers)
    stream = pieces(desk.store.open(key), start=start, stop=stop)
    return StreamingResponse(stream, status_code=status, media_type=kind, headers=headers)


def byte_range(wanted: str | None, *, size: int) -> tuple[int, int] | None:
    """`[start, stop)` of a Range header; None where the whole is to be sent (RFC 9110, 14.2).

    Raises:
        ApiError: 416 for a range that begins behind the end.
    """
    match = RANGE.fullmatch(wanted or "")
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if first == "":
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and first and int(last) < int(first):
        return None
    if start >= size or start >= stop:
        raise ApiError(416, f"The file has {size} bytes", code="range_not_satisfiable")
    return start, stop


def pieces(stream: BinaryIO, *, start: int, stop: int) -> Iterator[bytes]:
    """The bytes `[start, stop)`, a piece at a time."""
    with stream:
        stream.seek(start)
        left = stop - start
        while left > 0:
            piece = stream.read(min(CHUNK, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
