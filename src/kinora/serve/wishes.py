"""Requests as wishes. In: a checked request, its files. Out: a wish whose pictures and source are stored."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile

from kinora.core.errors import NotFoundError, UnsupportedError
from kinora.core.shape import parse_size
from kinora.serve.desk import Desk
from kinora.serve.errors import ApiError
from kinora.serve.jobs.artefacts import character as character_file
from kinora.serve.jobs.artefacts import folder, picture
from kinora.serve.jobs.artefacts import source as source_file
from kinora.serve.jobs.wish import Card, Picture, Source, Wish
from kinora.serve.sizes import settle_size
from kinora.serve.wire import CharacterRef, CreateVideo, EditVideo, ExtendVideo, RemixVideo

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
    wish = Wish(
        cards=cards,
        seconds=sent.seconds,
        seed=desk.seed(sent),
        pictures=_pictures(desk, sent, files, video=video),
        characters=_characters(desk, owner, sent.characters, cards, video=video),
        height=size.height,
        width=size.width,
        made_height=size.made_height,
        made_width=size.made_width,
        **_settings(sent),
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
    base, source, notes = _base(desk, owner, files, of=of, video=video)
    return base.model_copy(
        update={
            "kind": "edit" if isinstance(sent, EditVideo) else "remix",
            "cards": (Card(prompt=sent.prompt),),
            "seed": desk.seed(sent),
            "strength": sent.strength,
            "source": source,
            **_settings(sent),
        }
    ), notes


def extension(
    desk: Desk, owner: str, sent: ExtendVideo, files: Files, *, of: str | None, video: str
) -> Made:
    """More of a film; what is there is seen as a whole and stays as it is."""
    if sent.seconds > LONGEST_EXTENSION:
        message = f"An extension adds at most {LONGEST_EXTENSION:g} s"
        raise ApiError(400, message, code="too_long", param="seconds")
    base, source, notes = _base(desk, owner, files, of=of, video=video)
    return base.model_copy(
        update={
            "kind": "extension",
            "cards": (*base.cards, Card(prompt=sent.prompt, start=source.seconds))
            if of
            else (Card(prompt=sent.prompt),),
            "seconds": source.seconds + sent.seconds,
            "seed": desk.seed(sent),
            "source": source,
            **_settings(sent),
        }
    ), notes


def _settings(sent: CreateVideo | RemixVideo | EditVideo | ExtendVideo) -> dict[str, Any]:
    return {
        "fps": sent.fps,
        "steps": sent.steps,
        "guidance": sent.guidance,
        "negative": sent.negative_prompt,
        "mark": sent.watermark,
        "metadata": sent.metadata,
    }


def _base(
    desk: Desk, owner: str, files: Files, *, of: str | None, video: str
) -> tuple[Wish, Source, list[str]]:
    """What an edit takes over from its source: its size, its length, its words."""
    if of is not None:
        row = desk.finished(owner, of)
        old = Wish.model_validate(row.wish)
        key = f"{folder(video)}/{source_file('latents')}"
        _copy(desk, f"{folder(of)}/latents.safetensors", key, what=of)
        plain = old.model_copy(update={"pictures": (), "characters": ()})
        return plain, Source(key=key, kind="latents", seconds=old.seconds), []
    if "video" not in files:
        message = "Name a video by id or send a file"
        raise ApiError(400, message, code="missing_video", param="video")
    key = f"{folder(video)}/{source_file('pixels')}"
    found = desk.uploads.keep_file(files["video"], key=key, kind="video")
    size = settle_size(
        desk.card, height=found.height, width=found.width, max_pixels=desk.settings.max_pixels
    )
    wish = Wish(
        cards=(Card(prompt="-"),),
        seconds=found.seconds,
        height=size.height,
        width=size.width,
        made_height=size.made_height,
        made_width=size.made_width,
        seed=0,
    )
    return wish, Source(key=key, kind="pixels", seconds=found.seconds), list(size.notes)


def _pictures(desk: Desk, sent: CreateVideo, files: Files, *, video: str) -> tuple[Picture, ...]:
    kept: list[Picture] = []

    def key() -> str:
        return f"{folder(video)}/{picture(len(kept))}"

    if "input_reference" in files:
        desk.uploads.keep_file(files["input_reference"], key=key(), kind="picture")
        kept.append(Picture(key=key()))
    elif sent.input_reference is not None:
        desk.uploads.keep_url(sent.input_reference.image_url, key=key())
        kept.append(Picture(key=key()))
    for frame in sent.keyframes:
        desk.uploads.keep_url(frame.image.image_url, key=key())
        kept.append(Picture(key=key(), seconds=frame.seconds))
    return tuple(kept)


def _characters(
    desk: Desk,
    owner: str,
    named: tuple[CharacterRef, ...],
    cards: tuple[Card, ...],
    *,
    video: str,
) -> tuple[str, ...]:
    if named and not desk.card.references:
        raise UnsupportedError(f"{desk.card.name} cannot keep a character")
    words = "\n".join(card.prompt for card in cards).lower()
    keys = []
    for index, each in enumerate(named):
        row = desk.character(owner, each.id)
        if row.name.lower() not in words:
            message = f"The prompt does not name the character '{row.name}'"
            raise ApiError(400, message, code="character_not_named", param="prompt")
        key = f"{folder(video)}/{character_file(index)}"
        _copy(desk, f"characters/{row.id}/frames.npy", key, what=row.id)
        keys.append(key)
    return tuple(keys)


def _copy(desk: Desk, source: str, target: str, *, what: str) -> None:
    """A copy of our own, so that the source may expire while this job waits."""
    try:
        desk.store.copy(source, target, scratch=desk.settings.data / "scratch" / "uploads")
    except NotFoundError as error:
        raise ApiError(404, f"The files of '{what}' are gone", code="not_found") from error
