"""Renders whose truth is known. In: a first seed, a count, a folder. Out: frames, scene and truth each.

Cameras that move and cuts are more frequent than in training, so that there is enough of every kind.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinora.caption.facts import SeenThing
from kinora.core.clip import Frames
from kinora.world import Mix, Scene, Truth, render_clip

MIX = Mix(min_things=1, max_things=3, heldout="any", still_camera=0.25, cuts=0.2)
FRAMES = 17
FPS = 8.0
NEAR = 0.12
"""Share of the picture by which a seen thing may be off, in the middle of its ways, to be a true one."""
VISIBLE = 0.002
"""Share of the picture that a thing must cover on average to be asked for."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One render."""

    frames: Frames
    scene: Scene
    truth: Truth


def samples(first: int, count: int, folder: Path) -> Iterator[Sample]:
    """Renders of so many seeds in a row; what the folder holds is not rendered again."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        file = folder / f"{seed}.npz"
        if not file.exists():
            clip = render_clip(seed, mix=MIX, frames=FRAMES, fps=FPS)
            keep(file, Sample(clip.frames, clip.scene, clip.truth))
        yield read(file)


def keep(file: Path, sample: Sample) -> None:
    part = file.with_suffix(".part.npz")
    told = json.dumps([sample.scene.to_json(), sample.truth.to_json()])
    np.savez_compressed(part, frames=sample.frames, told=np.array(told))
    part.replace(file)


def read(file: Path) -> Sample:
    with np.load(file) as stored:
        scene, truth = json.loads(str(stored["told"]))
        return Sample(stored["frames"], Scene.from_json(scene), Truth.from_json(truth))


def matched(sample: Sample, things: tuple[SeenThing, ...]) -> dict[int, SeenThing]:
    """True thing -> the seen one that is nearest to it, near enough, and of no other."""
    moments = sample.truth.moments
    pairs = []
    for number in range(len(sample.scene.things)):
        for thing in things:
            gaps = [
                np.hypot(*np.subtract(moments[s.frame].things[number].centre, (s.x, s.y)))
                for s in thing.spots
            ]
            pairs.append((float(np.median(gaps)), number, thing))
    found: dict[int, SeenThing] = {}
    for gap, number, thing in sorted(pairs, key=lambda pair: pair[0]):
        if gap <= NEAR and number not in found and all(thing is not t for t in found.values()):
            found[number] = thing
    return found


def visible(sample: Sample) -> list[int]:
    """The things that can be seen."""
    areas = [
        np.mean([moment.things[number].area for moment in sample.truth.moments])
        for number in range(len(sample.scene.things))
    ]
    return [number for number, area in enumerate(areas) if area >= VISIBLE]
