from dataclasses import replace

import numpy as np

from kinora.world import Mix
from kinora.world.camera import poses
from kinora.world.render import render
from kinora.world.sample import sample_take

SIZE = {"width": 96, "height": 60}


def test_drawing_only_what_moved_equals_drawing_everything() -> None:
    for seed in range(4):
        take = sample_take(seed, mix=Mix(max_things=4, still_camera=1.0, cuts=0.0))
        cameras, _ = poses(take.scene)
        frames, ids = render(take.scene, take.motion, poses=cameras, **SIZE)
        last = replace(
            take.motion,
            positions=take.motion.positions[-1:],
            quaternions=take.motion.quaternions[-1:],
            gazes=take.motion.gazes[-1:],
            bites=tuple(replace(bite, frame=0) for bite in take.motion.bites),
        )
        alone, alone_ids = render(take.scene, last, poses=cameras[-1:], **SIZE)
        np.testing.assert_array_equal(frames[-1], alone[0])
        np.testing.assert_array_equal(ids[-1], alone_ids[0])


def test_views_show_the_same_moment_from_other_sides() -> None:
    take = sample_take(4, mix=Mix(max_things=1, still_camera=1.0, cuts=0.0))
    pictures = [
        render(take.scene, take.motion, poses=poses(take.scene, view=view)[0], **SIZE)[0]
        for view in ("front", "left", "back")
    ]
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[0] != pictures[2]).any()


def test_edges_are_smooth() -> None:
    mix = Mix(
        max_things=1, kinds=("ball",), colours=("black",), grounds=("snow",), lights=("noon",)
    )
    take = sample_take(1, mix=mix, frames=1)
    cameras, _ = poses(take.scene)
    frames, ids = render(take.scene, take.motion, poses=cameras, **SIZE)
    grey = frames[0].astype(float).mean(-1)
    inside, outside = grey[ids[0] == 2].mean(), grey[ids[0] == 1].mean()
    between = (grey > inside + 25) & (grey < outside - 60)
    assert between.sum() > 15
