"""Are the edits seamless and exact? In: a model. Out: a table, over random films for every edit.

    python benchmarks/seams.py [MODEL] [--films 30] [--seconds 3] [--size WxH] [--seed 0] [--steps N]
                               [--only "loop,blend"]

jump: distance of the two frames at the seam, for a region that of the two lines of pixels at its border. p50,
p95: median and 95th percentile of the distances of the film's own neighbours. wrap: a loop's jump from its last
frame to its first. held: whether held latents came back bit-identical and kept frames are the same bytes.
dB in the file: the least likeness of a kept frame, read from the film's file, to itself in the edit's file.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from films import wishes
from numpy.typing import NDArray

from kinora.core.clip import Clip
from kinora.core.shape import parse_size
from kinora.denoise.model import FilmModel
from kinora.generate import Film, Request, generate, load
from kinora.media.read import read
from kinora.media.video import KEEPING
from kinora.media.write import save
from kinora.models.store import DEFAULT
from kinora.timeline.blend import Blend, blend
from kinora.timeline.extend import Extend, extend
from kinora.timeline.loop import Loop, loop
from kinora.timeline.region import Change, change
from kinora.timeline.retake import Retake, retake
from kinora.timeline.seam import jump, jumps


@dataclass(frozen=True)
class Row:
    """One edit of one film.

    Args:
        seams: the distances of the frames at its seams.
        own: those of the neighbours in the source.
        held: whether what is kept is exact.
        made: the edit.
        kept: how its frames show what was kept of the source.
    """

    seams: tuple[float, ...]
    own: tuple[float, ...]
    held: bool
    made: Film
    kept: "Kept"


@dataclass(frozen=True)
class Kept:
    """Frames `new` of the edit are frames `old` of the source, at the pixels of `where` (all by default)."""

    new: slice
    old: slice = field(default_factory=lambda: slice(None))
    where: NDArray[np.bool_] | None = None


Measure = Callable[[FilmModel, Film, Film, int], Row]


def _steps(film: Film, places: tuple[int, ...]) -> tuple[float, ...]:
    frames = film.clip.frames
    return tuple(jump(frames[at - 1], frames[at]) for at in places)


def _same(one: Film, two: Film, frames: slice, latents: slice, kept: slice) -> bool:
    pixels = np.array_equal(one.clip.frames[frames], two.clip.frames)
    return pixels and torch.equal(one.latents[latents], two.latents[kept])


def forward(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    n, f = len(a.clip), len(a.latents)
    made = extend(model, a, Extend(seconds=1, seed=seed, steps=a.request.steps))
    exact = _same(made, a, slice(0, n), slice(0, f), slice(0, f))
    return Row(_steps(made, (n,)), tuple(jumps(a.clip.frames)), exact, made, Kept(slice(0, n)))


def backward(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    made = extend(model, a, Extend(seconds=1, seed=seed, steps=a.request.steps, backward=True))
    at, f = len(made.clip) - len(a.clip), len(a.latents)
    exact = _same(made, a, slice(at, None), slice(1 - f, None), slice(1, None))
    own = tuple(jumps(a.clip.frames))
    return Row(_steps(made, (at,)), own, exact, made, Kept(slice(at, None)))


def looped(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    n, f = len(a.clip), len(a.latents)
    made = loop(model, a, Loop(bridge="normal", seed=seed, steps=a.request.steps))
    wrap = jump(made.clip.frames[-1], made.clip.frames[0])
    exact = _same(made, a, slice(0, n), slice(0, f), slice(0, f))
    own = tuple(jumps(a.clip.frames))
    return Row((*_steps(made, (n,)), wrap), own, exact, made, Kept(slice(0, n)))


def blended(model: FilmModel, a: Film, b: Film, seed: int) -> Row:
    made = blend(model, a, b, Blend(seed=seed, steps=a.request.steps))
    at = len(made.clip) - len(b.clip)
    exact = np.array_equal(made.clip.frames[: len(a.clip)], a.clip.frames)
    exact = exact and np.array_equal(made.clip.frames[at:], b.clip.frames)
    exact = exact and torch.equal(made.latents[: len(a.latents)], a.latents)
    exact = exact and torch.equal(made.latents[1 - len(b.latents) :], b.latents[1:])
    own = (*jumps(a.clip.frames), *jumps(b.clip.frames))
    kept = Kept(slice(0, len(a.clip)))
    return Row(_steps(made, (len(a.clip), at)), own, exact, made, kept)


def retaken(model: FilmModel, a: Film, _: Film, seed: int) -> Row:
    made = retake(model, a, Retake(start=1.0, stop=1.5, seed=seed, steps=a.request.steps))
    # Latents 2 and 3 touch 1 s to 1.5 s; latent i spans the frames 4i-3 to 4i.
    first, last = 5, 13
    exact = _same(
        made, _part(a, slice(0, first), slice(0, 2)), slice(0, first), slice(0, 2), slice(None)
    )
    after = _part(a, slice(last, None), slice(4, None))
    exact = exact and _same(made, after, slice(last, None), slice(4, None), slice(None))
    kept = Kept(slice(0, first), slice(0, first))
    return Row(_steps(made, (first, last)), tuple(jumps(a.clip.frames)), exact, made, kept)


def _part(film: Film, frames: slice, latents: slice) -> Film:
    part = Clip(film.clip.frames[frames], film.clip.fps)
    return replace(film, clip=part, latents=film.latents[latents])


def region(model: FilmModel, a: Film, b: Film, seed: int) -> Row:
    height, width = a.clip.height, a.clip.width
    space = model.stride.space
    top, left = height // (4 * space) * space, width // (4 * space) * space
    box = (left, top, width - 2 * left, height - 2 * top)
    made = change(
        model, a, Change(box=box, prompt=b.request.prompts[0], seed=seed, steps=a.request.steps)
    )
    outside = np.ones((height, width), bool)
    outside[top : height - top, left : width - left] = False
    far = torch.from_numpy(outside[::space, ::space])
    exact = np.array_equal(made.clip.frames[:, outside], a.clip.frames[:, outside])
    exact = exact and torch.equal(made.latents[..., far], a.latents[..., far])
    rows, columns = _lines(made, top, left)
    seams = (rows[top - 1], rows[-top], columns[left - 1], columns[-left])
    own = tuple(np.concatenate(_lines(a, top, left)))
    return Row(seams, own, exact, made, Kept(slice(None), where=outside))


def _lines(film: Film, top: int, left: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far neighbouring rows, and neighbouring columns, are apart along the sides of the region."""
    frames = film.clip.frames.astype(np.float32)
    down, across = np.diff(frames[:, :, left:-left], axis=1), np.diff(frames[:, top:-top], axis=2)
    return np.sqrt((down**2).mean((0, 2, 3))), np.sqrt((across**2).mean((0, 1, 3)))


EDITS: dict[str, Measure] = {
    "extend forward": forward,
    "extend backward": backward,
    "loop": looped,
    "blend": blended,
    "retake": retaken,
    "region": region,
}


def decibels(source: Film, row: Row, folder: Path) -> float:
    """Of the kept frame that is least like itself, source as read from its file and edit from its own."""
    before, after = folder / "a.mp4", folder / "b.mp4"
    save(source.clip, before)
    old = read(before).clip.frames
    shown = row.made.clip.frames.copy()
    kept = row.kept
    place = shown[kept.new]
    where = np.ones(place.shape[1:3], bool) if kept.where is None else kept.where
    # An edit keeps the frames of the file that it was given.
    place[:, where] = old[kept.old][:, where]
    save(Clip(shown, source.clip.fps), after, quality=KEEPING)
    new = read(after).clip.frames[kept.new][:, where].astype(np.float32)
    error = ((new - old[kept.old][:, where]) ** 2).mean((1, 2))
    return float(10 * np.log10(255**2 / max(float(error.max()), 1e-9)))


def measured(
    model: FilmModel, films: list[Film], folder: Path, *, only: list[str]
) -> Iterator[tuple[str, list[Row], list[float]]]:
    """The edits of every film; the film behind it in the list is the other one."""
    for name in only:
        measure = EDITS[name]
        pairs = zip(films, [*films[1:], films[0]], strict=True)
        rows = [measure(model, a, b, number) for number, (a, b) in enumerate(pairs)]
        sound = [decibels(a, row, folder) for a, row in zip(films, rows, strict=True)]
        yield name, rows, sound


def line(name: str, rows: list[Row], sound: list[float]) -> str:
    """One line of the table."""
    good = np.mean([max(row.seams) <= np.percentile(row.own, 95) for row in rows])
    jump95 = np.median([np.percentile(row.own, 95) for row in rows])
    seam = np.median([max(row.seams) for row in rows])
    held = np.mean([row.held for row in rows])
    wraps = [row.seams[-1] <= np.median(row.own) for row in rows]
    wrap = f"{np.mean(wraps):.0%}" if name == "loop" else ""
    return f"| {name} | {seam:.2f} | {jump95:.2f} | {good:.0%} | {wrap} | {held:.0%} | {min(sound):.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--films", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--only", default=",".join(EDITS))
    given = parser.parse_args()
    model = load(given.model)
    height, width = parse_size(given.size) if given.size else (None, None)
    made = [
        generate(
            model,
            Request((wish,), seconds=given.seconds, height=height, width=width, seed=i,
                    steps=given.steps),
        )
        for i, wish in enumerate(wishes(given.films, seed=given.seed))
    ]  # fmt: skip
    print("| edit | jump | own p95 | jumps <= p95 | wrap <= p50 | held exact | dB in the file |")
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for name, rows, sound in measured(model, made, Path(folder), only=given.only.split(",")):
            print(line(name, rows, sound), flush=True)


if __name__ == "__main__":
    main()
