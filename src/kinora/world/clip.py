"""A seed becomes a clip with its truth. In: a seed, a mix, a size. Out: frames, ids, scene, captions."""

from dataclasses import dataclass

from kinora.core.clip import Frames
from kinora.world.camera import pose
from kinora.world.caption import Captions, caption
from kinora.world.mix import Mix
from kinora.world.motion import at_rest
from kinora.world.render import Ids, render
from kinora.world.sample import sample_scene
from kinora.world.scene import Scene


@dataclass(frozen=True, eq=False)
class WorldClip:
    """What the world shows and knows of one seed.

    Args:
        frames: `[t h w 3]` uint8, sRGB.
        ids: `[t h w]` uint8: 0 sky, 1 ground, 2 and up the things in order.
    """

    frames: Frames
    ids: Ids
    scene: Scene
    captions: Captions


def render_clip(
    seed: int,
    *,
    mix: Mix | None = None,
    frames: int = 33,
    width: int = 256,
    height: int = 160,
    fps: float = 8.0,
) -> WorldClip:
    """Draw the clip of this seed; one frame is a still, for which nothing moves."""
    scene = sample_scene(seed, mix=mix, frames=frames, fps=fps, aspect=width / height)
    motion = at_rest(scene)
    poses = [pose(scene.camera)] * frames
    pixels, ids = render(scene, motion, poses=poses, width=width, height=height)
    return WorldClip(frames=pixels, ids=ids, scene=scene, captions=caption(scene))
