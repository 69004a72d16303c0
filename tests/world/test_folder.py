import json
from pathlib import Path

import numpy as np
import pytest

from kinora.core.errors import CancelledError
from kinora.core.progress import Progress
from kinora.world import Mix, Scene, Truth
from kinora.world.folder import Order, write_clip, write_folder
from kinora.world.sheet import contact_sheet

ORDER = Order(count=2, seed=5, frames=5, width=64, height=48, fps=8.0, mix=Mix(max_things=1))


def test_a_clip_comes_back_from_disk(tmp_path: Path) -> None:
    write_clip(ORDER, 1, tmp_path)
    clip = ORDER.draw(1)
    arrays = np.load(tmp_path / "00001.npz")
    np.testing.assert_array_equal(arrays["frames"], clip.frames)
    np.testing.assert_array_equal(arrays["ids"], clip.ids)
    told = json.loads((tmp_path / "00001.json").read_text())
    assert Scene.from_json(json.dumps(told["scene"])) == clip.scene
    assert Truth.from_json(json.dumps(told["truth"])) == clip.truth
    assert told["captions"]["sentence"] == clip.captions.sentence
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00001.json", "00001.npz"]


def test_a_folder_is_finished_where_it_stopped(tmp_path: Path) -> None:
    write_clip(ORDER, 0, tmp_path)
    before = (tmp_path / "00000.npz").stat().st_mtime_ns
    reports: list[Progress] = []
    assert write_folder(ORDER, tmp_path, on_progress=reports.append) == 1
    assert [(report.done, report.total) for report in reports] == [(2, 2)]
    assert (tmp_path / "00000.npz").stat().st_mtime_ns == before


def test_work_stops_when_the_listener_raises(tmp_path: Path) -> None:
    def stop(_: Progress) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        write_folder(ORDER, tmp_path, on_progress=stop)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_several_processes_draw_the_same_clips(tmp_path: Path) -> None:
    assert write_folder(ORDER, tmp_path, workers=2) == 2
    for index in range(2):
        frames = np.load(tmp_path / f"{index:05d}.npz")["frames"]
        np.testing.assert_array_equal(frames, ORDER.draw(index).frames)


def test_a_sheet_has_a_row_a_clip() -> None:
    sheet = contact_sheet([ORDER.draw(0), ORDER.draw(1)], columns=4)
    assert sheet.width == 4 * 64
    assert sheet.height > 2 * 48
