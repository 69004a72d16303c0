"""The film model, from nothing or from a trained one. In: a recipe, folders, an autoencoder. Out: a bundle.

Size first: stills of one or two things until they show the right coloured shape, then short clips,
then whole ones, long ones and other cameras, part of them as a stream shows them.
`tiny` is sized for two CPU cores, `small` for the rest of half an hour of one GPU.
"""

from pathlib import Path

import torch

from kinora.autoencoder.model import Autoencoder
from kinora.core.clip import Clip
from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.core.view import VIEWS
from kinora.data.render import Bucket
from kinora.generate import Request, generate
from kinora.media.sheet import save_sheet
from kinora.models.bundle import Bundle, Index
from kinora.models.store import save_bundle
from kinora.recipes.buckets import (
    buckets,
    deed_bucket,
    prepare_all,
    studio_buckets,
    way_bucket,
    words,
)
from kinora.text.tokenizer import Tokenizer
from kinora.train.film import FilmTask, FilmTaskConfig
from kinora.train.hook import Hook, Moment
from kinora.train.lessons import Stage
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.transformer.memory import MemoryConfig
from kinora.transformer.model import TransformerConfig
from kinora.transformer.stem import finer

PROMPTS = (
    "a red ball on grass at noon",
    "a blue cube on snow at noon",
    "a yellow cone on wood at sunset",
    "a green cylinder on stone at night",
    "a purple ring on sand at noon",
    "an orange momo on grass at sunset",
    "a red ball rolls to the right on wood at noon",
    "a white cube slides left on grass at sunset",
    "a red ball bounces past a blue cube on grass at sunset",
    "a pink capsule falls on stone at noon",
    "a black cone beside a yellow ball on sand at noon",
    "a cookie stands on wood at night",
)
"""What the sample sheets of a training show."""

SHOWN = 9
"""Latent frames of a sample at most; longer ones would cost a training more than they tell."""


class FilmRecipe(Config):
    """Everything about one training of the film model.

    Args:
        name: model id of the bundle.
        buckets: the data; names are those that the stages speak of.
        workers: processes that render.
        task: what is learnt.
        run: for how long.
        compiled: translate the transformer for this machine first, see `FilmTask.compile`.
        steps, guidance, shift: how the finished model likes to be used.
        memory: what it remembers while it streams; no more than its clips could teach.
    """

    name: str
    buckets: tuple[Bucket, ...]
    workers: int = 2
    task: FilmTaskConfig
    run: RunConfig
    compiled: bool = False
    steps: tuple[int, int, int] = (8, 20, 40)
    guidance: float = 5.0
    shift: float = 2.0
    # Clips of 17 latent frames: no frame ever looked further back than eight seconds, nor at a pooled one;
    # with a window of 12 a frame at the end of a film cost 1.13 times one at second 5, with 6 it does not.
    memory: MemoryConfig = MemoryConfig(window=6, middle=0, far=0, reach=8.0)


def film_tiny() -> FilmRecipe:
    """Some hours of two CPU cores; resumed over several days if need be."""
    stills = {"stills_wide": 0.8, "stills_tall": 0.1, "stills_square": 0.1}
    clips = {"clips_wide": 0.65, "clips_tall": 0.1, "clips_square": 0.1, "way_wide": 0.15}
    few = {name: 0.25 * share for name, share in stills.items()}
    far = {"long_wide": 0.3, "angles_wide": 0.2, "cast_wide": 0.2}
    return FilmRecipe(
        name="kinora-tiny",
        buckets=(
            *buckets(stills=(49152, 8192, 8192), clips=(6144, 1024, 1024)),
            *studio_buckets(long=1024, angles=2048, casts=1024),
            way_bucket(1024),
        ),
        task=FilmTaskConfig(
            transformer=TransformerConfig(placed=True),
            stages=(
                Stage(until=4000, buckets=stills),
                Stage(until=8000, buckets=few | clips, latents=5),
                Stage(until=14000, buckets=few | clips),
                Stage(until=18000, buckets=few | clips | far, latents=17),
            ),
            causal=0.3, sparse=0.3, motion=0.2,
        ),
        run=RunConfig(
            steps=18000, ema=0.999, save_every=200, precision="auto",
            optimizer=OptimizerConfig(rate=1e-3, warmup=200),
        ),
    )  # fmt: skip


def film_tiny_more() -> FilmRecipe:
    """Two hours of two CPU cores on top of a trained model (`--from`): first which way things go, then all."""
    tiny = film_tiny()
    shares = {
        "stills_wide": 0.08, "stills_tall": 0.01, "stills_square": 0.01,
        "clips_wide": 0.44, "clips_tall": 0.02, "clips_square": 0.02, "way_wide": 0.24,
        "long_wide": 0.1, "cast_wide": 0.1,
    }  # fmt: skip
    return tiny.model_copy(
        update={
            "buckets": (
                *buckets(stills=(4096, 512, 512), clips=(3072, 64, 64)),
                *studio_buckets(long=128, angles=128, casts=160),
                way_bucket(640),
            ),
            "task": tiny.task.model_copy(
                update={
                    "stages": (
                        Stage(until=1100, buckets={"way_wide": 0.5, "clips_wide": 0.5}),
                        Stage(until=3400, buckets=shares, latents=17),
                    ),
                    "sparse": 0.5, "motion": 0.15, "align": 0.15, "clip_shift": 3.5,
                }
            ),
            "run": RunConfig(
                steps=3400, seed=41, ema=0.998, save_every=100, precision="auto",
                optimizer=OptimizerConfig(rate=7e-4, warmup=40, decay=0.5),
            ),
        }
    )  # fmt: skip


def film_small() -> FilmRecipe:
    """Eight minutes of one large GPU, after `autoencoder_small`; `scripts/quarter_hour.py` runs both."""
    shares = {
        "stills_wide": 0.07, "stills_tall": 0.015, "stills_square": 0.015,
        "clips_wide": 0.34, "clips_tall": 0.03, "clips_square": 0.03,
        "way_wide": 0.14, "deeds_wide": 0.12,
        "long_wide": 0.08, "cast_wide": 0.08, "angles_wide": 0.08,
    }  # fmt: skip
    stills = {"stills_wide": 0.5, "stills_tall": 0.1, "stills_square": 0.1, "clips_wide": 0.3}
    clips = {"stills_wide": 0.2, "clips_wide": 0.4, "way_wide": 0.25, "deeds_wide": 0.15}
    tiny = film_tiny()
    task = tiny.task.model_copy(
        update={
            # 10 million parameters: with everything else that ships it stays under 40 MB.
            "transformer": TransformerConfig(width=320, depth=6, placed=True),
            "stages": (
                Stage(until=1000, buckets=stills, tokens=49152, latents=5),
                Stage(until=2500, buckets=clips, tokens=49152),
                Stage(until=10000, buckets=shares, tokens=49152, latents=17),
            ),
            "causal": 0.25, "sparse": 0.4, "motion": 0.15, "align": 0.15, "clip_shift": 3.5,
            "known": (0.12, 0.12, 0.05, 0.1, 0.06),
        }
    )  # fmt: skip
    return FilmRecipe(
        name="kinora-small",
        buckets=(
            *buckets(stills=(24576, 3072, 3072), clips=(6144, 512, 512)),
            *studio_buckets(long=640, angles=640, casts=1024),
            way_bucket(1792),
            deed_bucket(1792),
        ),
        workers=16,
        task=task,
        run=RunConfig(
            steps=10000, ema=0.999, precision="bf16", save_every=1000,
            optimizer=OptimizerConfig(rate=1.4e-3, warmup=200, decay=0.4),
        ),
    )  # fmt: skip


def film_small_more() -> FilmRecipe:
    """Over an hour of two CPU cores with units for bfloat16, on top of `film_small` (`--from`): new clips.

    Many short scenes from two cameras, more portraits, and cameras that move: of those it knew least.
    """
    small = film_small()
    shares = {
        "stills_wide": 0.06, "stills_tall": 0.01, "stills_square": 0.01,
        "clips_wide": 0.30, "clips_tall": 0.03, "clips_square": 0.03,
        "way_wide": 0.08, "deeds_wide": 0.14, "moves_wide": 0.06,
        "long_wide": 0.06, "cast_wide": 0.09, "angles_wide": 0.04, "angles_brief": 0.09,
    }  # fmt: skip
    clips = (
        *buckets(stills=(8192, 1024, 1024), clips=(1856, 128, 128)),
        *studio_buckets(long=192, angles=256, casts=576),
        way_bucket(448),
        deed_bucket(768),
        Bucket(name="moves_wide", count=384, mix={"still_camera": 0.0, "cuts": 0.0}),
        Bucket(
            name="angles_brief", count=1472, frames=9, cameras=VIEWS[1:], mix={"cuts": 0.0}
        ),
    )  # fmt: skip
    return small.model_copy(
        update={
            "buckets": tuple(bucket.model_copy(update={"seed": 30 + bucket.seed}) for bucket in clips),
            "workers": 2,
            "task": small.task.model_copy(
                update={
                    "stages": (Stage(until=2300, buckets=shares, tokens=10240, latents=17),),
                    # The heads that read along are not in a bundle: new ones would pull at what is learnt.
                    "clip_shift": 2.5, "align": 0.0, "motion": 0.0,
                }
            ),
            "run": RunConfig(
                steps=2300, seed=51, ema=0.998, precision="auto", save_every=230,
                optimizer=OptimizerConfig(rate=4e-4, warmup=100, decay=0.6),
            ),
            "compiled": True,
        }
    )  # fmt: skip


def film_small_fine() -> FilmRecipe:
    """Two hours of two such cores, on top of `film_small_more`: four tokens where it had one.

    A token is then 16 pixels wide, not 32, so that four times the work goes into every film by the same weights.
    """
    more = film_small_more()
    fine = more.task.transformer.model_copy(update={"patch": 1})
    stages = tuple(stage.model_copy(update={"until": 1800}) for stage in more.task.stages)
    return more.model_copy(
        update={
            "task": more.task.model_copy(update={"transformer": fine, "stages": stages}),
            "run": more.run.model_copy(update={"steps": 1800, "seed": 61, "save_every": 200}),
        }
    )


def train_film(
    recipe: FilmRecipe,
    folder: Path,
    *,
    data: Path,
    autoencoder: Autoencoder,
    begin: Bundle | None = None,
    resume: bool = False,
    device: str = "cpu",
    on_progress: OnProgress = silent,
) -> Bundle:
    """Render and encode what is missing, learn, and write a bundle at every checkpoint.

    Args:
        recipe: what to do.
        folder: checkpoint, log, sample sheets and the finished `bundle/`.
        data: shards are kept in `data / "pixels"` and `data / "latents"`.
        autoencoder: makes the latents.
        begin: a trained model whose weights, sizes and words to begin with; its latents must be this
            autoencoder's.
        resume: go on from the folder's checkpoint.
        device: where to learn.
        on_progress: told after every shard and step; may raise to stop.
    """
    pools = prepare_all(
        recipe.buckets, recipe.task.stages, data, autoencoder,
        workers=recipe.workers, device=device, on_progress=on_progress,
    )  # fmt: skip
    if begin is not None:
        recipe = sized_as(recipe, begin)
    tokenizer = begin.tokenizer if begin is not None else words(folder / "tokenizer.json", pools)
    text = recipe.task.text.model_copy(update={"vocabulary": len(tokenizer)})
    task = FilmTask(
        recipe.task.model_copy(update={"text": text}), pools, tokenizer, seed=recipe.run.seed,
        device=device,
    )  # fmt: skip
    writer = BundleWriter(recipe, autoencoder, tokenizer)
    trainer = Trainer(task, recipe.run, folder, hooks=[writer], scales=task.scales)
    if resume:
        trainer.resume()
    elif begin is not None:
        load_begun(task, begin)
        trainer.restart_average()
    if recipe.compiled:
        task.compile()
    trainer.run(on_progress=on_progress)
    return writer.bundle(trainer.moment())


def sized_as(recipe: FilmRecipe, begin: Bundle) -> FilmRecipe:
    """The recipe with a trained model's networks, whose tokens may be told their places or be finer from now on."""
    begun, wanted = begin.transformer.config, recipe.task.transformer
    more = {"placed": begun.placed or wanted.placed, "patch": min(begun.patch, wanted.patch)}
    transformer = begun.model_copy(update=more)
    sizes = {"transformer": transformer, "text": begin.text.config}
    return recipe.model_copy(update={"task": recipe.task.model_copy(update=sizes)})


def load_begun(task: FilmTask, begin: Bundle) -> None:
    """The weights of a trained model; what it did not have yet stays as it starts."""
    learner = task.transformer
    kept = {
        name: value for name, value in learner.state_dict().items() if name.startswith("place.")
    }
    task.text.load_state_dict(begin.text.state_dict())
    learner.load_state_dict({**kept, **finer(begin.transformer.state_dict(), learner.stem)})


class BundleWriter(Hook):
    """Writes the bundle and a sheet of samples at every checkpoint."""

    def __init__(self, recipe: FilmRecipe, autoencoder: Autoencoder, tokenizer: Tokenizer) -> None:
        self.recipe, self.tokenizer = recipe, tokenizer
        self.autoencoder = autoencoder.float().eval()

    def bundle(self, moment: Moment) -> Bundle:
        """The averaged networks as a bundle."""
        recipe = self.recipe
        drawn = {name for stage in recipe.task.stages for name in stage.buckets}
        shown = [bucket for bucket in recipe.buckets if bucket.name in drawn]
        index = Index(
            name=recipe.name, steps=recipe.steps, guidance=recipe.guidance, shift=recipe.shift,
            causal=recipe.task.causal > 0, views=any(bucket.cameras for bucket in shown),
            references=any(bucket.portrait for bucket in shown),
            memory=recipe.memory.model_copy(update={"chunk": recipe.task.chunk}),
        )  # fmt: skip
        return Bundle(
            index=index,
            tokenizer=self.tokenizer,
            text=moment.average["text"],  # type: ignore[arg-type]  # a ModuleDict forgets classes
            transformer=moment.average["transformer"],  # type: ignore[arg-type]
            autoencoder=self.autoencoder,
        )

    def at_checkpoint(self, moment: Moment) -> None:
        """Bundle and sheet."""
        bundle = self.bundle(moment)
        save_bundle(bundle, moment.folder / "bundle")
        task, step = self.recipe.task, moment.step
        stage = next((s for s in task.stages if step < s.until), task.stages[-1])
        moving = any(name.startswith("clips") for name in stage.buckets)
        seconds = (min(stage.latents, SHOWN) - 1) * 0.5 if moving else 0.0
        with torch.inference_mode():
            clips = [sample(bundle, prompt, seconds=seconds) for prompt in PROMPTS]
        save_sheet(
            moment.folder / f"samples-{step:06d}.png", clips, PROMPTS,
            frames=4 if moving else 1, columns=2 if moving else 6,
        )  # fmt: skip


def sample(bundle: Bundle, prompt: str, *, seconds: float) -> Clip:
    """One film with the settings the recipe names."""
    return generate(bundle, Request(prompts=(prompt,), seconds=seconds, seed=7)).clip
