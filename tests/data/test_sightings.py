from pathlib import Path

import numpy as np

from kinora.caption.answers import OF_A_FRAME, OF_A_THING
from kinora.data.shards import shards
from kinora.data.sightings import render_sightings, sight
from kinora.world import Mix, render_clip

MIX = Mix(min_things=2, max_things=2, heldout="any")


def test_rows_say_what_the_frame_shows() -> None:
    clip = render_clip(5, mix=MIX, frames=1)
    found = sight(clip)
    assert found.frames.shape == (1, 80, 128, 3)
    for index, thing in enumerate(clip.scene.things):
        row = found.things[0, index]
        assert OF_A_THING["kind"][int(row[0])] == thing.kind
        rows, columns = np.nonzero(clip.ids[0] == index + 2)
        assert abs(row[-5] - len(rows) / clip.ids[0].size) < 1e-6
        assert abs(row[-4] - columns.mean() / 256) < 0.01
        assert abs(row[-1] - (np.ptp(rows) + 1) / 160) < 1e-6
    assert (found.things[0, 2:, 0] == -1).all()
    assert OF_A_FRAME["ground"][found.scene[0, 0]] == clip.scene.ground
    assert OF_A_FRAME["light"][found.scene[0, 1]] == clip.scene.light


def test_what_is_not_asked_of_a_kind_is_minus_one() -> None:
    mix = Mix(min_things=1, max_things=1, kinds=("cookie",), heldout="any")
    row = sight(render_clip(6, mix=mix, frames=1)).things[0, 0]
    asked = dict(zip(OF_A_THING, row, strict=False))
    assert asked["finish"] == asked["hat"] == -1
    assert OF_A_THING["colour"][int(asked["colour"])] == "brown"
    assert asked["bites"] == 0


def test_whole_shards_are_kept_and_missing_ones_rendered(tmp_path: Path) -> None:
    def render() -> None:
        render_sightings(tmp_path, first=1, count=3, mix=MIX, frames=1, per_shard=2)

    render()
    assert [len(shard) for shard in shards(tmp_path)] == [2, 1]
    kept, lost = (shard.file for shard in shards(tmp_path))
    time, pixels = kept.stat().st_mtime_ns, shards(tmp_path)[1].read("frames")
    lost.unlink()
    render()
    assert kept.stat().st_mtime_ns == time
    assert np.array_equal(shards(tmp_path)[1].read("frames"), pixels)
