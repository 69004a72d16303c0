"""Are the edits seamless and exact? In: a model. Out: a table, over random films for every edit.

    python benchmarks/seams.py [MODEL] [--films 30] [--seconds 3] [--seed 0] [--steps N]

jump: distance of the two frames at the seam. p50, p95: median and 95th percentile of the distances of the
film's own neighbours. held: whether held latents came back bit-identical and kept frames are the same bytes.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from films import wishes

from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, generate, load
from kinora.models import DEFAULT
from kinora.timeline.blend import Blend, blend
from kinora.timeline.extend import Extend, extend
from kinora.timeline.loop import Loop, loop
from kinora.timeline.region import Change, change
from kinora.timeline.retake import Retake, retake
from kinora.timeline.seam import jump, jumps


@dataclass(frozen=True)
class Row:
    """One edit of one film: the distances at its seams, those of the neighbours in the source, exactness."""

    seams: tuple[float, ...]
    own: tuple[float, ...]
    held: bool


Measure = Callable[[FilmModel, Film, Film, int], Row]


def _steps(film: Film, places: tuple[int, ...]) -> tuple[float, ...]:
    frames = film.clip.frames
    return tuple(jump(frames[at - 1], frames[at]) for at in places)


def _same(one: Film, two: Film, frames: slice, latents: slice, kept: slice) -> bool:
    pixels = np.array_equal(one.clip.frames[frames], two.clip.frames)
    return pixels and torch.equal(one.latents[latents], two.latents[kept])


def forward(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    n, f = len(a.clip), len(a.latents)
    made = extend(model, a, Extend(seconds=1, seed=seed))
    exact = _same(made, a, slice(0, n), slice(0, f), slice(0, f))
    return Row(_steps(made, (n,)), tuple(jumps(a.clip.frames)), exact)


def backward(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    made = extend(model, a, Extend(seconds=1, seed=seed, backward=True))
    at, f = len(made.clip) - len(a.clip), len(a.latents)
    exact = _same(made, a, slice(at, None), slice(1 - f, None), slice(1, None))
    return Row(_steps(made, (at,)), tuple(jumps(a.clip.frames)), exact)


def looped(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    n, f = len(a.clip), len(a.latents)
    made = loop(model, a, Loop(bridge="normal", seed=seed))
    wrap = jump(made.clip.frames[-1], made.clip.frames[0])
    exact = _same(made, a, slice(0, n), slice(0, f), slice(0, f))
    return Row((*_steps(made, (n,)), wrap), tuple(jumps(a.clip.frames)), exact)


def blended(model: FilmModel, a: Film, b: Film, seed: int) -> Row:
    made = blend(model, a, b, Blend(seed=seed))
    at = len(made.clip) - len(b.clip)
    exact = np.array_equal(made.clip.frames[: len(a.clip)], a.clip.frames)
    exact = exact and np.array_equal(made.clip.frames[at:], b.clip.frames)
    exact = exact and torch.equal(made.latents[: len(a.latents)], a.latents)
    own = (*jumps(a.clip.frames), *jumps(b.clip.frames))
    return Row(_steps(made, (len(a.clip), at)), own, exact)


def retaken(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    made = retake(model, a, Retake(start=1.2, stop=2.0, seed=seed))
    same = (made.clip.frames == a.clip.frames).all((1, 2, 3))
    changed = np.flatnonzero(~same)
    first, last = (int(changed[0]), int(changed[-1]) + 1) if len(changed) else (1, 2)
    places = tuple(at for at in (first, last) if at < len(a.clip))
    return Row(_steps(made, places), tuple(jumps(a.clip.frames)), bool(same[:first].all()))


def region(model: FilmModel, a: Film, b: Film, seed: int) -> Row:
    height, width = a.clip.height, a.clip.width
    box = (width // 4, height // 4, width // 2, height // 2)
    made = change(model, a, Change(box=box, prompt=b.request.prompts[0], seed=seed))
    outside = np.ones((height, width), bool)
    outside[height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2] = False
    exact = np.array_equal(made.clip.frames[:, outside], a.clip.frames[:, outside])
    return Row(tuple(jumps(made.clip.frames)), tuple(jumps(a.clip.frames)), exact)


EDITS: dict[str, Measure] = {
    "extend forward": forward,
    "extend backward": backward,
    "loop": looped,
    "blend": blended,
    "retake": retaken,
    "region": region,
}


def measured(model: FilmModel, films: list[Film]) -> Iterator[tuple[str, list[Row]]]:
    """Every edit of every film; the film behind it in the list is the other one."""
    for name, measure in EDITS.items():
        pairs = zip(films, [*films[1:], films[0]], strict=True)
        yield name, [measure(model, a, b, number) for number, (a, b) in enumerate(pairs)]


def line(name: str, rows: list[Row]) -> str:
    """One line of the table."""
    good95 = np.mean([max(row.seams) <= np.percentile(row.own, 95) for row in rows])
    good50 = np.mean([row.seams[-1] <= np.median(row.own) for row in rows])
    jump95 = np.median([np.percentile(row.own, 95) for row in rows])
    seam = np.median([max(row.seams) for row in rows])
    held = np.mean([row.held for row in rows])
    return f"| {name} | {seam:.2f} | {jump95:.2f} | {good95:.0%} | {good50:.0%} | {held:.0%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--films", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    model = load(given.model)
    made = [
        generate(model, Request((wish,), seconds=given.seconds, seed=i, steps=given.steps))
        for i, wish in enumerate(wishes(given.films, seed=given.seed))
    ]
    print(
        "| edit | jump | own p95 | jumps <= p95 | last jump <= p50 | held exact |\n|---|---|---|---|---|---|"
    )
    for name, rows in measured(model, made):
        print(line(name, rows), flush=True)


if __name__ == "__main__":
    main()
