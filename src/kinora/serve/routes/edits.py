"""The studio over HTTP: one route for each verb. In: requests. Out: jobs, as durable as all others."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from kinora.serve.body import Body
from kinora.serve.editing import animation, edit, storyboard
from kinora.serve.jobs.wish import Wish
from kinora.serve.routes.context import WRONG, Idempotency, Owner, Sent, TheDesk, accepts
from kinora.serve.routes.videos import take
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
from kinora.serve.wire import Extras, Variations, VideoObject
from kinora.serve.wishes import creation

router = APIRouter(prefix="/kinora/v1", tags=["studio"], responses=WRONG)

BODIES: tuple[type[BaseModel], ...] = (
    AnimatePictures, BlendFilms, ChangeFilm, ExtendFilm, FilmAngles, LoopFilm, OutpaintFilm,
    RecutFilm, RemixFilm, RetakeFilm, Storyboard, Variations,
)  # fmt: skip
Make = Callable[[str], tuple[Wish, list[str]]]


class Films(BaseModel):
    """Several jobs of one request, in its order."""

    data: list[VideoObject]


class Asked:
    """One request: who asks, where, and what came with it."""

    def __init__(
        self,
        owner: Owner,
        desk: TheDesk,
        body: Sent,
        response: Response,
        idempotency: Idempotency = None,
    ) -> None:
        self.owner, self.desk, self.body = owner, desk, body
        self._response, self._idempotency = response, idempotency

    def take(self, sent: Extras, make: Make, *, of: str | None = None) -> VideoObject:
        """Take one job."""
        return take(
            self.desk, self.owner, sent, make,
            body=self.body, response=self._response, idempotency=self._idempotency, of=of,
        )  # fmt: skip

    def part(self, sent: Extras, make: Make, *, number: int, of: str | None = None) -> VideoObject:
        """Take the job `number` of several, under a key of its own where the request has one."""
        key = None
        if self._idempotency:
            key = f"{hashlib.sha256(self._idempotency.encode()).hexdigest()}/{number}"
        return take(
            self.desk, self.owner, sent, make,
            body=Body({**self.body.fields, "part": number}, self.body.uploads),
            response=self._response, idempotency=key, of=of,
        )  # fmt: skip

    def edit(self, kind: type[Verb]) -> VideoObject:
        """Take an edit of one film."""
        sent = self.body.read(kind)
        return self.take(sent, partial(self.edited, sent), of=sent.video.id if sent.video else None)

    def edited(self, sent: Verb, video: str) -> tuple[Wish, list[str]]:
        """The wish of an edit."""
        return edit(self.desk, self.owner, sent, self.body.uploads, video=video)


It = Annotated[Asked, Depends()]


@router.post("/animate", openapi_extra=accepts("AnimatePictures", "image"))
def animate(it: It) -> VideoObject:
    """A film that shows pictures at their times, to the last bit of what the model is given."""
    sent = it.body.read(AnimatePictures)
    return it.take(sent, lambda video: animation(it.desk, sent, it.body.uploads, video=video))


@router.post("/storyboard", openapi_extra=accepts("Storyboard"))
def make_storyboard(it: It) -> VideoObject:
    """A film from timed cards: cuts, and shots that flow on from the one before."""
    sent = it.body.read(Storyboard)
    return it.take(sent, lambda video: storyboard(it.desk, it.owner, sent, video=video))


@router.post("/variations", openapi_extra=accepts("Variations", "input_reference"))
def variations(it: It) -> Films:
    """Several films of one wish, one job for each seed."""
    sent = it.body.read(Variations)
    it.desk.check_room(it.owner, jobs=sent.count)
    first = it.desk.seed(sent)

    def make(number: int, video: str) -> tuple[Wish, list[str]]:
        one = sent.model_copy(update={"seed": first + number})
        return creation(it.desk, it.owner, one, it.body.uploads, video=video)

    return Films(data=[it.part(sent, partial(make, n), number=n) for n in range(sent.count)])


@router.post("/remix", openapi_extra=accepts("RemixFilm", "video"))
def remix(it: It) -> VideoObject:
    """The same film, otherwise."""
    return it.edit(RemixFilm)


@router.post("/extend", openapi_extra=accepts("ExtendFilm", "video"))
def extend(it: It) -> VideoObject:
    """More of a film, behind it or in front of it."""
    return it.edit(ExtendFilm)


@router.post("/loop", openapi_extra=accepts("LoopFilm", "video"))
def loop(it: It) -> VideoObject:
    """A film that may start again after its last frame."""
    return it.edit(LoopFilm)


@router.post("/blend", openapi_extra=accepts("BlendFilms", "video", "second"))
def blend(it: It) -> VideoObject:
    """From one film into another."""
    return it.edit(BlendFilms)


@router.post("/retake", openapi_extra=accepts("RetakeFilm", "video"))
def retake(it: It) -> VideoObject:
    """A window of time made anew."""
    return it.edit(RetakeFilm)


@router.post("/change", openapi_extra=accepts("ChangeFilm", "video", "mask"))
def change(it: It) -> VideoObject:
    """A region of the picture made anew; outside it every pixel stays."""
    return it.edit(ChangeFilm)


@router.post("/outpaint", openapi_extra=accepts("OutpaintFilm", "video"))
def outpaint(it: It) -> VideoObject:
    """More picture around a film."""
    return it.edit(OutpaintFilm)


@router.post("/recut", openapi_extra=accepts("RecutFilm", "video"))
def recut(it: It) -> VideoObject:
    """A part of a film, made longer."""
    return it.edit(RecutFilm)


@router.post("/angles", openapi_extra=accepts("FilmAngles", "video"))
def angles(it: It) -> Films:
    """The same moments from other cameras, one job for each, in step."""
    sent = it.body.read(FilmAngles)
    it.desk.check_room(it.owner, jobs=len(sent.views))
    seed = it.desk.seed(sent)
    films = []
    for number, view in enumerate(sent.views):
        one = sent.model_copy(update={"views": (view,), "seed": seed})
        of = sent.video.id if sent.video else None
        films.append(it.part(sent, partial(it.edited, one), number=number, of=of))
    return Films(data=films)
