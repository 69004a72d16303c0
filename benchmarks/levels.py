"""Where a film model errs, noise level by noise level. In: models. Out: velocity errors on clips none has seen.

    python benchmarks/levels.py [MODEL ...] [--clips 16] [--levels 0.95 0.85 0.7 0.5 0.3 0.15] [--draws 2]

Clips of 33 frames come from a seed that no recipe uses; every model gets the same clips, words and noise. High
levels decide what stands where, low ones its outlines. Only models of the same autoencoder can be compared.
"""

import argparse
from pathlib import Path

import torch

from kinora.data.pool import Pool
from kinora.data.render import Bucket
from kinora.flow.path import sample_path
from kinora.generate import load
from kinora.models.bundle import Bundle
from kinora.models.store import DEFAULT
from kinora.recipes.buckets import prepare
from kinora.recipes.film import film_small, sized_as
from kinora.train.film import FilmTask, dreamt_error
from kinora.train.lessons import Stage

UNSEEN = Bucket(name="unseen_wide", count=16, per_shard=16, seed=4096)
"""Clips from which nothing learns."""


def main() -> None:
    given = _options()
    print(f"| model | {' | '.join(map(str, given.levels))} |")
    print("|---" * (len(given.levels) + 1) + "|")
    for name in given.models:
        bundle = load(name)
        assert isinstance(bundle, Bundle), f"{name} is no model of our own"
        pool = prepare(
            UNSEEN.model_copy(update={"count": given.clips}), given.data, bundle.autoencoder,
            workers=2, device="cpu", on_progress=lambda _: None,
        )  # fmt: skip
        found = errors(bundle, pool, given.levels, draws=given.draws)
        print(f"| {name} | {' | '.join(f'{error:.4f}' for error in found)} |", flush=True)


@torch.inference_mode()
def errors(bundle: Bundle, pool: Pool, levels: list[float], *, draws: int) -> list[float]:
    """The mean squared velocity error at every level, of whole clips with their words."""
    task = _task(bundle, pool)
    batch = task.batch(0)
    words = task.transformer.read(task.text(batch.ids, batch.mask))
    place = task.lessons.place(batch, step_seconds=task.step_seconds)
    found = []
    for level in levels:
        noises = torch.Generator().manual_seed(0)
        total = 0.0
        for _ in range(draws):
            noise = torch.randn(batch.latents.shape, generator=noises)
            sample = sample_path(batch.latents, noise, torch.full(batch.latents.shape[:2], level))
            velocity = task.transformer(sample.x, sample.level, place, words)
            total += float(dreamt_error(velocity, sample))
        found.append(total / draws)
    return found


def _task(bundle: Bundle, pool: Pool) -> FilmTask:
    """The task that the model learnt, asked one batch of all clips, with nothing left out or given."""
    recipe = sized_as(film_small(), bundle)
    _, frames, _, height, width = pool.tensors["latents"].shape
    tokens = len(pool) * frames * (height // bundle.stride.patch) * (width // bundle.stride.patch)
    stage = Stage(until=1, buckets={UNSEEN.name: 1.0}, tokens=tokens, latents=frames)
    text = recipe.task.text.model_copy(update={"vocabulary": len(bundle.tokenizer)})
    config = recipe.task.model_copy(
        update={
            "stages": (stage,), "text": text, "drop": 0.0, "causal": 0.0, "sparse": 0.0,
            "known": (0.0,) * 5,
        }
    )  # fmt: skip
    task = FilmTask(config, {UNSEEN.name: pool}, bundle.tokenizer, seed=0)
    task.text.load_state_dict(bundle.text.state_dict())
    task.transformer.load_state_dict(bundle.transformer.state_dict())
    return task


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["kinora-tiny", DEFAULT])
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument(
        "--levels", type=float, nargs="+", default=[0.95, 0.85, 0.7, 0.5, 0.3, 0.15]
    )
    parser.add_argument("--draws", type=int, default=2, help="of noise, at each level")
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
