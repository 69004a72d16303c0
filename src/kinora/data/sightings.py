"""What the judge learns from. In: clips of the world. Out: shards of small frames with their truth.

A shard holds `frames` `[n t h w 3]`, `things` `[n t k c]` and `scene` `[n t 2]`. A row of `things` is
kind, colour, size, finish, hat, bites (indices into the answers, -1: not asked), then the share of the
picture that is visible and the box: centre x, y, width, height in 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinora.caption.answers import MOST_BITES, MOST_THINGS, OF_A_FRAME, OF_A_THING
from kinora.caption.glimpse import shrink
from kinora.core.clip import Frames
from kinora.core.progress import OnProgress, Progress, silent
from kinora.data.shards import write_shard
from kinora.world import Mix, WorldClip, render_clip
from kinora.world.scene import Scene, Thing
from kinora.world.truth import Moment, facts

Floats = NDArray[np.float32]
COLUMNS = len(OF_A_THING) + 5


@dataclass(frozen=True, eq=False)
class Sightings:
    """Small frames and what is so in each.

    Args:
        frames: `[n h w 3]` uint8.
        things: `[n MOST_THINGS COLUMNS]`; kind -1 where there is none.
        scene: `[n 2]` ground and light, indices.
    """

    frames: Frames
    things: Floats
    scene: NDArray[np.int64]


def sight(clip: WorldClip, at: Sequence[int] = (0,)) -> Sightings:
    """What the given frames of a clip show."""
    scene = clip.scene
    places = [OF_A_FRAME["ground"].index(scene.ground), OF_A_FRAME["light"].index(scene.light)]
    rows = np.stack([_things(scene, clip.ids[t], clip.truth.moments[t]) for t in at])
    return Sightings(
        frames=shrink(clip.frames[list(at)]),
        things=rows,
        scene=np.tile(np.array(places, np.int64), (len(at), 1)),
    )


def _things(scene: Scene, ids: NDArray[np.uint8], moment: Moment) -> Floats:
    rows = np.full((MOST_THINGS, COLUMNS), -1.0, np.float32)
    for index, thing in enumerate(scene.things[:MOST_THINGS]):
        seen = _visible(ids == index + 2)
        if seen is not None:
            rows[index, :-5] = _answers(thing, bites=moment.things[index].bites)
            rows[index, -5:] = seen
    return rows


def _answers(thing: Thing, *, bites: int) -> list[int]:
    cookie = thing.kind == "cookie"
    words = {
        "kind": thing.kind,
        "colour": "brown" if cookie else thing.colour,
        "size": thing.size,
        "finish": "" if cookie else thing.finish,
        "hat": (thing.hat or "none") if thing.kind == "momo" else "",
        "bites": str(min(bites, MOST_BITES)) if cookie else "",
    }
    return [
        answers.index(words[question]) if words[question] else -1
        for question, answers in OF_A_THING.items()
    ]


def _visible(mask: NDArray[np.bool_]) -> Floats | None:
    """Share of the picture, centre, width and height of what is visible of a thing."""
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return None
    height, width = mask.shape
    return np.array(
        [
            len(rows) / mask.size,
            (columns.mean() + 0.5) / width,
            (rows.mean() + 0.5) / height,
            (np.ptp(columns) + 1) / width,
            (np.ptp(rows) + 1) / height,
        ],
        np.float32,
    )


def render_sightings(
    folder: Path,
    *,
    first: int,
    count: int,
    mix: Mix,
    frames: int = 1,
    per_shard: int = 100,
    on_progress: OnProgress = silent,
) -> None:
    """Render the seeds `first` to `first + count` into shards; whole shards are kept.

    Args:
        frames: of each clip; one is a still.
    """
    for number, start in enumerate(range(0, count, per_shard)):
        if (folder / f"{number:05d}.safetensors").exists():
            continue
        seeds = range(first + start, first + min(count, start + per_shard))
        clips = [render_clip(seed, mix=mix, frames=frames) for seed in seeds]
        parts = [sight(clip, range(frames)) for clip in clips]
        arrays = {
            name: np.stack([getattr(part, name) for part in parts])
            for name in ("frames", "things", "scene")
        }
        rows = [_row(seed, clip) for seed, clip in zip(seeds, clips, strict=True)]
        write_shard(folder, number, arrays, rows)
        on_progress(Progress("world", start + len(seeds), count))


def _row(seed: int, clip: WorldClip) -> dict[str, Any]:
    """What is true of the whole clip, in canonical words."""
    said = facts(clip.scene, clip.truth)
    return {
        "seed": seed,
        "happenings": [thing.happening for thing in said.things],
        "direction": said.direction,
        "camera": said.camera,
    }
