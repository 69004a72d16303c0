"""A training that is measured. In: a recipe, pools, a budget. Out: held-out loss and facts right.

What `train_efficiency.py` and `scaling.py` share. Facts are judged on stills or films of the averaged
networks, on prompts that no training sees.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from kinora.autoencoder.model import Autoencoder
from kinora.caption.judge import load_judge
from kinora.data.pool import Pool
from kinora.evaluate.adherence import score, verdict
from kinora.evaluate.promise import promises
from kinora.generate import Request, generate, load
from kinora.media.atomic import write_bytes
from kinora.models.bundle import Bundle
from kinora.recipes.autoencoder import split
from kinora.recipes.buckets import prepare, words
from kinora.recipes.film import BundleWriter, FilmRecipe, film_tiny
from kinora.text.tokenizer import Tokenizer
from kinora.train.film import FilmTask
from kinora.train.loop import Trainer

HELD = 128
"""Examples of each bucket that no arm learns from."""

DRAWS = 8
"""Batches of each length from which the held-out loss is taken; always the same."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What every arm stands on: the same data, the same words, the same autoencoder."""

    seen: Mapping[str, Pool]
    held: Mapping[str, Pool]
    tokenizer: Tokenizer
    autoencoder: Autoencoder


def ground(recipe: FilmRecipe, data: Path, folder: Path, *, model: str) -> Ground:
    """Render and encode what is missing; the latents are those of `model`'s autoencoder."""
    bundle = load(model)
    assert isinstance(bundle, Bundle)
    pools = {
        bucket.name: prepare(
            bucket, data, bundle.autoencoder,
            workers=recipe.workers, device="cpu", on_progress=lambda _: None,
        )
        for bucket in recipe.buckets
    }  # fmt: skip
    parts = {name: split(pool, min(HELD, len(pool) // 4)) for name, pool in pools.items()}
    return Ground(
        seen={name: seen for name, (seen, _) in parts.items()},
        held={name: held for name, (_, held) in parts.items()},
        tokenizer=words(folder / "tokenizer.json", pools),
        autoencoder=bundle.autoencoder,
    )


def base(*, seed: int, stills: int = 49152, clips: int = 6144) -> FilmRecipe:
    """The recipe of the first film, on landscape data alone; in bfloat16 where the processor is faster with it.

    What was found since (places, ways, glimpses: see `train_efficiency.py`) is not in it.
    """
    tiny = film_tiny()
    transformer = tiny.task.transformer.model_copy(update={"placed": False})
    plain = {"transformer": transformer, "motion": 0.0, "sparse": 0.0}
    run = tiny.run.model_copy(update={"seed": seed, "save_every": 100})
    buckets = tuple(
        bucket.model_copy(update={"count": stills if bucket.frames == 1 else clips})
        for bucket in tiny.buckets
        if bucket.name in {"stills_wide", "clips_wide"}
    )
    task = tiny.task.model_copy(update=plain)
    return tiny.model_copy(update={"buckets": buckets, "run": run, "task": task})


def learn(recipe: FilmRecipe, on: Ground, folder: Path, *, minutes: float | None) -> Trainer:
    """Train for so much learning time in all, parts that were broken off counted; None for all steps."""
    task = task_of(recipe, on.seen, on.tokenizer)
    trainer = Trainer(task, recipe.run, folder, scales=task.scales)
    if (folder / "checkpoint").exists():
        trainer.resume()
    if minutes is not None:
        left = minutes - trainer.seconds / 60
        trainer.config = recipe.run.model_copy(update={"minutes": left})
        if left <= 0:
            return trainer
    trainer.run()
    return trainer


def task_of(recipe: FilmRecipe, pools: Mapping[str, Pool], tokenizer: Tokenizer) -> FilmTask:
    text = recipe.task.text.model_copy(update={"vocabulary": len(tokenizer)})
    config = recipe.task.model_copy(update={"text": text})
    return FilmTask(config, pools, tokenizer, seed=recipe.run.seed)


@torch.no_grad()
def held_out(recipe: FilmRecipe, on: Ground, trainer: Trainer) -> dict[str, float]:
    """Velocity error of the averaged networks on what no arm saw, per bucket; no arm changes what is asked."""
    plain = base(seed=0).task
    found = {}
    for name in on.held:
        stage = recipe.task.stages[-1].model_copy(update={"buckets": {name: 1.0}, "latents": 9})
        asked = plain.model_copy(
            update={"stages": (stage,), "transformer": recipe.task.transformer, "drop": 0.0}
        )
        task = task_of(recipe.model_copy(update={"task": asked}), on.held, on.tokenizer)
        task.networks.load_state_dict(trainer.ema.networks.state_dict())
        losses = [task.loss(task.batch(draw), draw)[1]["velocity"] for draw in range(DRAWS)]
        found[f"loss of {name}"] = round(float(torch.stack(losses).mean()), 5)
    return found


def facts(recipe: FilmRecipe, on: Ground, trainer: Trainer, *, prompts: int) -> dict[str, float]:
    """What the judge finds right in stills of the averaged networks."""
    bundle = BundleWriter(recipe, on.autoencoder, on.tokenizer).bundle(trainer.moment())
    judge = load_judge()
    verdicts = [
        verdict(promise, judge.see(generate(bundle, _wish(promise.prompt, number)).clip))
        for number, promise in enumerate(promises("stills")[:prompts])
    ]
    found = score(verdicts)
    return {
        "facts right": round(found.facts, 4),
        "recognisable": round(found.recognisable, 4),
        **{f"{name} right": round(share, 4) for name, share in found.by_name.items()},
    }


def _wish(prompt: str, number: int) -> Request:
    return Request((prompt,), seconds=0.0, seed=number)


def keep(file: Path, result: Mapping[str, object]) -> None:
    write_bytes(file, (json.dumps(result, indent=1) + "\n").encode())
