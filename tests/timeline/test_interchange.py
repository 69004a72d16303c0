"""Interchange: what is written is read back with the public library."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinora.core.clip import Clip
from kinora.core.errors import BadMediaError, UsageError
from kinora.media.write import save
from kinora.timeline.document import Gap, Marker, Shot, Timeline, Track, Transition
from kinora.timeline.interchange import export, read_otio, repeats

otio = pytest.importorskip("opentimelineio", reason="needs the extra: pip install kinora[export]")

ONE = Shot(id="one", seconds=1, prompt="a red ball", seed=4)
TWO = Shot(id="two", seconds=1, prompt="a blue cube", seed=5, enter="cut")
FILM = Timeline(
    name="two things",
    width=64,
    height=64,
    tracks=(Track(items=(ONE, Transition(id="bridge", seconds=0.5), TWO, Gap(seconds=0.5))),),
    markers=(Marker(at=0.5, text="look"),),
)
FRAMES = {"one": 9, "bridge": 4, "two": 9}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, count in FRAMES.items():
        found[name] = tmp_path / f"{name}.mp4"
        save(Clip(np.full((count, 64, 64, 3), 99, np.uint8), 8.0), found[name])
    return found


@pytest.mark.parametrize("suffix", ["otio", "otioz", "xml"])
def test_the_public_library_reads_it(tmp_path: Path, files: dict[str, Path], suffix: str) -> None:
    target = tmp_path / f"film.{suffix}"
    times = repeats(target, 8.0)
    frames = {name: count * times for name, count in FRAMES.items()}
    export(FILM, target, files=files, frames=frames, fps=8.0 * times)
    read = otio.adapters.read_from_file(str(target))
    timeline = read if isinstance(read, otio.schema.Timeline) else read[0]
    clips = [c for c in timeline.video_tracks()[0] if isinstance(c, otio.schema.Clip)]
    assert [clip.name for clip in clips] == ["one", "bridge", "two"]
    assert [clip.duration().to_frames() // times for clip in clips] == [9, 4, 9]
    assert clips[0].markers[0].name == "a red ball"
    assert clips[1].range_in_parent().start_time.to_frames() == 9 * times
    assert times == (3 if suffix == "xml" else 1)


def test_our_own_timeline_comes_back_as_it_was(tmp_path: Path, files: dict[str, Path]) -> None:
    export(FILM, tmp_path / "film.otio", files=files, frames=FRAMES, fps=8.0)
    assert read_otio(tmp_path / "film.otio") == FILM


def test_a_strangers_timeline_becomes_shots(tmp_path: Path) -> None:
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(48, 24)
    )
    track = otio.schema.Track(kind="Video")
    media = otio.schema.ExternalReference(target_url="file:///films/sea.mov")
    track.append(otio.schema.Clip("sea", media_reference=media, source_range=span))
    track.append(otio.schema.Clip("a red ball", source_range=span))
    timeline = otio.schema.Timeline("strange")
    timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, str(tmp_path / "x.otio"))
    sea, ball = read_otio(tmp_path / "x.otio").shots()
    assert (sea.clip, sea.seconds) == ("/films/sea.mov", 2.0)
    assert ball.prompt == "a red ball"


def test_a_strangers_cut_begins_where_its_file_was_cut(tmp_path: Path) -> None:
    def span(start: float, seconds: float) -> Any:
        begin, length = (otio.opentime.RationalTime(24 * each, 24) for each in (start, seconds))
        return otio.opentime.TimeRange(begin, length)

    track = otio.schema.Track(kind="Video")
    media = otio.schema.ExternalReference("my%20films/sea.mov", available_range=span(3600, 9))
    track.append(otio.schema.Clip("sea", media_reference=media, source_range=span(3601.5, 2)))
    timeline = otio.schema.Timeline("strange")
    timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, str(tmp_path / "x.otio"))
    (sea,) = read_otio(tmp_path / "x.otio").shots()
    assert sea.clip == str(tmp_path / "my films" / "sea.mov")
    assert (sea.start, sea.seconds) == (1.5, 2.0)


def test_our_shots_may_be_cut_copied_and_moved_elsewhere(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    plain = FILM.with_items((ONE, TWO))
    export(plain, tmp_path / "film.otio", files=files, frames=FRAMES, fps=8.0)
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.otio"))
    one, two = (clip.deepcopy() for clip in timeline.video_tracks()[0])
    times = (otio.opentime.RationalTime(each, 8) for each in (2, 4))
    cut = one.deepcopy()
    cut.source_range = otio.opentime.TimeRange(*times)
    timeline.video_tracks()[0][:] = [two, cut, one]
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    shots = tuple(read_otio(tmp_path / "cut.otio").shots())
    assert [shot.id for shot in shots] == ["two", "one", "one-2"]
    assert shots[0] == TWO
    assert shots[2] == ONE.model_copy(update={"id": "one-2"})
    assert (shots[1].start, shots[1].seconds, shots[1].prompt) == (0.25, 0.5, ONE.prompt)
    assert shots[1].clip == str(files["one"])


def test_a_bridge_that_lost_its_shot_is_told(tmp_path: Path, files: dict[str, Path]) -> None:
    target = tmp_path / "film.otio"
    export(FILM, target, files=files, frames=FRAMES, fps=8.0)
    cut = otio.adapters.read_from_file(str(target))
    del cut.video_tracks()[0][2]
    otio.adapters.write_to_file(cut, str(target))
    with pytest.raises(UsageError, match="transition bridge does not lie between two shots"):
        read_otio(target)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no timeline"):
        export(FILM, tmp_path / "film.edl", files={}, frames={}, fps=8.0)
    (tmp_path / "bad.otio").write_text("nothing")
    with pytest.raises(BadMediaError, match="cannot read"):
        read_otio(tmp_path / "bad.otio")
