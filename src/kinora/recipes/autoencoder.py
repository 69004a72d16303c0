"""The video compression network, from nothing. In: a recipe and folders. Out: a trained network.

`tiny` is sized for two CPU cores, `small` for ten minutes of one large GPU.
"""

import json
from pathlib import Path

import torch
from einops import rearrange
from safetensors.torch import load_file, save_file
from torch import Tensor

from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.pool import Pool, load_pool
from kinora.data.render import Bucket, render_bucket
from kinora.evaluate.fidelity import Fidelity, fidelity
from kinora.train.autoencoder import AutoencoderTask, AutoencoderTaskConfig, finish
from kinora.train.hook import Hook, Moment
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig

UNSEEN = 32
"""The last clips of the first bucket are kept for measuring."""


class AutoencoderRecipe(Config):
    """Everything about one training of the video compression network.

    Args:
        clips: what moves; its last clips are never learnt from.
        stills: what does not.
        workers: processes that render.
        task: what is learnt.
        run: for how long.
    """

    clips: Bucket
    stills: Bucket
    workers: int = 2
    task: AutoencoderTaskConfig = AutoencoderTaskConfig()
    run: RunConfig


def autoencoder_tiny() -> AutoencoderRecipe:
    """An hour and more of two CPU cores; small crops over what moves."""
    network = AutoencoderConfig(fine=128, coarse=256, framewise=True)
    return AutoencoderRecipe(
        clips=Bucket(name="clips_wide", count=896),
        stills=Bucket(name="stills_wide", count=6144, frames=1, per_shard=1024),
        task=AutoencoderTaskConfig(
            network=network, batch=8, crop=96, chase=0.7, squared=10.0, align=0.01
        ),
        run=RunConfig(
            # At a rate of 8e-4 and a gradient norm of 1 single steps threw the network far off.
            steps=5500, ema=0.995, save_every=250,
            optimizer=OptimizerConfig(rate=5e-4, warmup=100, decay=0.3, clip=0.3),
        ),
    )  # fmt: skip


def autoencoder_small() -> AutoencoderRecipe:
    """Three to six minutes of one large GPU: larger crops and batches, a little more room for edges."""
    network = AutoencoderConfig(fine=128, coarse=256, refine=48, framewise=True)
    return AutoencoderRecipe(
        clips=Bucket(name="clips_wide", count=4096),
        stills=Bucket(name="stills_wide", count=16384, frames=1, per_shard=1024),
        workers=16,
        task=AutoencoderTaskConfig(
            network=network, batch=32, latents=5, crop=160, chase=0.5, squared=10.0, align=0.01
        ),
        run=RunConfig(
            steps=6000, minutes=6, ema=0.998, precision="bf16", save_every=1000,
            optimizer=OptimizerConfig(rate=6e-4, warmup=200, clip=0.3),
        ),
    )  # fmt: skip


def train_autoencoder(
    recipe: AutoencoderRecipe,
    folder: Path,
    *,
    data: Path,
    resume: bool = False,
    device: str = "cpu",
    on_progress: OnProgress = silent,
) -> Autoencoder:
    """Render what is missing, learn, set the scale of the latents, and keep the result.

    Args:
        recipe: what to do.
        folder: checkpoint, log and the finished `autoencoder/`.
        data: pixel shards are kept in `data / "pixels"`.
        resume: go on from the folder's checkpoint.
        device: where to learn.
        on_progress: told after every shard and step; may raise to stop.
    """
    moving, still = (
        load_pool(
            render_bucket(bucket, data / "pixels", workers=recipe.workers, on_progress=on_progress),
            ["frames", "labels"],
            limit=bucket.count,
            device=device,
        )
        for bucket in (recipe.clips, recipe.stills)
    )
    seen, unseen = split(moving, UNSEEN)
    task = AutoencoderTask(recipe.task, [seen, seen, seen, still], seed=recipe.run.seed)
    task.networks.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    hook = Gate(as_pixels(unseen.tensors["frames"][:8]))
    trainer = Trainer(task, recipe.run, folder, hooks=[hook])
    if resume:
        trainer.resume()
    else:
        task.start()
        trainer.restart_average()
    trainer.run(on_progress=on_progress)
    best = trainer.ema.networks["autoencoder"]
    assert isinstance(best, Autoencoder)
    finish(best, as_pixels(unseen.tensors["frames"]))
    save_autoencoder(best, folder / "autoencoder")
    return best


class Gate(Hook):
    """Measures unseen clips at every checkpoint into `fidelity.jsonl`."""

    def __init__(self, unseen: Tensor) -> None:
        self.unseen = unseen

    def at_checkpoint(self, moment: Moment) -> None:
        """PSNR of the averaged network."""
        autoencoder = moment.average["autoencoder"]
        assert isinstance(autoencoder, Autoencoder)
        found = measure(autoencoder, self.unseen)
        line = {"step": moment.step, "seconds": round(moment.seconds, 1), **vars(found)}
        with (moment.folder / "fidelity.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


@torch.inference_mode()
def measure(autoencoder: Autoencoder, pixels: Tensor) -> Fidelity:
    """Encode and decode `[b t 3 h w]`, clip by clip, and compare."""
    drawn = [autoencoder.decode(autoencoder.encode(clip[None])) for clip in pixels]
    return fidelity(torch.cat(drawn), pixels)


def as_pixels(frames: Tensor) -> Tensor:
    """`[b t h w 3]` uint8 -> `[b t 3 h w]` in -1..1."""
    return rearrange(frames, "b t h w c -> b t c h w").float() / 127.5 - 1


def split(pool: Pool, last: int) -> tuple[Pool, Pool]:
    """All but the last examples, and the last."""
    cut = len(pool) - last
    return (
        Pool({name: t[:cut] for name, t in pool.tensors.items()}, pool.rows[:cut]),
        Pool({name: t[cut:] for name, t in pool.tensors.items()}, pool.rows[cut:]),
    )


def save_autoencoder(autoencoder: Autoencoder, folder: Path) -> None:
    """`config.json` and `model.safetensors`, in full precision."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(autoencoder.settings(), indent=2) + "\n")
    state = {key: value.contiguous().cpu() for key, value in autoencoder.state_dict().items()}
    save_file(state, folder / "model.safetensors")


def load_autoencoder(folder: Path) -> Autoencoder:
    """What `save_autoencoder` wrote."""
    config = AutoencoderConfig.model_validate_json((folder / "config.json").read_bytes())
    autoencoder = Autoencoder(config)
    autoencoder.load_state_dict(load_file(folder / "model.safetensors"))
    return autoencoder.eval().requires_grad_(False)
