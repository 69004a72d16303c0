"""A decoder for what a model dreams. In: a recipe, a bundle. Out: the bundle with its decoder learnt anew.

`tiny` is sized for an hour of two CPU cores, `small` for three minutes of one large GPU.
"""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor

from kinora.autoencoder.model import Autoencoder, Decoder
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.dreamt import dream_bucket
from kinora.data.encode import encode_bucket
from kinora.data.pool import Pool, load_pool
from kinora.data.render import Bucket, render_bucket
from kinora.evaluate.fidelity import fidelity
from kinora.models.bundle import Bundle
from kinora.models.store import save_bundle
from kinora.recipes.autoencoder import split
from kinora.train.hook import Hook, Moment
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.train.redraw import RedrawTask, RedrawTaskConfig


class RedrawRecipe(Config):
    """Everything about one training of a decoder.

    Args:
        clips: the data.
        unseen: so many of the last clips are kept for measuring.
        workers: processes that render.
        levels: to which clips are noised before they are dreamt back, in turn.
        task: what is learnt.
        run: for how long.
    """

    clips: Bucket
    unseen: int = 24
    workers: int = 2
    levels: tuple[float, ...] = (0.4, 0.55, 0.7, 0.8)
    task: RedrawTaskConfig = RedrawTaskConfig()
    run: RunConfig


def redraw_tiny() -> RedrawRecipe:
    """An hour of two CPU cores, a quarter of it the model's dreams; takes 6 GB of memory."""
    return RedrawRecipe(
        clips=Bucket(name="clips_wide", count=1216),
        run=RunConfig(
            steps=1000, ema=0.99, save_every=50,
            optimizer=OptimizerConfig(rate=6e-4, warmup=20, decay=0.4, clip=0.5),
        ),
    )  # fmt: skip


def redraw_small() -> RedrawRecipe:
    """Three minutes of one large GPU, after `few_steps_small`."""
    tiny = redraw_tiny()
    return tiny.model_copy(
        update={
            "clips": tiny.clips.model_copy(update={"count": 4096}),
            "workers": 16,
            "task": tiny.task.model_copy(update={"batch": 64}),
            "run": tiny.run.model_copy(
                update={"steps": 4000, "minutes": 3.0, "precision": "bf16", "save_every": 500}
            ),
        }
    )


def train_redraw(
    recipe: RedrawRecipe,
    folder: Path,
    *,
    data: Path,
    bundle: Bundle,
    resume: bool = False,
    device: str = "cpu",
    on_progress: OnProgress = silent,
) -> Bundle:
    """Render and dream what is missing, learn, and write the bundle with the new decoder.

    Args:
        recipe: what to do.
        folder: dreams, checkpoint, log, `redraw.jsonl` and the finished `bundle/`.
        data: pixels and latents of the clips are kept here, as a film model's.
        bundle: the film model that dreams, and whose decoder learns.
        resume: go on from the folder's checkpoint.
        device: where to learn.
        on_progress: told after every shard and step; may raise to stop.
    """
    for network in (bundle.text, bundle.transformer, bundle.autoencoder):
        network.to(device)
    pool = _pool(recipe, folder, data=data, bundle=bundle, device=device, on_progress=on_progress)
    seen, unseen = split(pool, recipe.unseen)
    task = RedrawTask(recipe.task, seen, bundle.autoencoder, seed=recipe.run.seed)
    trainer = Trainer(task, recipe.run, folder, hooks=[Gate(bundle.autoencoder, unseen)])
    if resume:
        trainer.resume()
    else:
        trainer.restart_average()
    trainer.run(on_progress=on_progress)
    decoder = trainer.ema.networks["decoder"]
    assert isinstance(decoder, Decoder)
    made = replace(bundle, autoencoder=redrawing(bundle.autoencoder, decoder))
    save_bundle(made, folder / "bundle")
    return made


def _pool(
    recipe: RedrawRecipe,
    folder: Path,
    *,
    data: Path,
    bundle: Bundle,
    device: str,
    on_progress: OnProgress,
) -> Pool:
    """`frames`, `latents`, `labels` and `dreamt` of every clip."""
    clips, latents = recipe.clips, data / "latents" / recipe.clips.name
    pixels = render_bucket(clips, data / "pixels", workers=recipe.workers, on_progress=on_progress)
    encode_bucket(pixels, latents, bundle.autoencoder, on_progress=on_progress)
    dreamt = dream_bucket(
        latents, folder / "dreamt", bundle,
        levels=recipe.levels, limit=clips.count, seed=recipe.run.seed, on_progress=on_progress,
    )  # fmt: skip
    found = {
        "frames": load_pool(pixels, ["frames"], limit=clips.count, device=device),
        "latents": load_pool(latents, ["latents", "labels"], limit=clips.count, device=device),
        "dreamt": load_pool(dreamt, ["latents", "level"], limit=clips.count, device=device),
    }
    tensors = {
        "frames": found["frames"].tensors["frames"],
        **found["latents"].tensors,
        "dreamt": found["dreamt"].tensors["latents"],
        "level": found["dreamt"].tensors["level"],
    }
    return Pool(tensors, found["latents"].rows)


def redrawing(autoencoder: Autoencoder, decoder: Decoder) -> Autoencoder:
    """The same encoder and linear path, with this decoder."""
    made = deepcopy(autoencoder)
    made.decoder.load_state_dict(decoder.state_dict())
    return made.eval().requires_grad_(False)


class Gate(Hook):
    """Measures unseen clips at every checkpoint into `redraw.jsonl`."""

    def __init__(self, before: Autoencoder, unseen: Pool) -> None:
        self.before, self.unseen = before, unseen

    def at_checkpoint(self, moment: Moment) -> None:
        """The averaged decoder, beside the one that it began as."""
        decoder = moment.average["decoder"]
        assert isinstance(decoder, Decoder)
        line = {
            "step": moment.step,
            "seconds": round(moment.seconds, 1),
            **measure(redrawing(self.before, decoder), self.unseen),
            **{f"{name} before": db for name, db in measure(self.before, self.unseen).items()},
        }
        with (moment.folder / "redraw.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


@torch.inference_mode()
def measure(autoencoder: Autoencoder, clips: Pool) -> dict[str, float]:
    """PSNR in dB of `real` latents drawn, over all pixels and moving ones, and of `dreamt` ones."""
    truth = rearrange(clips.tensors["frames"], "n t h w c -> n t c h w")
    drawn: dict[str, list[Tensor]] = {"latents": [], "dreamt": []}
    for name, each in drawn.items():
        each.extend(autoencoder.decode(clip[None].float())[0] for clip in clips.tensors[name])
    true = truth.float() / 127.5 - 1
    real, dreamt = (fidelity(torch.stack(each), true) for each in drawn.values())
    return {
        "real": real.all,
        "real moving": real.moving,
        "dreamt": dreamt.all,
        "dreamt moving": dreamt.moving,
    }
