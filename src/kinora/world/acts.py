"""Which drive carries which happening. In: a scene and its bodies. Out: the drives, in order."""

from collections.abc import Sequence

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


def _kind(happening: Happening, kind: str) -> type[Drive] | None:
    """Things without a round side glide where others roll; who has feet hops."""
    round_side = kind in ("ball", "ring", "cookie", "cylinder", "capsule")
    match happening.name:
        case "rolls" | "topples":
            return Roll
        case "bumps into":
            return Roll if round_side and kind != "cylinder" else Throw
        case "passes behind":
            return Roll if kind in ("ball", "ring", "cookie") else Glide
        case "slides" | "bounces":
            return Throw
        case "pushes":
            return Glide
        case "falls" | "stacks":
            return Fall
        case "spins" | "turns":
            return Spin
        case "jumps" | "hops":
            return Jump
        case "circles":
            return Circle
        case "looks":
            return Look
        case "eats":
            return Eat
        case _:
            return None
