"""MuJoCo moves the scene. In: a scene. Out: its motion, frame by frame, and who touched whom.

Every body's frame lies along the world's axes at the start; a thing's own turn sits in its shape.
"""

import math

import mujoco
import numpy as np

from kinora.world.acts import drives
from kinora.world.drive import GRAVITY, Body, Drive
from kinora.world.motion import FORWARD, Bite, Motion
from kinora.world.place import rest_height
from kinora.world.scene import Happening, Scene, Thing
from kinora.world.take import Touch

TICKS_A_SECOND = 80
STEPS_A_TICK = 3
GROUND = -1

FREE, UPRIGHT, WHEEL = "free", "upright", "wheel"
_JOINTS = {
    FREE: '<freejoint/>',
    UPRIGHT: '<joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 1 0"/>'
    '<joint type="slide" axis="0 0 1"/><joint type="hinge" axis="0 0 1"/>',
    WHEEL: '<joint type="slide" axis="{c} {s} 0"/><joint type="slide" axis="0 0 1"/>'
    '<joint type="hinge" axis="{n} {c} 0"/>',
}  # fmt: skip
_SOFT = "0.02 1"
# Stiffness and damping of a contact that gives back nine tenths of the speed.
_BOUNCY = "-10000 -6.5"


def simulate(scene: Scene) -> tuple[Motion, tuple[Touch, ...]]:
    """Run the scene from its start to its last frame."""
    ticks = max(1, round(TICKS_A_SECOND / scene.fps))
    model = mujoco.MjModel.from_xml_string(_xml(scene, 1.0 / (scene.fps * ticks * STEPS_A_TICK)))
    data = mujoco.MjData(model)
    bodies = [
        Body.of(model, index, joint=joint_of(scene, index)) for index in range(len(scene.things))
    ]
    acts = drives(scene, bodies)
    for act in acts:
        act.begin(data)
    mujoco.mj_forward(model, data)
    return _record(scene, model, data, acts, ticks)


def _record(
    scene: Scene, model: mujoco.MjModel, data: mujoco.MjData, acts: list[Drive], ticks: int
) -> tuple[Motion, tuple[Touch, ...]]:
    n = len(scene.things)
    positions = np.empty((scene.frames, n, 3), np.float32)
    quaternions = np.empty((scene.frames, n, 4), np.float32)
    gazes = np.tile(np.array(FORWARD, np.float32), (scene.frames, n, 1))
    own = np.array([thing.quaternion for thing in scene.things])
    touches: list[Touch] = []
    close: set[tuple[int, int]] = set()
    bites: list[Bite] = []
    for frame in range(scene.frames):
        positions[frame] = data.xpos[1 : n + 1]
        quaternions[frame] = _product(data.xquat[1 : n + 1], own)
        for act in acts:
            act.show(frame, data, gazes, bites)
        if frame == scene.frames - 1:
            break
        for _ in range(ticks):
            for act in acts:
                act.step(data, close)
            mujoco.mj_step(model, data, STEPS_A_TICK)
            now = _pairs(data)
            touches += [Touch(float(data.time), *pair) for pair in sorted(now - close)]
            close = now
    # A tenth of a millimetre is nothing to see, and what rests then rests to the last bit.
    motion = Motion(positions.round(4), quaternions.round(5), gazes.round(4), tuple(bites))
    return motion, tuple(touches)


def _pairs(data: mujoco.MjData) -> set[tuple[int, int]]:
    """Who touches whom right now; geom 0 is the ground and every thing has one geom."""
    return {(min(a, b) - 1, max(a, b) - 1) for a, b in data.contact.geom.tolist()}


def joint_of(scene: Scene, index: int) -> str:
    """How free a thing is: what acts on purpose stays upright, so that nothing falls by accident."""
    thing = scene.things[index]
    acts = [h for h in scene.happenings if h.actor == index]
    names = {h.name for h in acts}
    if names & {"rolls", "bumps into", "passes behind"} and thing.kind in ("ring", "cookie"):
        return WHEEL
    if names & {"rolls", "topples", "bumps into"}:
        return FREE
    if thing.kind == "ball" and not names & {"bounces", "jumps", "circles"}:
        return FREE
    struck = any(h.target == index for h in scene.happenings if h.name == "bumps into")
    if struck or any(h.name == "topples" for h in scene.happenings):
        return FREE
    return UPRIGHT


def _xml(scene: Scene, timestep: float) -> str:
    bodies = "".join(_body(scene, index) for index in range(len(scene.things)))
    meshes = "".join(
        f'<mesh name="m{i}" vertex="{_cone_points(thing.scale)}"/>'
        for i, thing in enumerate(scene.things)
        if thing.kind == "cone"
    )
    # The mouth, not the belly, meets a cookie that is being eaten.
    apart = "".join(
        f'<exclude body1="b{h.actor}" body2="b{h.target}"/>'
        for h in scene.happenings
        if h.name == "eats"
    )
    return (
        f'<mujoco><option timestep="{timestep:.9f}" gravity="0 0 -{GRAVITY}"'
        ' cone="elliptic" impratio="5"/>'
        f"<asset>{meshes}</asset><worldbody>"
        f'<geom type="plane" size="0 0 1" friction="1 0 0"/>{bodies}</worldbody>'
        f"<contact>{apart}</contact></mujoco>"
    )


def _body(scene: Scene, index: int) -> str:
    thing = scene.things[index]
    acts = [h for h in scene.happenings if h.actor == index]
    joint = joint_of(scene, index)
    w, _, _, z = thing.quaternion
    yaw = 2.0 * math.atan2(z, w)
    joints = _JOINTS[joint].format(c=math.cos(yaw), s=math.sin(yaw), n=-math.sin(yaw))
    x, y, height = thing.position
    quat = " ".join(map(repr, thing.quaternion))
    bouncy = any(h.name == "bounces" for h in acts)
    sliding, rolling = _friction(scene, index, acts)
    return (
        f'<body name="b{index}" pos="{x} {y} {height}">{joints}'
        f'<geom {_shape(thing, index, bouncy=bouncy)} quat="{quat}" density="{_density(scene, index)}"'
        f' condim="{6 if rolling else 3}" friction="{sliding} 0.005 {rolling}"'
        f' priority="{1 + bouncy}" solref="{_BOUNCY if bouncy else _SOFT}"'
        ' solimp="0.95 0.99 0.001"/></body>'
    )


def _friction(scene: Scene, index: int, acts: list[Happening]) -> tuple[float, float]:
    """Sliding and rolling friction: little where a motion must not stop, more where it must."""
    gliding = {"slides", "spins", "circles", "bounces", "pushes", "passes behind", "hops", "eats"}
    if any(h.name in gliding for h in acts) and scene.things[index].kind != "ball":
        return 0.0, 0.0
    round_side = scene.things[index].kind == "ball"
    if any(h.name == "bumps into" for h in acts):
        return (0.8, 0.02) if round_side else (0.02, 0.0)
    if any(h.name == "bumps into" and h.target == index for h in scene.happenings):
        return (0.8, 0.05) if round_side else (0.12, 0.0)
    return 0.7, 0.25 if any(h.name == "topples" for h in acts) else 0.0


def _density(scene: Scene, index: int) -> float:
    """A ball that has to knock over a stack is heavy."""
    heavy = any(h.name == "topples" and h.actor == index for h in scene.happenings)
    return 900.0 if heavy else 300.0


def _shape(thing: Thing, index: int, *, bouncy: bool) -> str:
    s = thing.scale
    if bouncy and thing.kind not in ("ball", "momo"):
        # It bounces on one point, as a ball does; a flat side would swallow the bounce.
        return f'type="sphere" size="{0.3 * s}" pos="0 0 {0.3 * s - rest_height(thing)}"'
    match thing.kind:
        case "cube":
            return f'type="box" size="{0.85 * s} {0.85 * s} {0.85 * s}"'
        case "cylinder":
            return f'type="cylinder" size="{0.72 * s} {s}"'
        case "cone":
            return f'type="mesh" mesh="m{index}"'
        case "capsule":
            return f'type="capsule" size="{0.5 * s} {0.5 * s}"'
        case "ring" | "cookie":
            flat = (0.26 if thing.kind == "ring" else 0.2) * s
            return f'type="cylinder" fromto="0 {-flat} 0 0 {flat} 0" size="{s}"'
        case _:
            return f'type="sphere" size="{s}"'


def _cone_points(scale: float) -> str:
    rim = [(0.88 * math.cos(a), 0.88 * math.sin(a), -1.0) for a in np.arange(16) * math.pi / 8]
    return " ".join(f"{scale * c:.6f}" for point in [*rim, (0.0, 0.0, 0.98)] for c in point)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quaternion products `[n 4]`, `w x y z`: first turn by `b`, then by `a`."""
    w, x, y, z = np.moveaxis(a, -1, 0)
    p, q, r, s = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            w * p - x * q - y * r - z * s,
            w * q + x * p + y * s - z * r,
            w * r - x * s + y * p + z * q,
            w * s + x * r - y * q + z * p,
        ],
        axis=-1,
    )
