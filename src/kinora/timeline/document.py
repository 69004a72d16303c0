"""The timeline: what a film is to be, as a value. In: tracks, shots, gaps, transitions, markers. Out: JSON.

Nothing here is ever changed: every change is a new document, and the old one is what undo goes back to.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kinora.core.config import Config
from kinora.core.errors import UsageError
from kinora.core.prompt import MAX_GUIDANCE

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Shot(Config):
    """Some seconds of film.

    Args:
        id: its name in the document.
        seconds: how long.
        prompt: what is seen.
        seed: same seed, same shot.
        view: which camera.
        enter: `cut`, or `flow` on from the shot before.
        image: a picture file that the shot begins with.
        clip: a video file that the shot begins with, or is.
        start: seconds into the clip at which the shot begins.
    """

    kind: Literal["shot"] = "shot"
    id: Identifier
    seconds: Seconds
    prompt: str = ""
    seed: int = Field(default=0, ge=0)
    view: int = Field(default=0, ge=0, le=15)
    enter: Literal["cut", "flow"] = "cut"
    image: str | None = None
    clip: str | None = None
    start: float = Field(default=0.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _has_content(self) -> "Shot":
        if self.image is not None and self.clip is not None:
            raise ValueError(f"shot {self.id} begins with an image or with a clip, not with both")
        if self.start and self.clip is None:
            raise ValueError(f"shot {self.id} has a start but no clip that it would be in")
        if not (self.prompt.strip() or self.image or self.clip):
            raise ValueError(f"shot {self.id} says nothing: give it a prompt, an image or a clip")
        return self


class Gap(Config):
    """Some seconds of black."""

    kind: Literal["gap"] = "gap"
    seconds: Seconds


class Transition(Config):
    """A dreamt bridge between the shots on either side."""

    kind: Literal["transition"] = "transition"
    id: Identifier
    seconds: Seconds = 2.0
    curve: Literal["linear", "smooth", "early", "late", "sudden"] = "smooth"
    seed: int = Field(default=0, ge=0)


Item = Annotated[Shot | Gap | Transition, Field(discriminator="kind")]


class Track(Config):
    """Items one after the other."""

    name: str = "film"
    items: tuple[Item, ...] = ()

    @model_validator(mode="after")
    def _transitions_lie_between_shots(self) -> "Track":
        for number, item in enumerate(self.items):
            if item.kind != "transition":
                continue
            around = (*self.items[max(0, number - 1) : number], *self.items[number + 1 :][:1])
            if [each.kind for each in around] != ["shot", "shot"]:
                raise ValueError(f"transition {item.id} does not lie between two shots")
        return self


class Marker(Config):
    """A remark at a time."""

    at: float = Field(ge=0)
    text: str


class Timeline(Config):
    """A whole film to be.

    Args:
        schema_version: of this document.
        name: of the film.
        height, width: pixels; what the model likes by default.
        steps, guidance, negative: for all shots.
        expand: whether every prompt is written out as a director would.
        written: prompts as somebody else wrote them out, by the prompt: they are heard as they stand here.
        seen: what shots begin with shows and their prompts leave out, by the shot: heard behind them.
        tracks: the first is the film; others are kept and exported, such as takes that lost.
        markers: remarks.
    """

    schema_version: Literal[1] = 1
    name: str = "film"
    height: int | None = Field(default=None, ge=16, le=4096)
    width: int | None = Field(default=None, ge=16, le=4096)
    steps: int | None = Field(default=None, ge=1)
    guidance: float | None = Field(default=None, gt=0, le=MAX_GUIDANCE)
    negative: str = ""
    expand: bool = False
    written: dict[str, str] = Field(default_factory=dict)
    seen: dict[str, str] = Field(default_factory=dict)
    tracks: tuple[Track, ...] = (Track(),)
    markers: tuple[Marker, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Timeline":
        names = [item.id for track in self.tracks for item in track.items if item.kind != "gap"]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"used twice: {', '.join(sorted(twice))}")
        return self

    @property
    def items(self) -> tuple[Item, ...]:
        """Of the first track: the film."""
        return self.tracks[0].items if self.tracks else ()

    def shots(self) -> Iterator[Shot]:
        """The film's shots, in order."""
        return (item for item in self.items if item.kind == "shot")

    def shot(self, name: str) -> Shot:
        """The shot of this name, or `UsageError`."""
        for each in self.shots():
            if each.id == name:
                return each
        known = ", ".join(shot.id for shot in self.shots()) or "none"
        raise UsageError(f"there is no shot {name}", remedy=f"The shots are: {known}")

    def with_shot(self, name: str, change: Callable[[Shot], Shot]) -> "Timeline":
        """The document with one shot changed."""
        new = change(self.shot(name))
        return self.with_items(
            tuple(new if item == self.shot(name) else item for item in self.items)
        )

    def with_files(self, named: Callable[[str], str]) -> "Timeline":
        """The document with the files that its shots begin with named otherwise."""

        def moved(item: Item) -> Item:
            if item.kind != "shot":
                return item
            names = {"image": item.image, "clip": item.clip}
            changes = {field: named(name) for field, name in names.items() if name is not None}
            return item.model_copy(update=changes)

        tracks = (
            track.model_copy(update={"items": tuple(moved(item) for item in track.items)})
            for track in self.tracks
        )
        return self.model_copy(update={"tracks": tuple(tracks)})

    def with_items(self, items: tuple[Item, ...]) -> "Timeline":
        """The document with other items on the film's track, checked anew."""
        film = Track(name=self.tracks[0].name if self.tracks else "film", items=items)
        values = self.model_dump(exclude={"tracks"})
        return Timeline(**values, tracks=(film, *self.tracks[1:]))
