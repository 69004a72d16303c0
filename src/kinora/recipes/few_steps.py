"""A film model that needs few steps, from a trained one. In: a recipe, a bundle. Out: a bundle.

`tiny` is sized for an hour of two CPU cores and changes a model by little more than a megabyte, `small` for
five minutes of one large GPU.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.render import Bucket
from kinora.models.bundle import Bundle
from kinora.models.store import save_bundle, save_change, shipped
from kinora.nn.lowrank import merged
from kinora.recipes.buckets import buckets, prepare_all, studio_buckets, way_bucket
from kinora.train.few_steps import FewStepsTask, FewStepsTaskConfig
from kinora.train.hook import Hook, Moment
from kinora.train.lessons import Lessons, LessonsConfig, Stage
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.transformer.model import Transformer


class FewStepsRecipe(Config):
    """Everything about one training of few steps.

    Args:
        buckets: the data; names are those that the stages speak of.
        workers: processes that render.
        task: what is learnt.
        run: for how long.
        steps: solver steps of draft, standard and best of the finished model.
    """

    buckets: tuple[Bucket, ...]
    workers: int = 2
    task: FewStepsTaskConfig
    run: RunConfig
    steps: tuple[int, int, int] = (2, 4, 8)


def few_steps_tiny() -> FewStepsRecipe:
    """An hour of two CPU cores: half of it the teacher's walks, then learning from them."""
    lessons = LessonsConfig(
        stages=(
            Stage(until=48, buckets={"clips_wide": 0.7, "way_wide": 0.2, "stills_wide": 0.1}),
            Stage(
                until=72,
                buckets={
                    "cast_wide": 0.35, "angles_wide": 0.45, "clips_tall": 0.1, "clips_square": 0.1,
                },
            ),
        ),
        drop=0.0, known=(0.08, 0.1, 0.04, 0.0, 0.06),
    )  # fmt: skip
    return FewStepsRecipe(
        buckets=_data(stills=1024, clips=384, ways=128, others=64, studio=128),
        task=FewStepsTaskConfig(
            lessons=lessons, walks=72, teacher_steps=20, steps=(4,), aim="stop", rework=0.1, rank=16,
        ),
        run=RunConfig(
            steps=800, ema=0.99, save_every=50,
            optimizer=OptimizerConfig(rate=1e-3, warmup=20, decay=0.5),
        ),
    )  # fmt: skip


def few_steps_small() -> FewStepsRecipe:
    """Five minutes of one large GPU, after `film_small`; all weights learn."""
    tiny = few_steps_tiny()
    stages = [
        stage.model_copy(update={"tokens": 32768, "until": until})
        for stage, until in zip(tiny.task.lessons.stages, (200, 300), strict=True)
    ]
    lessons = tiny.task.lessons.model_copy(update={"stages": tuple(stages)})
    return FewStepsRecipe(
        buckets=_data(stills=24576, clips=12288, ways=3072, others=512, studio=1024),
        workers=16,
        task=tiny.task.model_copy(
            update={"lessons": lessons, "walks": 300, "teacher_precision": "bf16", "rank": None}
        ),
        run=tiny.run.model_copy(
            update={
                "steps": 6000, "minutes": 5.0, "precision": "bf16", "save_every": 1000,
                "optimizer": OptimizerConfig(rate=2e-4, warmup=100, decay=0.5),
            }
        ),
    )  # fmt: skip


def _data(*, stills: int, clips: int, ways: int, others: int, studio: int) -> tuple[Bucket, ...]:
    """Landscapes above all: the student goes its teacher's ways, and a size changes few of them."""
    every = buckets(stills=(stills, 0, 0), clips=(clips, others, others))
    seen = studio_buckets(long=0, angles=studio, casts=studio)
    return (*(bucket for bucket in (*every, *seen) if bucket.count), way_bucket(ways))


def train_few_steps(
    recipe: FewStepsRecipe,
    folder: Path,
    *,
    data: Path,
    bundle: Bundle,
    resume: bool = False,
    device: str = "cpu",
    on_progress: OnProgress = silent,
) -> Bundle:
    """Walk with the teacher, learn, and write a bundle at every checkpoint.

    Args:
        recipe: what to do.
        folder: walks, checkpoint, log and the finished `bundle/`.
        data: as the film model's; latents are made with the bundle's own autoencoder.
        bundle: the trained model.
        resume: go on from the folder's checkpoint.
        device: where to learn.
        on_progress: told after every shard and step; may raise to stop.
    """
    config = recipe.task
    for network in (bundle.text, bundle.transformer, bundle.autoencoder):
        network.to(device)
    pools = prepare_all(
        recipe.buckets, config.lessons.stages, data, bundle.autoencoder,
        workers=recipe.workers, device=device, on_progress=on_progress,
    )  # fmt: skip
    lessons = Lessons(
        config.lessons, pools, bundle.tokenizer,
        patch=bundle.stride.patch, limit=bundle.text.config.limit, seed=recipe.run.seed,
    )  # fmt: skip
    task = FewStepsTask(config, lessons, bundle, folder=folder / "walks", seed=recipe.run.seed)
    made = distilled(bundle, recipe)
    trainer = Trainer(task, recipe.run, folder, hooks=[Writer(made, bundle, rank=config.rank)])
    if resume:
        trainer.resume()
    else:
        trainer.restart_average()
    trainer.run(on_progress=on_progress)
    return made(trainer.moment())


def distilled(bundle: Bundle, recipe: FewStepsRecipe) -> Callable[[Moment], Bundle]:
    """From a moment to its bundle: no guidance, few steps, and the student's transformer."""
    index = bundle.index.model_copy(
        update={
            "name": f"{bundle.name}-few",
            "steps": recipe.steps,
            "guidance": 1.0,
        }
    )

    def made(moment: Moment) -> Bundle:
        student = Transformer(bundle.transformer.config)
        student.load_state_dict(merged(moment.average["transformer"]))
        return replace(bundle, index=index, transformer=student.eval().requires_grad_(False))

    return made


class Writer(Hook):
    """Writes the bundle at every checkpoint: whole, or what of a shipped model was changed.

    Args:
        made: from a moment to its bundle.
        base: the teacher.
        rank: of what was learnt, if not everything was.
    """

    def __init__(self, made: Callable[[Moment], Bundle], base: Bundle, *, rank: int | None) -> None:
        self.made, self.base, self.rank = made, base, rank

    def at_checkpoint(self, moment: Moment) -> None:
        """The averaged student."""
        student, folder = self.made(moment), moment.folder / "bundle"
        if self.rank is not None and shipped(self.base):
            save_change(student, self.base, folder, rank=self.rank)
        else:
            save_bundle(student, folder)
