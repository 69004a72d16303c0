"""The studio's verbs on the wire. In: JSON or form fields. Out: checked values, by the studio's own names.

Each says what its verb in `kinora.timeline` says; the server reads these so that it needs no networks.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from kinora.core.view import VIEWS
from kinora.serve.wire import Extras, ImageRef, KeyframeIn, Prompt, Sent, Share, Size, VideoRef
from kinora.serve.wire import Seconds as Length
from kinora.serve.wire import listed as _listed

Time = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Curve = Literal["linear", "smooth", "early", "late", "sudden"]


class Verb(Extras):
    """An edit of a film of ours by id, or of an uploaded file `video`.

    Args:
        prompt: new words; those of the film by default.
        video: the film.
    """

    FILES: ClassVar[tuple[str, ...]] = ("video",)

    prompt: Prompt | None = None
    video: VideoRef | None = None

    def options(self) -> dict[str, JsonValue]:
        """What the verb itself takes."""
        common = set(Extras.model_fields) | {"video"}
        return self.model_dump(mode="json", exclude=common, exclude_unset=True)


class RemixFilm(Verb):
    """POST /kinora/v1/remix: every frame reworked, by name or 0..1."""

    strength: Literal["subtle", "mild", "strong"] | Share = "mild"


class ExtendFilm(Verb):
    """POST /kinora/v1/extend: `seconds` more behind the film, or in front of it."""

    seconds: Length
    backward: bool = False


class LoopFilm(Verb):
    """POST /kinora/v1/loop: a bridge from the last frame back to the first, by name or in seconds."""

    bridge: Literal["short", "normal", "long"] | Annotated[float, Field(gt=0, le=60)] = "normal"


class BlendFilms(Verb):
    """POST /kinora/v1/blend: the film, a bridge of `seconds`, then `second` (an id, or a file)."""

    FILES = ("video", "second")

    second: VideoRef | None = None
    seconds: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 2.0
    curve: Curve = "smooth"

    def options(self) -> dict[str, JsonValue]:
        """Without the film itself."""
        return {name: value for name, value in super().options().items() if name != "second"}


class RetakeFilm(Verb):
    """POST /kinora/v1/retake: the window from `start` to `stop` seconds made anew."""

    start: Time
    stop: Length | None = None


class ChangeFilm(Verb):
    """POST /kinora/v1/change: a region made anew, a box in pixels or a picture `mask`, light where.

    Args:
        action: put something else there, add a thing, take one away.
        box: left, top, width, height in pixels of the film.
        mask: a picture as large as the film, by URL or as a file.
        what: the thing to add or take away; `prompt` says the whole scene instead.
        start, stop: seconds.
    """

    FILES = ("video", "mask")

    action: Literal["replace", "insert", "remove"] = "replace"
    box: Annotated[tuple[int, int, int, int] | None, BeforeValidator(_listed)] = None
    mask: ImageRef | None = None
    what: Annotated[str, Field(max_length=1000)] = ""
    start: Time = 0.0
    stop: Length | None = None

    def options(self) -> dict[str, JsonValue]:
        """Without the mask itself."""
        return {name: value for name, value in super().options().items() if name != "mask"}

    @model_validator(mode="after")
    def _says_what(self) -> "ChangeFilm":
        if self.prompt is None and (not self.what or self.action == "replace"):
            raise ValueError(
                "say the whole scene in prompt, or the thing to insert or remove in what"
            )
        return self


class OutpaintFilm(Verb):
    """POST /kinora/v1/outpaint: more picture around the film, up to `size`."""

    size: Size

    def options(self) -> dict[str, JsonValue]:
        """The size as two numbers."""
        width, height = map(int, self.size.split("x"))
        rest = {name: value for name, value in super().options().items() if name != "size"}
        return {**rest, "width": width, "height": height}


class RecutFilm(Verb):
    """POST /kinora/v1/recut: the part from `start` to `stop` kept, and extended to `seconds`."""

    start: Time = 0.0
    stop: Length | None = None
    seconds: Length | None = None

    @model_validator(mode="after")
    def _is_a_part(self) -> "RecutFilm":
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(f"nothing is left from {self.start:g} s to {self.stop:g} s")
        return self


class FilmAngles(Verb):
    """POST /kinora/v1/angles: the same moments from other cameras, one job for each."""

    views: Annotated[
        tuple[Annotated[int, Field(ge=0, lt=len(VIEWS))], ...],
        BeforeValidator(_listed),
        Field(min_length=1, max_length=8),
    ] = (1,)


class AnimatePictures(Extras):
    """POST /kinora/v1/animate: a film that shows each picture at its time.

    Args:
        prompt: words.
        seconds: duration.
        size: "WIDTHxHEIGHT"; the model's own by default.
        image: the first frame, by URL or as a file.
        keyframes: pictures at other times; a negative time counts from the end.
    """

    FILES = ("image",)

    prompt: Prompt
    seconds: Length = 4.0
    size: Size | None = None
    image: ImageRef | None = None
    keyframes: Annotated[
        tuple[KeyframeIn, ...], BeforeValidator(_listed), Field(max_length=16)
    ] = ()


class BoardCard(Sent):
    """A shot of a storyboard: what begins at `at` seconds, with words, a picture or a film of ours."""

    at: Time
    seconds: Length | None = None
    prompt: Annotated[str, Field(max_length=32_000)] = ""
    image: ImageRef | None = None
    video: VideoRef | None = None
    view: Annotated[int, Field(ge=0, lt=len(VIEWS))] = 0
    enter: Literal["cut", "flow"] = "cut"
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None

    @model_validator(mode="after")
    def _has_content(self) -> "BoardCard":
        if self.image is not None and self.video is not None:
            raise ValueError("a card begins with an image or a video, not with both")
        if not (self.prompt.strip() or self.image or self.video):
            raise ValueError("a card needs a prompt, an image or a video")
        return self


class Storyboard(Extras):
    """POST /kinora/v1/storyboard: cards in the order of their times, one film of `seconds`."""

    cards: Annotated[
        tuple[BoardCard, ...], BeforeValidator(_listed), Field(min_length=1, max_length=64)
    ]
    seconds: Length
    size: Size | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Storyboard":
        ends = [card.at for card in self.cards[1:]] + [self.seconds]
        for card, end in zip(self.cards, ends, strict=True):
            if card.at >= end or (card.seconds or 0) > end - card.at + 1e-6:
                raise ValueError(f"the card at {card.at:g} s overlaps what begins at {end:g} s")
        return self
