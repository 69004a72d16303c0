"""Which drive carries which happening. In: a scene and its bodies. Out: the drives, in order."""

from collections.abc import Mapping, Sequence

from kinora.world.drive import Body, Circle, Drive, Fall, Glide, Jump, Roll, Spin, Throw
from kinora.world.momo import Eat, Look
from kinora.world.scene import Happening, Scene


def drives(scene: Scene, bodies: Sequence[Body]) -> list[Drive]:
    """One drive for every happening; what stands still needs none."""
    return [
        kind(happening, scene, bodies[happening.actor])
        for happening in scene.happenings
        if (kind := _kind(happening, scene.things[happening.actor].kind)) is not None
    ]


_KINDS: Mapping[str, type[Drive]] = {
    "rolls": Roll,
    "topples": Roll,
    "bumps into": Roll,
    "passes behind": Roll,
    "slides": Throw,
    "bounces": Throw,
    "pushes": Glide,
    "falls": Fall,
    "stacks": Fall,
    "spins": Spin,
    "turns": Spin,
    "jumps": Jump,
    "hops": Jump,
    "circles": Circle,
    "looks": Look,
    "eats": Eat,
}


def _kind(happening: Happening, kind: str) -> type[Drive] | None:
    """Things without a round side glide where others roll."""
    if happening.name == "bumps into" and kind == "cube":
        return Throw
    if happening.name == "passes behind" and kind not in ("ball", "ring", "cookie"):
        return Glide
    return _KINDS.get(happening.name)
