"""Characters. In: a name and a video. Out: an id that films are made with."""

import time
import uuid
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel
from sqlalchemy import delete, insert, select

from kinora.serve.desk import Desk
from kinora.serve.errors import ApiError
from kinora.serve.jobs.artefacts import folder
from kinora.serve.jobs.table import characters
from kinora.serve.jobs.wish import Role
from kinora.serve.routes.context import WRONG, Owner, Sent, TheDesk, accepts
from kinora.serve.uploads import Uploads
from kinora.serve.wire import CharacterObject, CreateCharacter, Deleted

router = APIRouter(tags=["characters"], responses=WRONG)


class CharacterList(BaseModel):
    """The cast."""

    data: list[CharacterObject]


@router.post("/v1/videos/characters", openapi_extra=accepts("CreateCharacter", "video"))
def create_character(owner: Owner, desk: TheDesk, body: Sent) -> CharacterObject:
    """Keep a character from an uploaded video, or from a film of ours."""
    sent = body.read(CreateCharacter)
    name = f"char_{uuid.uuid4().hex}"
    key = f"characters/{name}/frames.npy"
    if "video" in body.uploads:
        desk.uploads.keep_file(body.uploads["video"], key=key, kind="video")
    elif sent.video is not None:
        desk.finished(owner, sent.video.id)
        _from_film(desk, desk.uploads, sent.video.id, key=key)
    else:
        message = "Name a video by id or send a file"
        raise ApiError(400, message, code="missing_video", param="video")
    desk.keep_role(name, Role(name=sent.name, words=sent.words.strip()))
    row = {"id": name, "owner": owner, "name": sent.name, "created_at": time.time()}
    with desk.database.write() as connection:
        connection.execute(insert(characters).values(row))
    return _object(name, sent.name, row["created_at"])


@router.get("/v1/videos/characters/{character_id}")
def get_character(
    owner: Owner, desk: TheDesk, character_id: Annotated[str, Path(max_length=80)]
) -> CharacterObject:
    """One character."""
    row = desk.character(owner, character_id)
    return _object(row.id, row.name, row.created_at)


@router.get("/kinora/v1/characters")
def list_characters(owner: Owner, desk: TheDesk) -> CharacterList:
    """Every character of the owner, the newest first."""
    newest = characters.c.created_at.desc()
    with desk.database.read() as connection:
        found = connection.execute(
            select(characters).where(characters.c.owner == owner).order_by(newest)
        ).all()
    return CharacterList(data=[_object(row.id, row.name, row.created_at) for row in found])


@router.delete("/kinora/v1/characters/{character_id}")
def delete_character(
    owner: Owner, desk: TheDesk, character_id: Annotated[str, Path(max_length=80)]
) -> Deleted:
    """Forget a character; films that were asked for with it have copies of their own."""
    row = desk.character(owner, character_id)
    with desk.database.write() as connection:
        connection.execute(delete(characters).where(characters.c.id == row.id))
    desk.store.delete(f"characters/{row.id}")
    return Deleted(id=row.id, object="character.deleted")


def _from_film(desk: Desk, uploads: Uploads, video: str, *, key: str) -> None:
    with desk.store.open(f"{folder(video)}/film.mp4") as stream:
        uploads.keep_stream(stream, key=key, kind="video")


def _object(name: str, called: str, created_at: object) -> CharacterObject:
    return CharacterObject(id=name, name=called, created_at=int(float(str(created_at))))
