"""The film that an edit is of. In: an id or an upload. Out: a copy in the store, and a wish to be filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue
from starlette.datastructures import UploadFile

from kinora.core.errors import NotFoundError
from kinora.prompt.names import spoken
from kinora.serve.desk import Desk
from kinora.serve.errors import ApiError
from kinora.serve.jobs.artefacts import REEL, folder
from kinora.serve.jobs.artefacts import source as source_file
from kinora.serve.jobs.wish import Card, Kind, Role, Source, Wish
from kinora.serve.sizes import Size, settle_size
from kinora.serve.wire import Extras
from kinora.serve.words import written_out

UNTOLD = "an uploaded film"
"""What is told of a film without words."""


@dataclass(frozen=True)
class Given:
    """What an edit takes over from its source.

    Args:
        cards: its words; none of an upload.
        cast: who the words may name.
        source: where the copy lies.
        size: delivered and made pixels.
        notes: what was changed.
    """

    cards: tuple[Card, ...]
    source: Source
    size: Size
    cast: tuple[Role, ...] = ()
    notes: list[str] = field(default_factory=list)

    def wish(
        self,
        desk: Desk,
        sent: Extras,
        *,
        kind: Kind,
        prompt: str | None,
        options: Mapping[str, JsonValue],
        seconds: float | None = None,
    ) -> Wish:
        """The wish for an edit of it; `seconds` is that of the source by default.

        Raises:
            ApiError: it shall keep its words, and has none.
        """
        if sent.verify and prompt is None and not self.cards:
            message = "Nobody told what this film shows; say in prompt what it shall keep"
            raise ApiError(400, message, code="nothing_promised", param="prompt")
        words: tuple[Card, ...] = (Card(prompt=prompt),) if prompt is not None else ()
        words = written_out(words, self.cast) if sent.expand else words
        named = {role.name: role.words for role in self.cast}
        said = {"prompt": words[0].expansion or spoken(words[0].prompt, named)} if words else {}
        if kind == "extension" and words and self.cards:
            new = words[0].model_copy(update={"start": self.source.seconds})
            words = (*self.cards, new)
        return Wish(
            kind=kind,
            cards=words or self.cards or (Card(prompt=UNTOLD),),
            seconds=self.source.seconds if seconds is None else seconds,
            seed=desk.seed(sent),
            options={**options, **said},
            sources=(self.source,),
            cast=self.cast,
            **sizes(self.size),
            **settings(sent),
        )


def base(
    desk: Desk,
    owner: str,
    files: Mapping[str, UploadFile],
    *,
    of: str | None,
    video: str,
    name: str = "video",
    number: int = 0,
) -> Given:
    """A film of ours by id, or the uploaded file `name`.

    Args:
        desk, owner: where to look.
        files: of the request.
        of: an id.
        video: the new job, which gets a copy.
        name: of the field.
        number: of the source among those of the wish.
    """
    if of is not None:
        return _ours(desk, owner, of, video=video, number=number)
    if name not in files:
        message = "Name a video by id or send a file"
        raise ApiError(400, message, code="missing_video", param=name)
    key = f"{folder(video)}/{source_file(number, 'pixels')}"
    found = desk.uploads.keep_file(files[name], key=key, kind="video")
    most = desk.settings.max_pixels
    size = settle_size(desk.card, height=found.height, width=found.width, max_pixels=most)
    source = Source(key=key, kind="pixels", seconds=found.seconds)
    fitted = [f"The upload: {line}" for line in found.told]
    return Given((), source, size, notes=[*fitted, *size.notes])


def _ours(desk: Desk, owner: str, of: str, *, video: str, number: int) -> Given:
    row = desk.finished(owner, of)
    old = Wish.model_validate(row.wish)
    key = f"{folder(video)}/{source_file(number, 'latents')}"
    copy(desk, f"{folder(of)}/{REEL}", key, what=of)
    seconds = float(row.artefact.get("seconds", old.seconds))
    made = old.made_height, old.made_width
    if old.kind == "outpaint":  # made from what was smaller
        snap = desk.card.stride.snap_side
        made = snap(_number(old.options["height"])), snap(_number(old.options["width"]))
    size = Size(old.height, old.width, *made, ())
    return Given(old.cards, Source(key=key, kind="latents", seconds=seconds), size, old.cast)


def _number(value: JsonValue) -> int:
    assert isinstance(value, int), value
    return value


def settings(sent: Extras) -> dict[str, Any]:
    """The fields of a wish that every request may set."""
    return {
        "fps": sent.fps,
        "steps": sent.steps,
        "guidance": sent.guidance,
        "negative": sent.negative_prompt,
        "mark": sent.watermark,
        "metadata": sent.metadata,
        "tries": sent.tries if sent.verify else 0,
    }


def sizes(size: Size) -> dict[str, Any]:
    """The fields of a wish that say how large the film is."""
    return {
        "height": size.height,
        "width": size.width,
        "made_height": size.made_height,
        "made_width": size.made_width,
    }


def copy(desk: Desk, source: str, target: str, *, what: str) -> None:
    """Keep a copy of our own, so that the source may expire while this job waits; 404 if it is gone."""
    try:
        desk.store.copy(source, target, scratch=desk.settings.data / "scratch" / "uploads")
    except NotFoundError as error:
        raise ApiError(404, f"The files of '{what}' are gone", code="not_found") from error
