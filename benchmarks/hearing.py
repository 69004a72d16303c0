"""Which words a model hears. In: two words, latent clips. Out: the velocity's error with them exchanged.

    python benchmarks/hearing.py [--words left right] [--model MODEL] [--latents runs/data/latents/clips_wide]

A word that is heard makes what it speaks of better foretold than its contrary does. A minute of this tells
what a hundred judged films tell, and at which noise level: what goes where is decided near 1.
"""

import argparse
import json
import re
from pathlib import Path

import torch
from torch import Tensor

from kinora.core.seed import torch_generator
from kinora.data.pool import Pool, load_pool
from kinora.flow.path import sample_path
from kinora.generate import load
from kinora.models.bundle import Bundle
from kinora.models.store import DEFAULT
from kinora.transformer.place import Place

STEP_SECONDS = 0.5
BATCH = 8
SENTENCE = 1
"""Which of a clip's captions is asked."""


def speaking(pool: Pool, words: tuple[str, str], *, count: int) -> list[int]:
    """Clips whose sentence says one of the two words and not the other."""
    found = []
    for number, row in enumerate(pool.rows):
        said = set(re.findall(r"\w+", row["captions"][SENTENCE])) & set(words)
        if len(said) == 1:
            found.append(number)
    return found[:count]


def exchanged(caption: str, words: tuple[str, str]) -> str:
    """The caption with each of the two words in the other's place."""
    other = dict(zip(words, reversed(words), strict=True))
    return re.sub(r"\w+", lambda word: other.get(word[0], word[0]), caption)


@torch.inference_mode()
def errors(
    model: Bundle, latents: Tensor, captions: list[str], *, level: float, number: int
) -> Tensor:
    """`[b]` mean squared error of the velocity; the noise depends on the batch's `number` alone."""
    frames = latents.shape[1]
    noise = torch.randn(latents.shape, generator=torch_generator(0, "hearing", number))
    sample = sample_path(latents, noise, torch.full(latents.shape[:2], level))
    place = Place.single(STEP_SECONDS * torch.arange(frames), batch=len(latents))
    read = model.read(captions).states
    said: Tensor = model.transformer(sample.x, sample.level, place, read)
    wrong = said - sample.velocity
    return wrong.square().mean((1, 2, 3, 4))


def main() -> None:
    given = _options()
    model = load(given.model)
    assert isinstance(model, Bundle), "a model of ours"
    pool = load_pool(given.latents, ["latents"], limit=given.clips)
    words = (given.words[0], given.words[1])
    chosen = speaking(pool, words, count=given.count)
    assert chosen, f"no clip says only one of {words}"
    for level in given.levels:
        asked: dict[str, list[Tensor]] = {"own words": [], "exchanged": [], "none": []}
        for start in range(0, len(chosen), BATCH):
            few = chosen[start : start + BATCH]
            latents = pool.tensors["latents"][few].float()
            own = [pool.rows[number]["captions"][SENTENCE] for number in few]
            captions = (own, [exchanged(each, words) for each in own], [""] * len(few))
            for name, heard in zip(asked, captions, strict=True):
                asked[name].append(errors(model, latents, heard, level=level, number=start))
        found = {name: torch.cat(each) for name, each in asked.items()}
        better = (found["own words"] < found["exchanged"]).float().mean()
        told = {name: round(float(each.mean()), 4) for name, each in found.items()}
        print(json.dumps({"level": level, **told, "own words better": round(float(better), 2)}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", nargs=2, default=["left", "right"])
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--latents", type=Path, default=Path("runs/data/latents/clips_wide"))
    parser.add_argument("--clips", type=int, default=1024, help="clips to look through")
    parser.add_argument("--count", type=int, default=64, help="clips to ask about")
    parser.add_argument("--levels", type=float, nargs="+", default=[0.8, 0.95, 1.0])
    return parser.parse_args()


if __name__ == "__main__":
    main()
