"""Seams as the sidecar tells them: where given frames meet dreamt ones, of every edit and of flowing shots."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.generate import Film
from kinora.media.sidecar import read_sidecar
from kinora.models.bundle import Bundle
from kinora.timeline.animate import Animate
from kinora.timeline.blend import Blend
from kinora.timeline.deliver import deliver, sidecar_of
from kinora.timeline.document import Item, Shot, Timeline, Track, Transition
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.fulfil import fulfil, seams_of
from kinora.timeline.loop import Loop
from kinora.timeline.order import Order
from kinora.timeline.outpaint import Outpaint
from kinora.timeline.perform import laid_out
from kinora.timeline.project import Project
from kinora.timeline.recut import Recut
from kinora.timeline.region import Change
from kinora.timeline.remix import Remix
from kinora.timeline.retake import Retake
from kinora.timeline.seam import jump, jumps
from kinora.timeline.studio import make_film

FPS = 8.0


@pytest.mark.parametrize(
    ("edit", "frames"),
    [
        (Extend(seconds=1), [25]),
        (Extend(seconds=1, backward=True), [8]),
        (Loop(bridge="short"), [25, 32]),
        (Retake(start=1.0, stop=1.5), [5, 13]),
        (Retake(start=2.0, stop=None), [13]),
        (Change(box=(16, 16, 32, 32), prompt="a cube", start=1.0, stop=1.5), [5, 13]),
        (Recut(start=0.0, stop=2.0), []),
        (Recut(start=0.0, stop=2.0, seconds=3.0), [17]),
        (Remix(prompt="a cube"), []),
        (Outpaint(height=64, width=96), []),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Edit) else "",
)
def test_each_edit_tells_where_given_frames_meet_dreamt_ones(
    model: Bundle, film: Film, edit: Edit, frames: Sequence[int]
) -> None:
    bench = laid_out(model, edit, [film])
    (made,) = bench.make(edit)
    found = seams_of(bench, edit, made)
    assert [round(seam.at * FPS) for seam in found] == list(frames)
    shown = made.clip.frames
    own = np.percentile(jumps(film.clip.frames), 95)
    for seam, at in zip(found, frames, strict=True):
        assert seam.step == pytest.approx(jump(shown[at - 1], shown[at % len(shown)]), abs=1e-3)
        assert seam.usual == pytest.approx(own, abs=1e-3)


def test_both_ends_of_a_bridge(model: Bundle, film: Film, other: Film) -> None:
    edit = Blend(seconds=1)
    bench = laid_out(model, edit, [film, other])
    (made,) = bench.make(edit)
    first, second = seams_of(bench, edit, made)
    assert round(first.at * FPS) == 25
    assert round(second.at * FPS) == len(made.clip) - 17
    assert np.array_equal(made.clip.frames[-17:], other.clip.frames)


def test_what_begins_with_pictures_or_a_still_has_no_steps_to_compare(
    model: Bundle, still: Film
) -> None:
    edit = Animate(seconds=1, prompt="a ball")
    bench = laid_out(model, edit, [still.clip])
    (made,) = bench.make(edit)
    assert seams_of(bench, edit, made) == ()
    onward = Extend(seconds=1)
    bench = laid_out(model, onward, [still])
    (made,) = bench.make(onward)
    assert seams_of(bench, onward, made) == ()


def test_a_seam_that_jumps_is_told_as_one(model: Bundle, film: Film) -> None:
    edit = Extend(seconds=1)
    bench = laid_out(model, edit, [film])
    (made,) = bench.make(edit)
    (calm,) = seams_of(bench, edit, made)
    assert calm.step <= calm.usual + 0.01
    torn = made.clip.frames.copy()
    torn[25:] = 0
    spoilt = Film(Clip(torn, FPS), made.latents, made.request)
    (seam,) = seams_of(bench, edit, spoilt)
    assert seam.step > seam.usual


def test_the_sidecar_keeps_it(model: Bundle, film: Film, tmp_path: Path) -> None:
    file, target = tmp_path / "film.mp4", tmp_path / "longer.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), file)
    (done,) = fulfil(model, Order("extend", Extend(seconds=8), (file,)), target)
    told = read_sidecar(target).measured
    assert told == done.measured
    assert [seam.at for seam in told.seams] == [25 / FPS]
    assert told.drift is not None, "one prompt, eleven seconds"
    assert read_sidecar(file).measured.drift is None, "three seconds"
    seam, drift = told.lines()
    assert seam.startswith("the seam at 3.125 s is a step of ")
    assert drift.startswith("from the first 15 % to the last, colours moved by ")


def test_flowing_shots_and_bridges_have_seams_and_cuts_none(model: Bundle, tmp_path: Path) -> None:
    items: list[Item] = [
        Shot(id="one", seconds=1, prompt="a red ball"),
        Shot(id="two", seconds=1, prompt="a red ball", enter="flow"),
        Shot(id="three", seconds=1, prompt="a blue cube"),
        Transition(id="bridge", seconds=1),
        Shot(id="four", seconds=1, prompt="a cone"),
    ]
    timeline = Timeline(height=64, width=64, tracks=(Track(items=tuple(items)),))
    made = make_film(timeline, Project(tmp_path), tmp_path / "film.mp4", model=model)
    ends = np.cumsum([*made.frames.values()])
    assert [round(seam.at * FPS) for seam in made.measured.seams] == [ends[0], ends[2], ends[3]]
    assert made.measured.drift is None
