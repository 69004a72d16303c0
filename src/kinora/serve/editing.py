"""The studio's requests as wishes. In: a checked verb, its files. Out: a wish whose sources are stored."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue
from starlette.datastructures import UploadFile

from kinora.core.errors import UnsupportedError
from kinora.core.shape import parse_size
from kinora.serve.desk import Desk
from kinora.serve.errors import ApiError
from kinora.serve.given import Given, base, settings, sizes
from kinora.serve.jobs.artefacts import picture
from kinora.serve.jobs.artefacts import source as source_file
from kinora.serve.jobs.wish import Card, Kind, Picture, Source, Wish
from kinora.serve.sizes import ModelCard, Size, settle_size
from kinora.serve.verbs import (
    AnimatePictures,
    BlendFilms,
    ChangeFilm,
    ExtendFilm,
    FilmAngles,
    LoopFilm,
    OutpaintFilm,
    RecutFilm,
    RemixFilm,
    RetakeFilm,
    Storyboard,
    Verb,
)
from kinora.serve.wishes import cast_of, keep_keyframes, keep_picture
from kinora.serve.words import written_out

Files = Mapping[str, UploadFile]
Made = tuple[Wish, list[str]]

MOST_CHARACTERS = 8

BRIDGES = {"short": 2, "normal": 4, "long": 8}
"""Latent frames of a loop's bridge by its name, as `timeline.loop` has them."""

KINDS: Mapping[type[Verb], Kind] = {
    RemixFilm: "remix",
    ExtendFilm: "extension",
    LoopFilm: "loop",
    BlendFilms: "blend",
    RetakeFilm: "retake",
    ChangeFilm: "change",
    OutpaintFilm: "outpaint",
    RecutFilm: "recut",
    FilmAngles: "angles",
}


def edit(desk: Desk, owner: str, sent: Verb, files: Files, *, video: str) -> Made:
    """An edit of one film, or of two."""
    _check_promise(sent)
    given = base(desk, owner, files, of=sent.video.id if sent.video else None, video=video)
    seconds = length(desk.card, sent, given.source.seconds)
    wish = given.wish(
        desk, sent,
        kind=KINDS[type(sent)], prompt=sent.prompt, options=sent.options(), seconds=seconds,
    )  # fmt: skip
    match sent:
        case BlendFilms():
            wish = _blended(desk, owner, sent, files, wish, given, video=video)
        case ChangeFilm():
            mask = keep_picture(desk, files, "mask", sent.mask, number=0, video=video)
            _check_region(sent, mask)
            wish = wish.model_copy(update={"pictures": mask})
        case OutpaintFilm():
            wish = wish.model_copy(update=_larger(desk, sent, given.size))
        case FilmAngles() if not desk.card.views:
            raise UnsupportedError(f"{desk.card.name} knows one camera only")
    return wish, given.notes


def animation(desk: Desk, sent: AnimatePictures, files: Files, *, video: str) -> Made:
    """A film from pictures."""
    first = keep_picture(desk, files, "image", sent.image, number=0, video=video)
    pictures = (*first, *keep_keyframes(desk, sent.keyframes, first=len(first), video=video))
    if not pictures:
        raise ApiError(400, "Send a picture", code="missing_image", param="image")
    if any(abs(each.seconds) > sent.seconds for each in pictures):
        raise ApiError(400, "A picture lies outside the film", param="keyframes")
    size = _size(desk, sent.size)
    card = Card(prompt=sent.prompt)
    wish = Wish(
        kind="animate",
        cards=written_out([card]) if sent.expand else (card,),
        seconds=sent.seconds,
        seed=desk.seed(sent),
        options={"prompt": sent.prompt},
        pictures=pictures,
        **sizes(size),
        **settings(sent),
    )
    return wish, list(size.notes)


def storyboard(desk: Desk, owner: str, sent: Storyboard, *, video: str) -> Made:
    """A film from cards."""
    size = _size(desk, sent.size)
    pictures: list[Picture] = []
    sources: list[Source] = []
    cards: list[JsonValue] = []
    for card in sent.cards:
        told = card.model_dump(mode="json", exclude={"image", "video"}, exclude_none=True)
        if card.image is not None:
            number = len(pictures)
            pictures += keep_picture(desk, {}, "", card.image, number=number, video=video)
            told["image"] = picture(number)
        if card.video is not None:
            number = len(sources)
            given = base(desk, owner, {}, of=card.video.id, video=video, number=number)
            sources.append(given.source)
            told["clip"] = source_file(number, given.source.kind)
        cards.append(told)
    called = _called(desk, owner, sent, video=video)
    shots = tuple(Card(prompt=each.prompt or "-", start=each.at) for each in sent.cards)
    wish = Wish(
        kind="storyboard",
        cards=written_out(shots, called["cast"]) if sent.expand else shots,
        seconds=sent.seconds,
        seed=desk.seed(sent),
        options={"card": cards, "seconds": sent.seconds, "expand": sent.expand},
        pictures=tuple(pictures),
        sources=tuple(sources),
        **called,
        **sizes(size),
        **settings(sent),
    )
    return wish, list(size.notes)


def _called(desk: Desk, owner: str, sent: Storyboard, *, video: str) -> dict[str, Any]:
    """The fields of a wish for the owner's characters that the cards name."""
    rows = desk.called(owner, [card.prompt for card in sent.cards])
    if len(rows) > MOST_CHARACTERS:
        message = f"A storyboard names at most {MOST_CHARACTERS} characters, not {len(rows)}"
        raise ApiError(400, message, code="too_many_characters", param="cards")
    return cast_of(desk, rows, video=video)


def length(card: ModelCard, sent: Verb, before: float) -> float:
    """Seconds of the film that an edit of one of `before` seconds will be, as near as can be told.

    Raises:
        ApiError: the edit names a time behind the end of the film.
    """
    step = card.stride.time / card.fps
    match sent:
        case ExtendFilm():
            return before + sent.seconds
        case LoopFilm():
            bridge = sent.bridge
            return before + (BRIDGES[bridge] * step if isinstance(bridge, str) else bridge)
        case RecutFilm():
            _check_window(sent.start, before)
            return sent.seconds or min(sent.stop or before, before) - sent.start
        case RetakeFilm() | ChangeFilm():
            _check_window(sent.start, before)
    return before


def _check_window(start: float, seconds: float) -> None:
    if start >= seconds:
        message = f"The film is {seconds:g} s long, and ends before {start:g} s"
        raise ApiError(400, message, code="invalid_value", param="start")


def _check_promise(sent: Verb) -> None:
    """Raise `ApiError` for an edit that shall keep its words, but dreams nothing that hears them alone."""
    why = ""
    if isinstance(sent, BlendFilms):
        why = "The bridge of a blend is between two films and promises neither's words"
    elif isinstance(sent, RecutFilm) and sent.seconds is None:
        why = "A part that is cut out is not dreamt; name the seconds that it shall last"
    if sent.verify and why:
        raise ApiError(400, why, code="nothing_promised", param="verify")


def _check_region(sent: ChangeFilm, mask: tuple[Picture, ...]) -> None:
    if (sent.box is None) == (not mask):
        message = "Name the region by a box or by a mask"
        raise ApiError(400, message, code="missing_region", param="box")


def _blended(
    desk: Desk, owner: str, sent: BlendFilms, files: Files, wish: Wish, first: Given, *, video: str
) -> Wish:
    of = sent.second.id if sent.second else None
    second = base(desk, owner, files, of=of, video=video, name="second", number=1)
    sizes_differ = (second.size.made_height, second.size.made_width) != (
        first.size.made_height,
        first.size.made_width,
    )
    # Pixels are brought to the size of the first film; latents stay as they are.
    if sizes_differ and second.source.kind == "latents":
        message = "Films of different sizes cannot be blended; outpaint the smaller one first"
        raise ApiError(400, message, code="sizes_differ", param="second")
    words = wish.cards if sent.prompt is not None else (*first.cards, *second.cards)
    return wish.model_copy(
        update={
            "cards": words or wish.cards,
            "sources": (first.source, second.source),
            "seconds": first.source.seconds + sent.seconds + second.source.seconds,
        }
    )


def _larger(desk: Desk, sent: OutpaintFilm, before: Size) -> dict[str, int]:
    height, width = parse_size(sent.size)
    grain = desk.card.stride.snap_side
    made = (grain(height), grain(width))
    fits = made[0] >= before.made_height and made[1] >= before.made_width
    if not fits or made == (before.made_height, before.made_width):
        message = f"{sent.size} has no room around {before.width}x{before.height}"
        raise ApiError(400, message, code="invalid_value", param="size")
    size = _size(desk, sent.size)
    if size.made_height < height or size.made_width < width:
        raise ApiError(400, f"{sent.size} is too large here", code="too_large", param="size")
    return {"height": height, "width": width}


def _size(desk: Desk, asked: str | None) -> Size:
    card = desk.card
    height, width = parse_size(asked) if asked else (card.height, card.width)
    return settle_size(card, height=height, width=width, max_pixels=desk.settings.max_pixels)
