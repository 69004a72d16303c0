"""Requests as wishes. In: a checked request, its files. Out: a wish whose pictures and source are stored."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import UploadFile

from kinora.core.errors import UnsupportedError
from kinora.core.shape import parse_size
from kinora.serve.desk import Desk
from kinora.serve.errors import ApiError
from kinora.serve.given import base, copy, settings, sizes
from kinora.serve.jobs.artefacts import character as character_file
from kinora.serve.jobs.artefacts import folder, picture
from kinora.serve.jobs.wish import Card, Picture, Wish
from kinora.serve.sizes import settle_size
from kinora.serve.wire import (
    CharacterRef,
    CreateVideo,
    EditVideo,
    ExtendVideo,
    ImageRef,
    KeyframeIn,
    RemixVideo,
)
from kinora.serve.words import written_out

LONGEST_EXTENSION = 20.0
Files = Mapping[str, UploadFile]
Made = tuple[Wish, list[str]]


def creation(desk: Desk, owner: str, sent: CreateVideo, files: Files, *, video: str) -> Made:
    """A film from words, and whatever pictures are given with them."""
    card = desk.card
    height, width = parse_size(sent.size) if sent.size else (card.height, card.width)
    size = settle_size(card, height=height, width=width, max_pixels=desk.settings.max_pixels)
    cards = tuple(Card(prompt=each.prompt, start=each.start) for each in sent.storyboard)
    if not cards:
        assert sent.prompt is not None, "validated"
        cards = (Card(prompt=sent.prompt),)
    pictures = _pictures(desk, sent, files, video=video)
    # Pictures are the studio's to animate, unless a storyboard tells of several shots.
    animated = bool(pictures) and len(cards) == 1
    cast = _cast(desk, owner, sent.characters, cards, video=video)
    wish = Wish(
        kind="animate" if animated else "create",
        cards=written_out(cards, cast["cast"]) if sent.expand else cards,
        seconds=sent.seconds,
        seed=desk.seed(sent),
        options={"prompt": cards[0].prompt} if animated else {},
        pictures=pictures,
        **cast,
        **sizes(size),
        **settings(sent),
    )
    return wish, list(size.notes)


def rework(
    desk: Desk,
    owner: str,
    sent: RemixVideo | EditVideo,
    files: Files,
    *,
    of: str | None,
    video: str,
) -> Made:
    """A film of ours, or an uploaded one, with other words."""
    given = base(desk, owner, files, of=of, video=video)
    return given.wish(
        desk, sent,
        kind="edit" if isinstance(sent, EditVideo) else "remix",
        prompt=sent.prompt,
        options={"strength": sent.strength},
    ), given.notes  # fmt: skip


def extension(
    desk: Desk, owner: str, sent: ExtendVideo, files: Files, *, of: str | None, video: str
) -> Made:
    """More of a film; what is there is seen as a whole and stays as it is."""
    if sent.seconds > LONGEST_EXTENSION:
        message = f"An extension adds at most {LONGEST_EXTENSION:g} s"
        raise ApiError(400, message, code="too_long", param="seconds")
    given = base(desk, owner, files, of=of, video=video)
    return given.wish(
        desk, sent,
        kind="extension",
        prompt=sent.prompt,
        options={"seconds": sent.seconds},
        seconds=given.source.seconds + sent.seconds,
    ), given.notes  # fmt: skip


def _pictures(desk: Desk, sent: CreateVideo, files: Files, *, video: str) -> tuple[Picture, ...]:
    first = sent.input_reference
    kept = [*keep_picture(desk, files, "input_reference", first, number=0, video=video)]
    return (*kept, *keep_keyframes(desk, sent.keyframes, first=len(kept), video=video))


def keep_picture(
    desk: Desk, files: Files, name: str, sent: ImageRef | None, *, number: int, video: str
) -> tuple[Picture, ...]:
    """The picture `number` of a wish, from the file `name` or a URL; none if there is neither."""
    key = f"{folder(video)}/{picture(number)}"
    if name in files:
        desk.uploads.keep_file(files[name], key=key, kind="picture")
    elif sent is not None:
        desk.uploads.keep_url(sent.image_url, key=key)
    else:
        return ()
    return (Picture(key=key),)


def keep_keyframes(
    desk: Desk, frames: tuple[KeyframeIn, ...], *, first: int, video: str
) -> tuple[Picture, ...]:
    """Pictures at their times, numbered from `first` on."""
    kept = []
    for number, frame in enumerate(frames, first):
        key = f"{folder(video)}/{picture(number)}"
        desk.uploads.keep_url(frame.image.image_url, key=key)
        kept.append(Picture(key=key, seconds=frame.seconds))
    return tuple(kept)


def _cast(
    desk: Desk,
    owner: str,
    named: tuple[CharacterRef, ...],
    cards: tuple[Card, ...],
    *,
    video: str,
) -> dict[str, Any]:
    """The fields of a wish for characters by id, each of which some card must name."""
    words = "\n".join(card.prompt for card in cards).lower()
    rows = [desk.character(owner, each.id) for each in named]
    for row in rows:
        if row.name.lower() not in words:
            message = f"The prompt does not name the character '{row.name}'"
            raise ApiError(400, message, code="character_not_named", param="prompt")
    return cast_of(desk, rows, video=video)


def cast_of(desk: Desk, rows: Sequence[Any], *, video: str) -> dict[str, Any]:
    """The fields of a wish for these characters, of which the job gets a copy."""
    if rows and not desk.card.references:
        raise UnsupportedError(f"{desk.card.name} cannot keep a character")
    keys = []
    for index, row in enumerate(rows):
        keys.append(f"{folder(video)}/{character_file(index)}")
        copy(desk, f"characters/{row.id}/frames.npy", keys[-1], what=row.id)
    return {"characters": tuple(keys), "cast": tuple(desk.role(row) for row in rows)}
