"""What happens. In: a stage and the name of a happening. Out: things in place and what they do.

What travels crosses most of the picture within the clip, and is in its middle half-way through.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from kinora.world import place
from kinora.world.cast import MisfitError, Stage, at, cast, pick, row_behind, side_by_side
from kinora.world.drive import GRAVITY
from kinora.world.scene import Happening, Thing
from kinora.world.vocabulary import HAPPENINGS, KINDS, TARGETS

Plot = tuple[tuple[Thing, ...], tuple[Happening, ...]]


def still(stage: Stage) -> Plot:
    """Things that stand, lie or hang side by side; for pictures of one frame."""
    things: list[Thing] = []
    for _ in range(stage.count):
        y = float(stage.rng.uniform(-0.4, 0.4))
        things.append(cast(stage, kinds=KINDS, besides=things, y=y))
    return tuple(_lifted(stage, thing) for thing in side_by_side(stage, things)), ()


def _lifted(stage: Stage, thing: Thing) -> Thing:
    """Now and then a thing hangs in the air, if there is room above it."""
    x, y, low = thing.position
    top = stage.ceiling(y) - place.reach(thing)[1]
    if thing.stance != "stands" or stage.rng.random() > 0.15 or top < low + 0.45:
        return thing
    return replace(thing, position=(x, y, float(stage.rng.uniform(low + 0.4, top))), stance="hangs")


def play(stage: Stage, name: str) -> Plot:
    """The plot of a happening."""
    if name == "bounces":
        return _across(stage, name) if stage.rng.random() < 0.6 else _in_place(stage, name)
    if name in ("rolls", "slides"):
        return _across(stage, name)
    if name in ("bumps into", "pushes"):
        return _meets(stage, name)
    plot = _PLOTS.get(name)
    return plot(stage) if plot else _in_place(stage, name)


def _in_place(stage: Stage, name: str) -> Plot:
    """Something acts where it is; others watch."""
    lies = {"spins": True, "stands still": None}.get(name, False)
    actor = cast(stage, kinds=HAPPENINGS[name], lies=lies)
    things = [actor]
    for _ in range(stage.count - 1):
        things.append(cast(stage, kinds=KINDS, besides=things))
    actor, *others = side_by_side(stage, things)
    act = Happening(name, 0)
    room = stage.ceiling() - place.reach(actor)[1] - actor.position[2]
    rng = stage.rng
    if name in ("spins", "turns"):
        fast = rng.uniform(2.2, 4.0) if name == "spins" else rng.uniform(1.0, 1.8)
        act = replace(act, speed=float(fast), heading=int(rng.choice((-1, 1))))
    elif name == "jumps":
        height = _height(stage, room)
        act = replace(act, height=height, beats=_beats(stage, _airtime(height) + 0.35))
    elif name == "bounces":
        actor = at(actor, x=actor.position[0], z=actor.position[2] + _height(stage, room))
    return (actor, *others), (act,)


def _height(stage: Stage, room: float) -> float:
    """How high something rises so that it stays in the picture."""
    if room < 0.45:
        raise MisfitError
    return float(stage.rng.uniform(max(0.45, 0.6 * min(room, 1.6)), min(room, 1.6)))


def _airtime(height: float) -> float:
    return 2.0 * math.sqrt(2.0 * height / GRAVITY)


def _beats(stage: Stage, period: float) -> tuple[float, ...]:
    """Times that fill the clip, the first one soon."""
    first = float(stage.rng.uniform(0.1, 0.4)) * min(1.0, stage.seconds / 2.0)
    count = max(1, int((stage.seconds - first) / period))
    return tuple(first + period * k for k in range(count))


def _travel(stage: Stage, actor: Thing, *, share: tuple[float, float]) -> tuple[int, float, float]:
    """Heading, start in x and speed of a thing that crosses this share of the free width."""
    room = stage.half(actor.position[1]) - place.reach(actor)[0]
    heading = int(stage.rng.choice((-1, 1)))
    length = 2.0 * room * float(stage.rng.uniform(*share))
    if length < 0.9:
        raise MisfitError
    slack = room - length / 2
    middle = float(stage.rng.uniform(-slack, slack))
    return heading, middle - heading * length / 2, length / max(stage.seconds, 2.0)


def _across(stage: Stage, name: str) -> Plot:
    """Rolls, slides or bounces from one side to the other, past whoever stands behind."""
    actor = cast(stage, kinds=HAPPENINGS[name], lies=name == "rolls" or None, y=-0.3)
    actor = _rolling(stage, actor) if name == "rolls" else actor
    heading, x, speed = _travel(stage, actor, share=(0.75, 1.0))
    z = actor.position[2]
    if name == "bounces":
        z += _height(stage, stage.ceiling(-0.3) - place.reach(actor)[1] - z)
    others = row_behind(stage, actor, first=1.4 * actor.scale)
    act = Happening(name, 0, heading=heading, speed=speed)
    return (at(actor, x=x, z=z), *others), (act,)


def _rolling(stage: Stage, actor: Thing) -> Thing:
    """Turned so that it rolls across the picture and not towards the camera."""
    if actor.kind in ("ring", "cookie"):
        yaw = float(stage.rng.uniform(-0.15, 0.15))
        upright = replace(actor, quaternion=place.quaternion(yaw=yaw), stance="stands")
        return at(upright, x=0.0)
    if actor.kind in ("cylinder", "capsule"):
        side = float(stage.rng.choice((-1.0, 1.0)))
        yaw = math.pi / 2 + side * float(stage.rng.uniform(0.2, 0.4))
        return replace(actor, quaternion=place.quaternion(yaw=yaw, lying=True))
    return actor


def _hops(stage: Stage) -> Plot:
    """Momo hops from one side to the other."""
    actor = cast(stage, kinds=HAPPENINGS["hops"], y=-0.3)
    heading, x, _ = _travel(stage, actor, share=(0.7, 1.0))
    height = float(stage.rng.uniform(0.25, 0.55))
    aloft = _airtime(height)
    beats = _beats(stage, aloft + 0.12)
    speed = abs(2.0 * x) / max(1.0, len(beats) * aloft) if len(beats) > 1 else 1.0
    speed = min(speed, (abs(x) + stage.half(-0.3) - place.reach(actor)[0]) / (len(beats) * aloft))
    yaw = heading * float(stage.rng.uniform(0.7, 1.1))
    actor = replace(actor, quaternion=place.quaternion(yaw=yaw))
    others = row_behind(stage, actor, first=1.4 * actor.scale)
    act = Happening("hops", 0, heading=heading, speed=speed, height=height, beats=beats)
    return (at(actor, x=x), *others), (act,)


def _falls(stage: Stage) -> Plot:
    """Comes down from above the picture."""
    actor = cast(stage, kinds=HAPPENINGS["falls"])
    things = [actor]
    for _ in range(stage.count - 1):
        things.append(cast(stage, kinds=KINDS, besides=things))
    actor, *others = side_by_side(stage, things)
    short = stage.seconds < 2.0
    z = stage.ceiling() + actor.scale * float(stage.rng.uniform(-0.6, 0.0 if short else 1.2))
    start = 0.0 if short else float(stage.rng.uniform(0.0, 0.25 * stage.seconds))
    return (at(actor, x=actor.position[0], z=z), *others), (Happening("falls", 0, start=start),)


def _circles(stage: Stage) -> Plot:
    """Runs a circle, around another thing if there is one."""
    small = ("small", "medium")
    actor = cast(stage, kinds=HAPPENINGS["circles"], sizes=small)
    others: list[Thing] = []
    if stage.count > 1:
        others = [cast(stage, kinds=KINDS, sizes=small, besides=[actor], y=0.2)]
    inner = others[0].scale * 1.3 if others else 0.0
    radius = max(0.9, inner + actor.scale * 1.25 + 0.1)
    if radius > stage.half() - place.reach(actor)[0]:
        raise MisfitError
    turns = max(1.0, stage.seconds / 4.0) * float(stage.rng.uniform(0.9, 1.3))
    speed = 2.0 * math.pi * radius * turns / max(stage.seconds, 2.0)
    act = Happening(
        "circles",
        0,
        target=1 if others else None,
        heading=int(stage.rng.choice((-1, 1))),
        speed=speed,
        radius=radius,
    )
    return (at(actor, x=0.0, y=0.2 - radius), *others), (act,)


def _meets(stage: Stage, name: str) -> Plot:
    """One thing runs into another, or pushes it along."""
    actor = cast(stage, kinds=HAPPENINGS[name], lies=False)
    target = cast(stage, kinds=TARGETS[name], besides=[actor], lies=False)
    if name == "pushes" and actor.scale < 0.8 * target.scale:
        raise MisfitError
    heading = int(stage.rng.choice((-1, 1)))
    a, b = place.reach(actor)[0], place.reach(target)[0]
    half = stage.half()
    gap = 2.0 * half - 2.0 * a - 2.0 * b
    if gap < 1.6:
        raise MisfitError
    run = gap * float(stage.rng.uniform(0.5, 0.62))
    x = -heading * (half - a)
    spot = x + heading * (a + run + b)
    if name == "pushes":
        speed = gap / (0.85 * max(stage.seconds, 2.0))
    else:
        # It loses a little on the way and still arrives with a bump.
        hit = max(1.4, run / (0.45 * max(stage.seconds, 2.0)))
        speed = math.sqrt(hit * hit + 0.4 * run)
    act = Happening(name, 0, target=1, heading=heading, speed=speed)
    return (at(actor, x=x), at(target, x=spot)), (act,)


def _passes(stage: Stage) -> Plot:
    """A small thing goes behind a large one and comes out on the other side."""
    front = cast(stage, kinds=TARGETS["passes behind"], sizes=("medium", "large"), y=-0.6)
    size = "small" if front.size == "medium" else pick(stage.rng, ("small", "medium"))
    depth = -0.6 + 1.3 * front.scale + 1.0
    kinds = HAPPENINGS["passes behind"]
    actor = cast(stage, kinds=kinds, sizes=(size,), besides=[front], lies=False, y=depth)
    a, b = place.reach(actor)[0], place.reach(front)[0]
    room = stage.half(depth) - a
    if room < a + b * 1.25 + 0.15:
        raise MisfitError
    heading = int(stage.rng.choice((-1, 1)))
    slack = 0.3 * (room - a - 1.25 * b)
    front = at(front, x=float(stage.rng.uniform(-slack, slack)))
    speed = 2.0 * room / max(stage.seconds, 2.0)
    act = Happening("passes behind", 0, target=1, heading=heading, speed=speed)
    return (at(_rolling(stage, actor), x=-heading * room), front), (act,)


def _stacks(stage: Stage) -> Plot:
    """One block comes down on another and stays there."""
    under = cast(stage, kinds=TARGETS["stacks"], sizes=("small", "medium"), lies=False)
    above = cast(stage, kinds=HAPPENINGS["stacks"], sizes=("small",), besides=[under], lies=False)
    room = stage.half() - place.reach(under)[0]
    x = float(stage.rng.uniform(-room, room))
    top = under.position[2] + place.reach(under)[1]
    if top + 2.0 * above.position[2] > stage.ceiling():
        raise MisfitError
    z = max(stage.ceiling(), top + 2.2 * above.position[2]) + above.scale
    start = float(stage.rng.uniform(0.0, 0.25 * stage.seconds))
    offset = 0.15 * above.scale * float(stage.rng.uniform(-1.0, 1.0))
    act = Happening("stacks", 0, target=1, start=start)
    return (at(above, x=x + offset, z=z), at(under, x=x)), (act,)


def _topples(stage: Stage) -> Plot:
    """A ball knocks over a stack of blocks."""
    ball = cast(stage, kinds=HAPPENINGS["topples"], sizes=("medium", "large"))
    blocks: list[Thing] = []
    for _ in range(stage.count - 1):
        kinds, taken = TARGETS["topples"], [ball, *blocks]
        block = cast(stage, kinds=kinds, sizes=("small",), besides=taken, lies=False)
        blocks.append(at(replace(block, quaternion=place.quaternion(yaw=0.0)), x=0.0))
    heading = int(stage.rng.choice((-1, 1)))
    spot = -heading * 0.2 * stage.half()
    height = 0.0
    for index, block in enumerate(blocks):
        half = block.position[2]
        blocks[index] = at(block, x=spot, z=height + half + 0.001 * index)
        height += 2.0 * half
    start = -heading * (stage.half() - place.reach(ball)[0])
    if height > stage.ceiling() or abs(spot - start) < 2.2 * ball.scale:
        raise MisfitError
    # The ground brakes the ball hard, so that it topples the stack and stays in the picture.
    speed = math.sqrt(2.9 * 2.9 + 3.6 * abs(spot - start) / ball.scale)
    act = Happening("topples", 0, target=len(blocks), heading=heading, speed=speed)
    return (at(ball, x=start), *blocks), (act,)


def _looks(stage: Stage) -> Plot:
    """Momo looks at what is there, or from side to side."""
    things, (act,) = _in_place(stage, "looks")
    start = float(stage.rng.uniform(0.2, 0.35)) * stage.seconds
    target = 1 if len(things) > 1 else None
    return things, (replace(act, target=target, start=start),)


def _eats(stage: Stage) -> Plot:
    """Momo takes bite after bite of a cookie that stands before it."""
    momo = cast(stage, kinds=HAPPENINGS["eats"], sizes=("medium", "large"))
    cookie = cast(stage, kinds=TARGETS["eats"], besides=[momo], lies=False)
    if not 0.55 < cookie.scale / momo.scale < 1.05:
        raise MisfitError
    heading = int(stage.rng.choice((-1, 1)))
    yaw = heading * float(stage.rng.uniform(0.95, 1.2))
    momo = replace(momo, quaternion=place.quaternion(yaw=yaw))
    cookie = replace(cookie, quaternion=place.quaternion(yaw=0.0))
    gap = 0.75 * momo.scale + cookie.scale + 0.35
    wide = (place.reach(momo)[0] + gap + cookie.scale) / 2.0
    room = stage.half() - wide
    if room < 0:
        raise MisfitError
    left = float(stage.rng.uniform(-room, room)) - wide
    x = left + place.reach(momo)[0] if heading > 0 else left + 2.0 * wide - place.reach(momo)[0]
    # The mouth lies in the cookie's plane.
    deep = 0.8 * momo.scale * math.cos(yaw)
    act = Happening("eats", 0, target=1, heading=heading, speed=2.2, beats=_beats(stage, 0.8))
    return (at(momo, x=x, y=deep), at(cookie, x=x + heading * gap)), (act,)


_PLOTS: Mapping[str, Callable[[Stage], Plot]] = {
    "hops": _hops,
    "falls": _falls,
    "circles": _circles,
    "passes behind": _passes,
    "stacks": _stacks,
    "topples": _topples,
    "looks": _looks,
    "eats": _eats,
}
