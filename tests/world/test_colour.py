import numpy as np

from kinora.world.camera import pose, stand
from kinora.world.colour import colour_name
from kinora.world.motion import at_rest
from kinora.world.render import render
from kinora.world.scene import Scene, Thing
from kinora.world.vocabulary import COLOURS, FINISHES, GROUNDS, LIGHTS, PALETTE

CAMERA = stand(aspect=1.6, horizon=0.35, stage=0.68, distance=6.0, focal=1.1)


def shown(colour: str, kind: str, ground: str, light: str, finish: str) -> np.ndarray:
    """Mean colour of the thing and of the ground around it, `[2 3]` in 0..1."""
    thing = Thing(kind, colour, "medium", finish, 0.8, (0.0, 0.0, 0.8))
    scene = Scene(1, (thing,), ground, light, -2.2, CAMERA)
    frames, ids = render(scene, at_rest(scene), poses=[pose(CAMERA)], width=64, height=40)
    return np.array([frames[0][ids[0] == id_].mean(0) / 255 for id_ in (2, 1)])


def test_colours_stay_apart_under_every_light_and_on_every_ground() -> None:
    wrong = [
        (colour, kind, ground, light)
        for colour in COLOURS
        for kind in ("ball", "cube")
        for ground in GROUNDS
        for light in LIGHTS
        for finish in FINISHES
        if colour_name(shown(colour, kind, ground, light, finish)[0]) != colour
    ]
    assert wrong == []


def test_nothing_melts_into_the_ground() -> None:
    for colour, ground, light in (("black", "wood", "night"), ("white", "snow", "noon")):
        thing, earth = shown(colour, "ball", ground, light, "matte")
        assert np.abs(thing - earth).max() > 0.05, (colour, ground, light)


def test_the_palette_names_itself() -> None:
    assert [colour_name(np.array(rgb)) for rgb in PALETTE.values()] == list(PALETTE)
