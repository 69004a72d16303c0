"""Is second 60 the scene of second 1? In: a model. Out: how far the ends are apart, ours and the naive way.

    python benchmarks/drift.py [MODEL] [--films 20] [--seconds 60] [--size WxH] [--seed 0] [--steps N]

Colour, contrast, sharpness and number of things: how much they change from the first to the last 15 %, without
sign, the mean of the films. The naive way extends from the last decoded frames, again and again; `ratio` is ours
over that. A film is right at second 2 if the judge then counts what the prompt names, in its colours; `right at
the end` is of those that were.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from films import wishes
from numpy.typing import NDArray

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.core.shape import parse_size
from kinora.denoise.model import FilmModel
from kinora.evaluate.drift import Drift, drift
from kinora.generate import Request, generate, load, stream
from kinora.models.store import DEFAULT
from kinora.prompt.facts import understand
from kinora.prompt.vocabulary import load_vocabulary
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


@dataclass(frozen=True)
class Row:
    """One film: its drift, and whether number and colours of things are right at second 2 and at the end."""

    drift: Drift
    early: tuple[bool, bool]
    late: tuple[bool, bool]


def right(clip: Clip, wanted: list[str], judge: Judge) -> tuple[bool, bool]:
    """Whether a second of film shows as many things as wanted, and of the same colours."""
    seen = sorted(thing.colour for thing in judge.see(clip).things)
    return len(seen) == len(wanted), seen == wanted


def row(clip: Clip, wish: str, judge: Judge) -> Row:
    """What there is to say of one film."""
    second = round(clip.fps)
    wanted = sorted(thing.colour for thing in understand(wish, load_vocabulary()).things)
    two = Clip(clip.frames[second : 2 * second], clip.fps)
    last = Clip(clip.frames[-second:], clip.fps)
    return Row(drift(clip, judge), right(two, wanted, judge), right(last, wanted, judge))


def changes(rows: list[Row]) -> NDArray[np.float64]:
    """Mean change of colour, contrast, sharpness and things, without sign."""
    every = [
        [row.drift.colour, row.drift.contrast, row.drift.sharpness, row.drift.things]
        for row in rows
    ]
    means: NDArray[np.float64] = np.abs(every).mean(0)
    return means


def kept(rows: list[Row], part: int) -> str:
    """How many films were right at second 2, and how many of those in the end: part 0 number, 1 colours."""
    begun = [row for row in rows if row.early[part]]
    return f"{sum(row.late[part] for row in begun)} of {len(begun)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    model, judge = load(given.model), load_judge()
    height, width = parse_size(given.size) if given.size else (None, None)
    ways: dict[str, Callable[[FilmModel, Request], Clip]] = {"ours": ours, "naive": naive}
    print(
        "| way | colour | contrast | sharpness | things | number right at the end | colours right at the end |\n"
        "|---|---|---|---|---|---|---|"
    )
    found = []
    for name, make in ways.items():
        rows = []
        for number, wish in enumerate(wishes(given.films, seed=given.seed, things=3)):
            request = Request(
                (wish,), seconds=given.seconds, height=height, width=width, seed=number,
                steps=given.steps,
            )  # fmt: skip
            rows.append(row(make(model, request), wish, judge))
        found.append(changes(rows))
        told = " | ".join(f"{value:.3f}" for value in found[-1])
        print(f"| {name} | {told} | {kept(rows, 0)} | {kept(rows, 1)} |", flush=True)
    ratio = found[0] / np.maximum(found[1], 1e-6)
    print(f"| ratio | {' | '.join(f'{value:.2f}' for value in ratio)} | | |")


if __name__ == "__main__":
    main()
