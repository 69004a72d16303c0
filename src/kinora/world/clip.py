"""A seed becomes a clip. In: a seed, a mix, a size. Out: frames, ids, truth, captions."""

from dataclasses import dataclass

from kinora.core.clip import Frames
from kinora.world.camera import poses
from kinora.world.caption import Captions, caption
from kinora.world.mix import Mix
from kinora.world.render import Ids, render
from kinora.world.sample import sample_take
from kinora.world.scene import Scene
from kinora.world.truth import Truth, record


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
    truth: Truth
    captions: Captions


def render_clip(
    seed: int,
    *,
    mix: Mix | None = None,
    frames: int = 33,
    width: int = 256,
    height: int = 160,
    fps: float = 8.0,
    view: str | None = None,
) -> WorldClip:
    """Draw the clip of this seed; one frame is a still, for which nothing moves.

    With a `view` (`core.view.VIEWS`) it is seen from there throughout, whatever cuts it has.
    """
    take = sample_take(seed, mix=mix, frames=frames, fps=fps, aspect=width / height)
    scene = take.scene
    cameras, views = poses(scene, view=view)
    pixels, ids = render(scene, take.motion, poses=cameras, width=width, height=height)
    truth = record(take, ids=ids, poses=cameras, views=views)
    return WorldClip(pixels, ids, scene, truth, caption(scene, truth))
