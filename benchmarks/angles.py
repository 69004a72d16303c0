"""Do other cameras show the same moment? In: a model. Out: how often things stand where geometry has them.

    python benchmarks/angles.py [MODEL] [--films 40] [--steps N] [--seed 0]

Clips of the world are shown to the model from the front; it dreams another camera. A film counts when every
thing that both cameras see is found by the judge, in its colour, within 15 % of the picture of its true place.
Beside it the same on real renders of that camera, which bounds what can be measured, and on the front picture
taken for the other one, which is what a model that ignores cameras would score. Agreement is the share of things,
ground and light that the view has in common with the real one from the front, wherever they stand. Things are
counted one by one too.
"""

import argparse
from collections.abc import Iterator

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.core.seed import derive
from kinora.core.view import VIEWS
from kinora.evaluate.placing import Standing, in_place
from kinora.evaluate.views import view_agreement
from kinora.generate import load
from kinora.models.store import DEFAULT
from kinora.timeline.angles import Angles, angles
from kinora.world.clip import WorldClip, render_clip
from kinora.world.mix import Mix

FPS = 8.0
VISIBLE = 0.005
"""Share of the picture above which a thing can be seen."""

MIX = Mix(max_things=2, cuts=0.0, still_camera=1.0, heldout="any")


def moments(films: int, *, seed: int) -> Iterator[tuple[str, WorldClip, WorldClip]]:
    """The name of another view, the clip from the front and from there."""
    for number in range(films):
        view, own = VIEWS[1 + number % (len(VIEWS) - 1)], derive(seed, "angles", number)
        yield view, render_clip(own, mix=MIX, view="front"), render_clip(own, mix=MIX, view=view)


def standing(front: WorldClip, other: WorldClip) -> list[Standing]:
    """The things that both see, where the other camera has them."""
    found = []
    for number, thing in enumerate(other.scene.things):
        seen = [
            [moment.things[number].area >= VISIBLE for moment in clip.truth.moments]
            for clip in (front, other)
        ]
        path = {
            t: other.truth.moments[t].things[number].centre
            for t, there in enumerate(seen[1])
            if there
        }
        if path and any(seen[0]):
            found.append(Standing(thing.kind, thing.colour, path))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--films", type=int, default=40)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    model, judge = load(given.model), load_judge()
    right = {"dreamt": 0, "rendered": 0, "the front picture": 0}
    agreement, counted = dict.fromkeys(right, 0.0), 0
    things, asked = dict.fromkeys(right, 0), 0
    for view, front, other in moments(given.films, seed=given.seed):
        expected = standing(front, other)
        if not expected:
            continue
        edit = Angles(
            views=(VIEWS.index(view),),
            prompt=front.captions.sentence,
            steps=given.steps,
            seed=counted,
        )
        (made,) = angles(model, Clip(front.frames, FPS), edit)
        pictures = {
            "dreamt": made.clip,
            "rendered": Clip(other.frames, FPS),
            "the front picture": Clip(front.frames, FPS),
        }
        counted += 1
        asked += len(expected)
        seen = {name: judge.see(clip) for name, clip in pictures.items()}
        for name, each in seen.items():
            found = [in_place(each, thing) for thing in expected]
            right[name] += all(found)
            things[name] += sum(found)
            agreement[name] += view_agreement([seen["the front picture"], each])
    print(f"| {counted} films | everything in place | of {asked} things | agreement |")
    print("|---|---|---|---|")
    for name, count in right.items():
        of = max(1, counted)
        share = f"{100 * things[name] / max(1, asked):.0f} %"
        print(f"| {name} | {100 * count / of:.0f} % | {share} | {agreement[name] / of:.3f} |")


if __name__ == "__main__":
    main()
