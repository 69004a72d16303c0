"""The same moment from another camera. In: a model, the judge. Out: whether things stand where geometry has them.

Clips of the world are shown to the model from the front; it dreams another camera. The same is asked of the real
render of that camera, which bounds what can be measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.core.seed import derive
from kinora.denoise.model import FilmModel
from kinora.evaluate.placing import Standing, in_place
from kinora.evaluate.row import Row
from kinora.evaluate.views import view_agreement
from kinora.timeline.angles import Angles, angles

if TYPE_CHECKING:
    from kinora.world.clip import WorldClip

VISIBLE = 0.005
"""Share of the picture above which a thing can be seen."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A moment of the world: its number among the views, the clip from the front and from there."""

    view: int
    front: "WorldClip"
    other: "WorldClip"

    @property
    def standing(self) -> list[Standing]:
        """The things that both cameras see, where the other one has them."""
        found = []
        for number, thing in enumerate(self.other.scene.things):
            seen = [
                [moment.things[number].area >= VISIBLE for moment in clip.truth.moments]
                for clip in (self.front, self.other)
            ]
            path = {
                t: self.other.truth.moments[t].things[number].centre
                for t, there in enumerate(seen[1])
                if there
            }
            if path and any(seen[0]):
                found.append(Standing(thing.kind, thing.colour, path))
        return found


def moments(count: int, *, seed: int = 0) -> Iterator[Moment]:
    """Moments of one or two things before still cameras, the views in turn."""
    from kinora.core.view import VIEWS
    from kinora.world.clip import render_clip
    from kinora.world.mix import Mix

    mix = Mix(max_things=2, cuts=0.0, still_camera=1.0, heldout="any")
    for number in range(count):
        view, own = 1 + number % (len(VIEWS) - 1), derive(seed, "angles", number)
        clips = [render_clip(own, mix=mix, view=name) for name in (VIEWS[0], VIEWS[view])]
        yield Moment(view, *clips)


def dreamt(model: FilmModel, one: Moment, *, seed: int = 0, steps: int | None = None) -> Clip:
    """The moment as the model sees it from there."""
    edit = Angles(views=(one.view,), prompt=one.front.captions.sentence, steps=steps, seed=seed)
    (made,) = angles(model, Clip(one.front.frames, one.front.scene.fps), edit)
    return made.clip


def angle_rows(
    model: FilmModel, judge: Judge, *, count: int, steps: int | None = None
) -> Iterator[Row]:
    """Whether everything is in its place, and what the views have in common; the real render beside it."""
    for number, one in enumerate(moments(count)):
        fps, expected = one.front.scene.fps, one.standing
        front = judge.see(Clip(one.front.frames, fps))
        numbers = {}
        for suffix, clip in (
            ("", dreamt(model, one, seed=number, steps=steps)),
            (", parse floor", Clip(one.other.frames, fps)),
        ):
            seen = judge.see(clip)
            if expected:
                placed = [in_place(seen, thing) for thing in expected]
                numbers[f"in place from another camera{suffix}"] = float(all(placed))
            numbers[f"view agreement{suffix}"] = view_agreement([front, seen])
        prompt = one.front.captions.sentence
        yield Row(key=f"angle {number}", prompt=prompt, heldout=False, wrong=(), numbers=numbers)
