"""A film model that needs few steps, from a trained one. In: a recipe, a bundle. Out: a bundle.

`tiny` is sized for some hours of two CPU cores, `small` for five minutes of one large GPU.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kinora.core.config import Config
from kinora.core.progress import OnProgress, silent
from kinora.data.render import Bucket
from kinora.models import Bundle, save_bundle
from kinora.recipes.film import buckets, prepare_all
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
    """Some hours of two CPU cores, most of them the teacher's walks."""
    stills = {"stills_wide": 0.8, "stills_tall": 0.1, "stills_square": 0.1}
    clips = {"clips_wide": 0.8, "clips_tall": 0.1, "clips_square": 0.1}
    lessons = LessonsConfig(
        stages=(Stage(until=60, buckets=stills), Stage(until=400, buckets=clips))
    )
    return FewStepsRecipe(
        buckets=buckets(stills=(49152, 8192, 8192), clips=(6144, 1024, 1024)),
        task=FewStepsTaskConfig(lessons=lessons),
        run=RunConfig(
            steps=4000, ema=0.995, save_every=100,
            optimizer=OptimizerConfig(rate=2e-4, warmup=100, decay=0.5),
        ),
    )  # fmt: skip


def few_steps_small() -> FewStepsRecipe:
    """Five minutes of one large GPU, after `film_small`."""
    tiny = few_steps_tiny()
    stages = tuple(
        stage.model_copy(update={"tokens": 32768, "until": until})
        for stage, until in zip(tiny.task.lessons.stages, (50, 300), strict=True)
    )
    lessons = tiny.task.lessons.model_copy(update={"stages": stages})
    return FewStepsRecipe(
        buckets=buckets(stills=(98304, 16384, 16384), clips=(12288, 2048, 2048)),
        workers=16,
        task=tiny.task.model_copy(
            update={"lessons": lessons, "walks": 300, "teacher_precision": "bf16"}
        ),
        run=tiny.run.model_copy(
            update={"steps": 6000, "minutes": 5.0, "precision": "bf16", "save_every": 1000}
        ),
    )


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
    trainer = Trainer(task, recipe.run, folder, hooks=[Writer(made)])
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
        student = moment.average["transformer"]
        assert isinstance(student, Transformer)
        return replace(bundle, index=index, transformer=student)

    return made


class Writer(Hook):
    """Writes the bundle at every checkpoint."""

    def __init__(self, made: Callable[[Moment], Bundle]) -> None:
        self.made = made

    def at_checkpoint(self, moment: Moment) -> None:
        """The averaged student."""
        save_bundle(self.made(moment), moment.folder / "bundle")
