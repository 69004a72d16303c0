"""Is second 60 the scene of second 1? In: a model. Out: how far the ends are apart, ours and the naive way.

    python benchmarks/drift.py [MODEL] [--films 20] [--seconds 60] [--seed 0] [--steps N]

The naive way extends from the last decoded frames, again and again. Things are counted by the judge, which
must be there.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from films import wishes

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.denoise.model import FilmModel
from kinora.evaluate.drift import drift
from kinora.generate import Request, generate, load, stream
from kinora.models import DEFAULT
from kinora.timeline.extend import Extend, extend

SEEN = 13
"""Decoded frames that the naive way goes on from."""

PIECE = 3.0
"""Seconds that it adds each time."""


def ours(model: FilmModel, request: Request) -> Clip:
    """The film as Kinora streams it."""
    return Clip(np.concatenate(list(stream(model, request))), model.capabilities.fps)


def naive(model: FilmModel, request: Request) -> Clip:
    """The film extended from its last decoded frames, again and again."""
    clip = generate(model, replace(request, seconds=PIECE)).clip
    number = 0
    while clip.seconds < request.seconds:
        number += 1
        seen = Clip(clip.frames[-SEEN:], clip.fps)
        edit = Extend(
            seconds=PIECE,
            prompt=request.prompts[0],
            seed=request.seed + number,
            steps=request.steps,
        )
        more = extend(model, seen, edit).clip.frames[SEEN:]
        clip = Clip(np.concatenate([clip.frames, more]), clip.fps)
    return clip


def same_things(clip: Clip, judge: Judge) -> tuple[bool, bool]:
    """Whether the last second shows as many things, and of the same colours, as second two."""
    second = round(clip.fps)
    early = judge.see(Clip(clip.frames[second : 2 * second], clip.fps)).things
    late = judge.see(Clip(clip.frames[-second:], clip.fps)).things
    colours = sorted(thing.colour for thing in early) == sorted(thing.colour for thing in late)
    return len(early) == len(late), colours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    model, judge = load(given.model), load_judge()
    ways: dict[str, Callable[[FilmModel, Request], Clip]] = {"ours": ours, "naive": naive}
    print(
        "| way | colour | contrast | sharpness | things | same count | same colours |\n|---|---|---|---|---|---|---|"
    )
    for name, make in ways.items():
        rows, kept = [], []
        for number, wish in enumerate(wishes(given.films, seed=given.seed, things=3)):
            request = Request((wish,), seconds=given.seconds, seed=number, steps=given.steps)
            clip = make(model, request)
            change = drift(clip, judge)
            rows.append([change.colour, change.contrast, change.sharpness, change.things])
            kept.append(same_things(clip, judge))
        colour, contrast, sharpness, things = np.abs(rows).mean(0)
        count, colours = np.mean(kept, 0)
        print(
            f"| {name} | {colour:.4f} | {contrast:.3f} | {sharpness:.3f} | {things:.2f} | "
            f"{count:.0%} | {colours:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
