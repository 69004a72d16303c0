"""How a scene is filmed. In: a generator and a mix. Out: the camera's move and the cuts."""

from dataclasses import replace

from kinora.world.camera import MOVES
from kinora.world.cast import Rng, pick
from kinora.world.mix import Mix
from kinora.world.scene import Camera, Cut

REACH = {
    "pan left": (0.20, 0.34),
    "pan right": (-0.34, -0.20),
    "orbit left": (-1.1, -0.6),
    "orbit right": (0.6, 1.1),
    "dolly in": (0.35, 0.5),
    "dolly out": (-0.5, -0.35),
    "rise": (0.3, 0.5),
}
"""Radians, or shares of the distance to the stage, for each move."""


def film(rng: Rng, camera: Camera, *, mix: Mix, frames: int) -> tuple[Camera, tuple[Cut, ...]]:
    """The camera with a move, or cuts between views of a camera that does not move."""
    still, cut = rng.random() < mix.still_camera, rng.random() < mix.cuts
    if frames < 5:
        return camera, ()
    if cut and frames >= 13:
        view = pick(rng, ("left", "right", "back", "above"))
        return camera, (Cut(frame=int(rng.integers(frames // 3, 2 * frames // 3)), view=view),)
    if still:
        return camera, ()
    move = pick(rng, MOVES[1:])
    low, high = REACH[move]
    # Short clips get the beginning of a move, at the same pace.
    share = min(1.0, (frames - 1) / 24)
    return replace(camera, move=move, amount=float(rng.uniform(low, high)) * share), ()
