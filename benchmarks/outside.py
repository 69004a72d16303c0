"""Pictures of no world. In: a kind and a generator. Out: small frames `[h w 3]` that no judge should read.

Nothing was learnt from any of these kinds; what comes nearest to photographs is made by rule: leaves that
lie on each other, and clouds whose spectrum falls as that of photographs does.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kinora.core.clip import Frames

HEIGHT, WIDTH = 80, 128
Floats = NDArray[np.float64]
Rng = np.random.Generator
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)


def _colour(rng: Rng) -> Floats:
    return rng.uniform(0, 255, 3)


def _noise(rng: Rng) -> Floats:
    return rng.uniform(0, 255, (HEIGHT, WIDTH, 3))


def _grey_noise(rng: Rng) -> Floats:
    return np.repeat(rng.uniform(0, 255, (HEIGHT, WIDTH, 1)), 3, axis=2)


def _flat(rng: Rng) -> Floats:
    return np.ones((HEIGHT, WIDTH, 3)) * _colour(rng)


def _gradient(rng: Rng) -> Floats:
    turn = rng.uniform(0, 2 * np.pi)
    way = np.cos(turn) * COLUMNS / WIDTH + np.sin(turn) * ROWS / HEIGHT
    share = ((way - way.min()) / np.ptp(way))[..., None]
    return _colour(rng) * (1 - share) + _colour(rng) * share


def _text(rng: Rng) -> Floats:
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen, letters = ImageDraw.Draw(page), list("abcdefghijklmnopqrstuvwxyz    ")
    for row in range(3, HEIGHT, 12):
        pen.text((3, row), "".join(rng.choice(letters, 22)), fill="black")
    return np.asarray(page, np.float64)


def _stripes(rng: Rng) -> Floats:
    turn, wide = rng.uniform(0, np.pi), rng.integers(3, 14)
    band = (COLUMNS * np.cos(turn) + ROWS * np.sin(turn)) // wide % 2 > 0
    return np.where(band[..., None], _colour(rng), _colour(rng))


def _squares(rng: Rng) -> Floats:
    side = rng.integers(4, 16)
    even = (COLUMNS // side + ROWS // side) % 2 > 0
    return np.where(even[..., None], _colour(rng), _colour(rng))


def _leaves(rng: Rng) -> Floats:
    picture = np.zeros((HEIGHT, WIDTH, 3))
    for _ in range(300):
        radius = 2 + 3 * rng.pareto(1.5)
        apart = (COLUMNS - rng.uniform(0, WIDTH)) ** 2 + (ROWS - rng.uniform(0, HEIGHT)) ** 2
        picture[apart < radius**2] = rng.normal(110, 50) + rng.normal(0, 30, 3)
    return picture


def _clouds(rng: Rng) -> Floats:
    pace = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.fftfreq(WIDTH)[None])
    pace[0, 0] = 1.0
    white = np.fft.fft2(rng.normal(size=(3, HEIGHT, WIDTH)))
    layers = np.fft.ifft2(white / pace).real.transpose(1, 2, 0)
    mixed = layers @ (np.eye(3) + 0.4 * rng.normal(size=(3, 3)))
    return rng.uniform(80, 170, 3) + 45 * mixed / mixed.std()


OUTSIDE: Mapping[str, Callable[[Rng], Floats]] = {
    "coloured noise": _noise,
    "grey noise": _grey_noise,
    "one colour": _flat,
    "gradients": _gradient,
    "text on white": _text,
    "stripes": _stripes,
    "squares": _squares,
    "leaves (photograph-like)": _leaves,
    "clouds (photograph-like)": _clouds,
}


def outside(kind: str, count: int, *, seed: int) -> list[Frames]:
    """`count` pictures `[1 h w 3]` of a kind."""
    rng = np.random.default_rng([seed, *kind.encode()])
    pictures = [OUTSIDE[kind](rng).clip(0, 255).astype(np.uint8) for _ in range(count)]
    return [picture[None] for picture in pictures]
