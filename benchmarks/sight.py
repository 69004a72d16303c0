"""Does it help to say what is seen? In: a model. Out: how films of given pictures and films go on, with and without.

    python benchmarks/sight.py [MODEL] [--count 6] [--seconds 2] [--seed 0]

Renders of the world, each ground and light in turn, are animated and gone on from. `typed` says what a thing does and
names no place, `completed` is what `sighted` makes of that; `mute` says nothing, `described` what `sighted` makes of
that. `step` is the root mean square distance, of 255, from the last given frame to the first new one, `far` to
the last; `ground` and `light` are whether the judge finds the given ones in the last frame, `things` whether just
the given things.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip, Frames
from kinora.core.seed import derive
from kinora.denoise.model import FilmModel
from kinora.generate import load
from kinora.models.store import DEFAULT
from kinora.timeline.animate import Animate
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.perform import perform
from kinora.timeline.sight import sighted
from kinora.world.clip import WorldClip, render_clip
from kinora.world.mix import Mix
from kinora.world.vocabulary import GROUNDS, LIGHTS

ASKED = ("step", "far", "ground", "light", "things")
GIVEN = 17
"""Frames that an extension goes on from."""


@dataclass(frozen=True)
class Arm:
    """Whether words are typed, and whether what is seen is added."""

    name: str
    typed: bool
    seen: bool


ARMS = (
    Arm("typed", typed=True, seen=False),
    Arm("completed", typed=True, seen=True),
    Arm("mute", typed=False, seen=False),
    Arm("described", typed=False, seen=True),
)


def renders(count: int, *, seed: int) -> Iterator[WorldClip]:
    """Clips of every ground and light in turn."""
    for number in range(count):
        mix = Mix(
            grounds=(GROUNDS[number % len(GROUNDS)],), lights=(LIGHTS[number % len(LIGHTS)],),
            still_camera=1.0, cuts=0.0,
        )  # fmt: skip
        yield render_clip(derive(seed, "sight", number), mix=mix, frames=GIVEN)


def looks(render: WorldClip) -> list[tuple[str, str]]:
    """Kind and colour of every thing."""
    things = render.scene.things
    return sorted((each.kind, "brown" if each.kind == "cookie" else each.colour) for each in things)


def distance(one: Frames, other: Frames) -> float:
    return float(np.sqrt(np.square(one.astype(np.float64) - other).mean()))


def row(
    judge: Judge, model: FilmModel, render: WorldClip, edit: Edit, given: Clip, arm: Arm
) -> list[float]:
    """What is measured of one film."""
    told = sighted(model, edit, [given], judge=lambda: judge) if arm.seen else None
    edit, words = (edit, ()) if told is None else (told.edit, told.words)
    (film,) = perform(model, edit, [given], words=words)
    frames, last = film.clip.frames, len(given) - 1
    seen = judge.see(Clip(frames[-1:], film.clip.fps))
    return [
        distance(frames[last], frames[last + 1]), distance(frames[last], frames[-1]),
        seen.ground == render.scene.ground, seen.light == render.scene.light,
        sorted((each.kind, each.colour) for each in seen.things) == looks(render),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    model, judge = load(asked.model), load_judge()
    found = list(renders(asked.count, seed=asked.seed))
    print(f"| {len(found)} renders | {' | '.join(ASKED)} |\n|---|---|---|---|---|---|")
    edits: dict[str, tuple[int, Callable[..., Edit]]] = {
        "animate": (1, Animate),
        "extend": (GIVEN, Extend),
    }
    for verb, (count, kind) in edits.items():
        for arm in ARMS:
            rows = []
            for number, render in enumerate(found):
                first, colour = looks(render)[0]
                prompt = f"a {colour} {first} moves to the right" if arm.typed else None
                edit = kind(seconds=asked.seconds, prompt=prompt, seed=number)
                given = Clip(render.frames[:count], 8.0)
                rows.append(row(judge, model, render, edit, given, arm))
            step, far, *shares = np.mean(rows, axis=0)
            told = " | ".join(f"{share:.0%}" for share in shares)
            print(f"| {verb}, {arm.name} | {step:.1f} | {far:.1f} | {told} |", flush=True)


if __name__ == "__main__":
    main()
