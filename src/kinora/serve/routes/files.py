"""Files for batches, as the Files API has them. In: JSONL. Out: the same, or what became of its lines."""

import time
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy import delete, insert

from kinora.serve.errors import ApiError
from kinora.serve.jobs.table import files
from kinora.serve.routes.batches import OUTPUT, batch_of, file_of, newest, output_of
from kinora.serve.routes.context import WRONG, Owner, Sent, TheDesk, accepts
from kinora.serve.wire import Deleted
from kinora.serve.wire import Sent as SentModel

router = APIRouter(tags=["batches"], responses=WRONG)
Id = Annotated[str, Path(max_length=80)]


class CreateFile(SentModel):
    """POST /v1/files; the file itself comes as `file`."""

    FILES = ("file",)

    purpose: Literal["batch"] = "batch"


class FileObject(BaseModel):
    """An uploaded file."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"


class FileList(BaseModel):
    """A page of files."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False


@router.post("/v1/files", openapi_extra=accepts("CreateFile", "file"))
def create_file(owner: Owner, desk: TheDesk, body: Sent) -> FileObject:
    """Upload the lines of a batch."""
    sent = body.read(CreateFile)
    if "file" not in body.uploads:
        raise ApiError(400, "Send a file", code="missing_file", param="file")
    upload = body.uploads["file"]
    upload.file.seek(0)
    data = upload.file.read()
    name = f"file_{uuid.uuid4().hex}"
    scratch = desk.settings.data / "scratch" / "uploads"
    desk.store.put_bytes(f"files/{name}", data, scratch=scratch)
    called = "".join(filter(str.isprintable, upload.filename or ""))[:255] or "batch.jsonl"
    row = {
        "id": name, "owner": owner, "name": called,
        "purpose": sent.purpose, "bytes": len(data), "created_at": time.time(),
    }  # fmt: skip
    with desk.database.write() as connection:
        connection.execute(insert(files).values(row))
    return _file_object(file_of(desk, owner, name))


@router.get("/v1/files")
def list_files(
    owner: Owner,
    desk: TheDesk,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
) -> FileList:
    """A page of uploaded files, the newest first."""
    last = file_of(desk, owner, after) if after else None
    found = newest(desk, files, owner, after=last, limit=limit + 1)
    data = [_file_object(row) for row in found[:limit]]
    return FileList(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=len(found) > limit,
    )


@router.delete("/v1/files/{file_id}")
def delete_file(owner: Owner, desk: TheDesk, file_id: Id) -> Deleted:
    """Forget a file; the jobs that were made of its lines stay."""
    if file_id.startswith(OUTPUT):
        message = "An output is read from its batch's jobs, and goes with them"
        raise ApiError(400, message, code="unsupported", param="id")
    name = file_of(desk, owner, file_id).id
    desk.store.delete(f"files/{name}")
    with desk.database.write() as connection:
        connection.execute(delete(files).where(files.c.id == name))
    return Deleted(id=name, object="file")


@router.get("/v1/files/{file_id}")
def get_file(owner: Owner, desk: TheDesk, file_id: Id) -> FileObject:
    """What is known of a file."""
    if file_id.startswith(OUTPUT):
        batch = batch_of(desk, owner, file_id.removeprefix(OUTPUT))
        size = len(output_of(desk, batch).encode())
        return FileObject(
            id=file_id, bytes=size, created_at=int(batch.created_at),
            filename="output.jsonl", purpose="batch_output",
        )  # fmt: skip
    return _file_object(file_of(desk, owner, file_id))


@router.get(
    "/v1/files/{file_id}/content",
    response_class=Response,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
def file_content(owner: Owner, desk: TheDesk, file_id: Id) -> Response:
    """The lines of a file, or of a batch's output as far as it is."""
    if file_id.startswith(OUTPUT):
        text = output_of(desk, batch_of(desk, owner, file_id.removeprefix(OUTPUT)))
        return Response(text, media_type="application/jsonl")
    data = desk.store.read_bytes(f"files/{file_of(desk, owner, file_id).id}")
    return Response(data, media_type="application/jsonl")


def _file_object(row: Any) -> FileObject:
    return FileObject(
        id=row.id, bytes=row.bytes, created_at=int(row.created_at),
        filename=row.name, purpose=row.purpose,
    )  # fmt: skip
