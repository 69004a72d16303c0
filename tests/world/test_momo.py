from itertools import pairwise

import numpy as np

from kinora.world import Mix, WorldClip, render_clip

EATS = Mix(happenings=("eats",), still_camera=1.0, cuts=0.0)


def meal(seed: int) -> WorldClip:
    return render_clip(seed, mix=EATS, width=192, height=120)


def test_a_bite_is_gone_for_good() -> None:
    for seed in range(3):
        clip = meal(seed)
        bites = [moment.things[1].bites for moment in clip.truth.moments]
        assert bites[0] == 0
        assert bites[-1] >= 2
        assert all(after >= before for before, after in pairwise(bites))
        # Where Momo does not stand before it, less cookie is left after every bite.
        free = [clip.truth.moments[t].things[1].area for t in range(33) if _away(clip, t)]
        counts = [bites[t] for t in range(33) if _away(clip, t)]
        best = [
            max(a for a, c in zip(free, counts, strict=True) if c == n) for n in sorted({*counts})
        ]
        assert all(after < before for before, after in pairwise(best))


def _away(clip: WorldClip, frame: int) -> bool:
    """Whether Momo is about where it stands between two bites."""
    start = clip.truth.moments[0].things[0].position[0]
    return abs(clip.truth.moments[frame].things[0].position[0] - start) < 0.12


def test_a_bite_shows_from_its_frame_on() -> None:
    clip = meal(1)
    bite = next(event for event in clip.truth.events if event.name == "bites")
    assert bite.first > 0
    assert clip.truth.moments[bite.first - 1].things[1].bites == 0
    assert clip.truth.moments[bite.first].things[1].bites == 1


def test_bites_are_taken_on_the_side_where_momo_is() -> None:
    for seed in range(3):
        clip = meal(seed)
        heading = clip.scene.happenings[0].heading
        ids = clip.ids
        columns = np.nonzero((ids[0] == 3).any(axis=0))[0]
        middle = int(columns.mean())
        first, last = ids[0] == 3, ids[-1] == 3
        near = slice(None, middle) if heading > 0 else slice(middle, None)
        far = slice(middle, None) if heading > 0 else slice(None, middle)
        lost_near = first[:, near].sum() - last[:, near].sum()
        lost_far = first[:, far].sum() - last[:, far].sum()
        assert lost_near > lost_far


def test_eyes_turn_to_what_is_looked_at() -> None:
    mix = Mix(happenings=("looks",), min_things=2, still_camera=1.0, cuts=0.0)
    clip = render_clip(4, mix=mix, width=96, height=60)
    assert clip.scene.happenings[0].target == 1
    difference = np.abs(clip.frames[0].astype(int) - clip.frames[-1].astype(int)).max(axis=-1)
    changed = difference > 60
    assert changed.sum() > 4
    assert set(np.unique(clip.ids[-1][changed])) == {2}
