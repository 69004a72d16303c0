"""The films that README and card show. In: the shipped model. Out: small GIFs in docs/films/, not chosen.

The prompts and seeds are fixed here, so nobody picks the good ones.
"""

import argparse
from pathlib import Path

import numpy as np

from kinora.core.clip import Clip, Frames
from kinora.generate import Request, generate, load
from kinora.media.write import save

FILMS = {
    "ball-and-cube": "a red ball bounces past a blue cube on grass at sunset",
    "cylinder": "a green cylinder slides to the right on snow at noon",
    "momo": "an orange momo hops to the left on grass at noon",
    "cone": "a yellow cone stands still on stone at night",
}
SEED = 7


def halved(frames: Frames) -> Frames:
    """Half the side, each pixel the mean of four: a page of films should load at once."""
    t, h, w, _ = frames.shape
    return frames.reshape(t, h // 2, 2, w // 2, 2, 3).mean((2, 4)).round().astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--out", type=Path, default=Path("docs/films"))
    options = parser.parse_args()
    model = load(options.model) if options.model else load()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, prompt in FILMS.items():
        clip = generate(model, Request(prompts=(prompt,), seconds=4.0, seed=SEED)).clip
        save(Clip(halved(clip.frames), clip.fps), options.out / f"{name}.gif")
        print(f"{options.out / name}.gif: {prompt}")


if __name__ == "__main__":
    main()
