"""A decoder that draws larger, for a trained model. In: a recipe, a bundle. Out: the bundle with it.

`tiny` is sized for an hour of two CPU cores, `small` for three minutes of one large GPU.
"""

import json
from dataclasses import replace
from pathlib import Path

import torch

from kinora.autoencoder.fine import FineConfig, FineDecoder, Large, enlarge
from kinora.autoencoder.model import Autoencoder
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.pairs import Pairs, render_pairs
from kinora.data.pool import load_pool
from kinora.evaluate.fidelity import fidelity
from kinora.evaluate.sharpness import sharpness
from kinora.models.bundle import Bundle
from kinora.models.store import save_bundle
from kinora.recipes.autoencoder import split
from kinora.train.fine import FineBatch, FineTask, FineTaskConfig, fitting, pictures
from kinora.train.hook import Hook, Moment
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig


class FineRecipe(Config):
    """Everything about one training of a decoder that draws larger.

    Args:
        pairs: the data.
        unseen: so many of the last pairs are kept for measuring.
        workers: processes that render.
        task: what is learnt.
        run: for how long.
    """

    pairs: Pairs
    unseen: int = 16
    workers: int = 2
    task: FineTaskConfig
    run: RunConfig


def fine_2x_tiny() -> FineRecipe:
    """512x320 from what was 256x160."""
    return _tiny(2, count=2048, batch=4)


def fine_4x_tiny() -> FineRecipe:
    """1024x640 from what was 256x160."""
    return _tiny(4, count=768, batch=2)


def fine_2x_small() -> FineRecipe:
    """As `fine_2x_tiny`, on one large GPU."""
    return _small(fine_2x_tiny(), count=8192)


def fine_4x_small() -> FineRecipe:
    """As `fine_4x_tiny`, on one large GPU."""
    return _small(fine_4x_tiny(), count=2048)


def _tiny(times: int, *, count: int, batch: int) -> FineRecipe:
    return FineRecipe(
        pairs=Pairs(name=f"pairs_{times}x", count=count, times=times),
        task=FineTaskConfig(network=FineConfig(times=times), batch=batch),
        run=RunConfig(
            steps=4000, ema=0.995, save_every=250,
            optimizer=OptimizerConfig(rate=2e-3, warmup=50, decay=0.4),
        ),
    )  # fmt: skip


def _small(tiny: FineRecipe, *, count: int) -> FineRecipe:
    run = {"steps": 8000, "minutes": 3.0, "precision": "bf16", "save_every": 1000}
    return tiny.model_copy(
        update={
            "pairs": tiny.pairs.model_copy(update={"count": count}),
            "workers": 16,
            "task": tiny.task.model_copy(update={"batch": 32 // tiny.pairs.times}),
            "run": tiny.run.model_copy(update=run),
        }
    )


def train_fine(
    recipe: FineRecipe,
    folder: Path,
    *,
    data: Path,
    bundle: Bundle,
    resume: bool = False,
    device: str = "cpu",
    on_progress: OnProgress = silent,
) -> Bundle:
    """Render what is missing, learn, and write the bundle with the decoder in it.

    Args:
        recipe: what to do.
        folder: checkpoint, log, `sharpness.jsonl` and the finished `bundle/`.
        data: pairs are kept in `data / "pixels"`.
        bundle: whose latents are to be drawn larger.
        resume: go on from the folder's checkpoint.
        device: where to learn.
        on_progress: told after every shard and step; may raise to stop.
    """
    pairs = render_pairs(
        recipe.pairs, data / "pixels", workers=recipe.workers, on_progress=on_progress
    )
    pool = load_pool(pairs, ["small", "large"], limit=recipe.pairs.count, device=device)
    seen, unseen = split(pool, recipe.unseen)
    autoencoder = bundle.autoencoder.to(device)
    network = fitting(recipe.task.network, autoencoder)
    task = FineTask(
        recipe.task.model_copy(update={"network": network}), seen, autoencoder,
        seed=recipe.run.seed,
    )  # fmt: skip
    gate = Gate(autoencoder, pictures(unseen, torch.arange(len(unseen))))
    trainer = Trainer(task, recipe.run, folder, hooks=[gate])
    if resume:
        trainer.resume()
    trainer.run(on_progress=on_progress)
    fine = trainer.ema.networks["fine"]
    assert isinstance(fine, FineDecoder)
    made = replace(bundle, fine={**bundle.fine, network.times: fine})
    save_bundle(made, folder / "bundle")
    return made


class Gate(Hook):
    """Measures unseen pairs at every checkpoint into `sharpness.jsonl`."""

    def __init__(self, autoencoder: Autoencoder, unseen: FineBatch) -> None:
        self.autoencoder, self.unseen = autoencoder, unseen

    def at_checkpoint(self, moment: Moment) -> None:
        """The averaged decoder, beside the plain one enlarged."""
        fine = moment.average["fine"]
        assert isinstance(fine, FineDecoder)
        line = {
            "step": moment.step,
            "seconds": round(moment.seconds, 1),
            **measure(Large(self.autoencoder, fine), self.unseen),
        }
        with (moment.folder / "sharpness.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


@torch.inference_mode()
def measure(large: Large, unseen: FineBatch) -> dict[str, float]:
    """PSNR in dB and sharpness against renders, drawn large and, for comparison, merely enlarged."""
    drawn, plain = [], []
    for clip in unseen.small:
        z = large.autoencoder.encode(clip[None])
        drawn.append(large.decode(z)[0])
        plain.append(enlarge(large.autoencoder.decode(z)[0], large.fine.config.times))
    ours, theirs = torch.stack(drawn), torch.stack(plain)
    return {
        "psnr": fidelity(ours, unseen.large).all,
        "sharpness": sharpness(ours, unseen.large),
        "psnr enlarged": fidelity(theirs, unseen.large).all,
        "sharpness enlarged": sharpness(theirs, unseen.large),
    }
