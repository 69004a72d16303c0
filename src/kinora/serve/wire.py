"""The shapes on the wire. In: JSON or form fields. Out: checked values; rows as the clients know them."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kinora.serve.jobs.rows import Video as Row
from kinora.serve.jobs.wish import Wish

Prompt = Annotated[str, Field(min_length=1, max_length=32_000)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Size = Annotated[str, Field(pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$")]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Sent(BaseModel):
    """The base of everything clients send; form fields arrive as text and are read as what they mean.

    Args:
        FILES: names of the files that a form may bring with it.
    """

    FILES: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoRef(Sent):
    """A film of ours, by id."""

    id: str


class ImageRef(Sent):
    """A picture by URL: `data:` always, `https:` where the server allows it."""

    image_url: Annotated[str, Field(max_length=64_000_000)]


class CharacterRef(Sent):
    """A character of ours, by id."""

    id: str


class KeyframeIn(Sent):
    """A picture that the film shows at `seconds`; a negative time counts from the end."""

    seconds: Annotated[float, Field(ge=-3600, le=3600, allow_inf_nan=False)]
    image: ImageRef


class CardIn(Sent):
    """A shot: its words, and the second at which it begins."""

    prompt: Prompt
    start: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]


def listed(value: Any) -> Any:
    """Forms name a list as `a[0]`, `a[1]`; a single dictionary of such numbers is that list."""
    if isinstance(value, dict) and value and all(str(key).isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return value


class Extras(Sent):
    """What the standard schema lacks; each default is the standard behaviour.

    Args:
        model: id; the server has one and takes it by any name it is called.
        seed: same seed, same film; drawn if absent.
        steps: solver steps.
        guidance: how hard to push towards the words.
        negative_prompt: what to push away from.
        priority: jobs of higher priority go first.
        fps: frames a second of the file.
        metadata: whether the prompt may travel in the file.
        watermark: a visible mark.
        expand: write the prompt out as a director would; the answer's prompt stays what was sent.
        verify: watch the film while it is made, and dream again what breaks its words.
        tries: with `verify`, how often that is dreamt at most; 1 only watches.
    """

    model: Annotated[str, Field(max_length=255)] | None = None
    seed: Seed | None = None
    steps: Annotated[int, Field(ge=1, le=200)] | None = None
    guidance: Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)] | None = None
    negative_prompt: Annotated[str, Field(max_length=32_000)] = ""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    fps: Annotated[float, Field(ge=1, le=60)] | None = None
    metadata: bool = True
    watermark: bool = False
    expand: bool = False
    verify: bool = False
    tries: Annotated[int, Field(ge=1, le=10)] = 3


class CreateVideo(Extras):
    """POST /v1/videos.

    Args:
        prompt: the words; a storyboard may stand in their place.
        seconds: duration, 4 by default.
        size: "WIDTHxHEIGHT"; the model's own by default.
        input_reference: the first frame, as a file or an object with `image_url`.
        characters: at most two; each one's name stands in the prompt.
        keyframes: pictures at given seconds.
        storyboard: shots in order of their start.
    """

    FILES = ("input_reference",)

    prompt: Prompt | None = None
    seconds: Seconds = 4.0
    size: Size | None = None
    input_reference: ImageRef | None = None
    characters: Annotated[
        tuple[CharacterRef, ...], BeforeValidator(listed), Field(max_length=2)
    ] = ()
    keyframes: Annotated[tuple[KeyframeIn, ...], BeforeValidator(listed), Field(max_length=16)] = ()
    storyboard: Annotated[tuple[CardIn, ...], BeforeValidator(listed), Field(max_length=64)] = ()

    @model_validator(mode="after")
    def _has_words(self) -> "CreateVideo":
        if self.prompt is None and not self.storyboard:
            raise ValueError("a prompt is required")
        return self

    @model_validator(mode="after")
    def _lies_within(self) -> "CreateVideo":
        starts = [card.start for card in self.storyboard]
        if starts and (starts != sorted(set(starts)) or starts[-1] >= self.seconds):
            raise ValueError(
                f"the shots begin at {', '.join(f'{start:g}' for start in starts)} s: "
                f"put them in order, the last before the end of the film at {self.seconds:g} s"
            )
        if any(abs(each.seconds) > self.seconds for each in self.keyframes):
            raise ValueError(f"a keyframe lies outside the film of {self.seconds:g} s")
        if self.fps is not None and self.fps * self.seconds < 0.5:
            raise ValueError(f"{self.seconds:g} s at {self.fps:g} frames a second show no frame")
        return self


class Variations(CreateVideo):
    """POST /kinora/v1/variations: `count` films of seeds in a row, each as its seed makes it alone."""

    count: Annotated[int, Field(ge=1, le=16)] = 4


class RemixVideo(Extras):
    """POST /v1/videos/{id}/remix: the same film with other words, reworked by `strength`."""

    prompt: Prompt
    strength: Share = 0.6


class EditVideo(Extras):
    """POST /v1/videos/edits: a film of ours by id, or an uploaded file, reworked by `strength`."""

    FILES = ("video",)

    prompt: Prompt
    video: VideoRef | None = None
    strength: Share = 0.6


class ExtendVideo(Extras):
    """POST /v1/videos/extensions: `seconds` more of a film, which is seen as a whole."""

    FILES = ("video",)

    prompt: Prompt
    video: VideoRef | None = None
    seconds: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False)] = 4.0


class CreateCharacter(Sent):
    """POST /v1/videos/characters: a name and a film of ours by id, or an uploaded file.

    Args:
        name: as used in prompts.
        video: what shows it.
        words: what it is, in the model's words, which hears them instead of the name.
    """

    FILES = ("video",)

    name: Name
    video: VideoRef | None = None
    words: Annotated[str, Field(max_length=400)] = ""


class VideoError(BaseModel):
    """Why a film failed."""

    code: str
    message: str


class VideoObject(BaseModel):
    """A film, as the Videos API tells it. `seed`, `fps` and `notes` are ours."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: int
    created_at: int
    completed_at: int | None = None
    expires_at: int | None = None
    prompt: str
    size: str
    seconds: str
    remixed_from_video_id: str | None = None
    error: VideoError | None = None
    seed: int
    notes: list[str] = []


class Deleted(BaseModel):
    """The answer to DELETE."""

    id: str
    object: str
    deleted: bool = True


class VideoList(BaseModel):
    """A page."""

    object: Literal["list"] = "list"
    data: list[VideoObject]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False


class CharacterObject(BaseModel):
    """A character."""

    id: str
    object: Literal["character"] = "character"
    name: str
    created_at: int


def status_of(row: Row) -> Literal["queued", "in_progress", "completed", "failed"]:
    """Our states in the API's words; a pause is a long wait, and a cancelled job has failed."""
    match row.state:
        case "done":
            return "completed"
        case "failed" | "cancelled":
            return "failed"
        case "dispatched" if row.worker is not None:
            return "in_progress"
        case _:
            return "queued"


def video_object(row: Row) -> VideoObject:
    """A row as clients know it."""
    wish = Wish.model_validate(row.wish)
    seconds = (row.artefact or {}).get("seconds", wish.seconds)
    failed = row.state in ("failed", "cancelled")
    error = VideoError(code=row.error_code, message=row.error_message) if failed else None
    return VideoObject(
        id=row.id,
        model=row.model,
        status=status_of(row),
        progress=row.progress,
        created_at=int(row.created_at),
        completed_at=_whole(row.completed_at) if row.state == "done" else None,
        expires_at=_whole(row.expires_at),
        prompt=wish.prompt,
        size=f"{wish.width}x{wish.height}",
        seconds=f"{seconds:g}",
        remixed_from_video_id=row.remixed_from,
        error=error,
        seed=wish.seed,
        notes=row.notes,
    )


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
