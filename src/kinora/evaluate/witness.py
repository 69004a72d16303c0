"""A witness that is no network. In: a film's pixels and a promise. Out: which facts the colours bear out.

`generate --verify` keeps the film that the judge likes best, so the judge cannot also tell what that is
worth. This one counts pixels: it compares means of the upper and lower rows, and the colours of what stands
out from its row, with those of renders. It knows no shapes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kinora.caption.glimpse import shrink
from kinora.core.clip import Clip
from kinora.evaluate.adherence import Fact
from kinora.evaluate.promise import Promise
from kinora.world.vocabulary import COLOURS, GROUNDS, LIGHTS

Floats = NDArray[np.floating]

BAND = 0.2
"""Share of the rows at the top, and at the bottom, whose mean colour tells ground and light."""
OUT = 0.16
"""Distance from the median colour of its row from which on a pixel stands out; full scale is 1."""
SHARE = 0.15
"""Share of what stands out that must have a colour for it to be there."""
WAY = 0.05
"""Share of the picture's width that a colour's middle must go to have gone anywhere."""
ENDS = 0.2
LOOKS = 11
"""Frames of a film that are looked at, evenly spread."""
NO_WAY = "none"
OTHER = "other"


@dataclass(frozen=True, eq=False)
class Witness:
    """What renders look like on average.

    Args:
        bands: ground and light -> mean colours of sky and ground rows `[6]`.
        colours: colour and light -> mean colour of such a thing `[3]`.
    """

    bands: Mapping[tuple[str, str], Floats]
    colours: Mapping[tuple[str, str], Floats]


@cache
def learn_witness(*, seed: int = 60_000_000) -> Witness:
    """Averages over one render of every colour on every ground in every light."""
    from kinora.world import Mix, render_clip

    bands: dict[tuple[str, str], list[Floats]] = {}
    things: dict[tuple[str, str], list[Floats]] = {}
    combinations = [(g, x, c) for g in GROUNDS for x in LIGHTS for c in COLOURS]
    for number, (ground, light, colour) in enumerate(combinations):
        mix = Mix(
            max_things=1, kinds=("ball", "cube", "cylinder", "cone"), colours=(colour,),
            grounds=(ground,), lights=(light,), heldout="any",
        )  # fmt: skip
        still = render_clip(seed + number, mix=mix, frames=1, width=128, height=80)
        pixels = still.frames[0] / 255.0
        bands.setdefault((ground, light), []).append(_bands(pixels))
        things.setdefault((colour, light), []).append(pixels[still.ids[0] == 2].mean(0))
    return Witness(
        bands={key: np.mean(rows, 0) for key, rows in bands.items()},
        colours={key: np.mean(rows, 0) for key, rows in things.items()},
    )


def borne_out(witness: Witness, promise: Promise, clip: Clip) -> tuple[Fact, ...]:
    """Ground, light, colours and direction, as far as they are promised and pixels can tell them."""
    chosen = np.linspace(0, len(clip) - 1, min(LOOKS, len(clip))).round().astype(int)
    small = shrink(clip.frames[chosen]).astype(np.float32) / 255.0
    mean = np.mean([_bands(picture) for picture in small], 0)
    ground, light = min(
        witness.bands, key=lambda key: float(np.linalg.norm(witness.bands[key] - mean))
    )
    facts = []
    named = [thing.colour for thing in promise.things if thing.colour]
    masks = _colour_masks(witness, small, light)
    every = sum(mask.sum() for mask in masks.values())
    for colour in named:
        there = every and masks[colour].sum() >= SHARE * every
        facts.append(Fact("colour", colour, colour if there else OTHER))
    if promise.ground:
        facts.append(Fact("ground", promise.ground, ground))
    if promise.light:
        facts.append(Fact("light", promise.light, light))
    first = promise.things[0].colour if promise.things else ""
    if promise.direction and first:
        facts.append(Fact("direction", promise.direction, _heading(masks[first])))
    return tuple(facts)


def _bands(picture: Floats) -> Floats:
    rows = max(1, round(BAND * len(picture)))
    return np.concatenate([picture[:rows].mean((0, 1)), picture[-rows:].mean((0, 1))])


def _colour_masks(witness: Witness, frames: Floats, light: str) -> dict[str, NDArray[np.bool_]]:
    """Colour -> pixels `[t h w]` that stand out from their row and are nearest to it."""
    out = np.linalg.norm(frames - np.median(frames, axis=2, keepdims=True), axis=-1) > OUT
    means = np.stack([witness.colours[colour, light] for colour in COLOURS])
    nearest = np.full(out.shape, -1)
    apart = np.linalg.norm(frames[out][:, None] - means, axis=-1)
    nearest[out] = apart.argmin(-1)
    return {colour: nearest == number for number, colour in enumerate(COLOURS)}


def _heading(mask: NDArray[np.bool_]) -> str:
    """Where the middle of these pixels goes: left, right or none."""
    columns = np.arange(mask.shape[2]) / mask.shape[2]
    middles = [float(columns[m.any(0)] @ m.sum(0)[m.any(0)] / m.sum()) for m in mask if m.any()]
    if len(middles) < 2:
        return NO_WAY
    few = max(1, round(ENDS * len(middles)))
    shift = float(np.mean(middles[-few:]) - np.mean(middles[:few]))
    if abs(shift) < WAY:
        return NO_WAY
    return "right" if shift > 0 else "left"
