"""What follows from known frames is learnt from the clips themselves, on the levels of the student's steps."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinora.data.pool import Pool
from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.train.few_steps import FewStepsTask, FewStepsTaskConfig
from kinora.train.follow import Follow, FollowConfig, Followed, follows
from kinora.train.lessons import Lessons, LessonsConfig, Stage
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from tiny import tiny_bundle

SECOND = 0.5


def standing(clips: int) -> Pool:
    """Clips in which every latent frame is the first one again."""
    g = torch.Generator().manual_seed(clips)
    still = torch.randn(clips, 1, 48, 2, 2, generator=g).half().repeat(1, 4, 1, 1, 1)
    labels = torch.zeros(clips, 4, 2, 2, 2, dtype=torch.uint8)
    words = {"captions": ["ball", "a red ball", "a red ball stands still on grass"]}
    return Pool({"latents": still, "labels": labels}, tuple(words for _ in range(clips)))


def task_in(folder: Path, *, known: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 0.0)) -> FewStepsTask:
    bundle = tiny_bundle()
    shown = LessonsConfig(
        stages=(Stage(until=1, buckets={"clips": 1.0}, tokens=64, latents=4),),
        drop=0.0, known=known,
    )  # fmt: skip
    walked, real = (
        Lessons(
            shown, {"clips": standing(16)}, bundle.tokenizer,
            patch=bundle.transformer.config.patch, limit=32, seed=0,
        )
        for _ in range(2)
    )  # fmt: skip
    config = FewStepsTaskConfig(
        lessons=shown, walks=2, teacher_steps=4, steps=(4,), aim="stop",
        follow=FollowConfig(lessons=shown, share=1.0, fade=SECOND),
    )  # fmt: skip
    return FewStepsTask(config, walked, bundle, folder=folder, seed=0, real=real)


def test_what_is_near_in_time_to_known_frames_follows_from_them() -> None:
    level = torch.tensor([[0.0, 1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
    time = torch.tensor([[OUTSIDE_TIME, 0.0, 0.5, 1.0, 2.0], [0.0, 0.5, 1.0, 1.5, 2.0]])
    told = follows(level, time, fade=1.0)
    # A portrait stands outside time: nothing follows from it.
    assert told[0].tolist() == pytest.approx([0.0, 0.5, 0.5**0.5, 0.0, 0.5])
    assert told[1].tolist() == [0.0] * 5


def test_another_camera_of_the_same_moments_counts_in_full() -> None:
    level = torch.tensor([[0.0, 0.0, 0.7, 0.7]])
    time = torch.tensor([[0.0, 0.5, 0.0, 0.5]])
    assert follows(level, time, fade=0.1).tolist() == [[0.0, 0.0, 1.0, 1.0]]


def test_frames_wait_on_the_levels_that_the_students_steps_visit(tmp_path: Path) -> None:
    task = task_in(tmp_path)
    assert task.follow is not None
    batches = [task.follow.of(step) for step in range(30)]
    seen = {round(float(value), 4) for each in batches for value in each.sample.level.unique()}
    schedule = {round(float(value), 4) for value in task.follow.schedule}
    assert seen == schedule
    for each in batches:
        assert (each.sample.level[:, 0] == 0).all() and (each.weight[:, 0] == 0).all()
    assert torch.equal(batches[3].sample.x, task.follow.of(3).sample.x)


def test_only_so_many_steps_learn_from_real_clips(tmp_path: Path) -> None:
    follow = task_in(tmp_path).follow
    assert follow is not None
    half = Follow(
        follow.config.model_copy(update={"share": 0.5}), follow.lessons,
        schedule=follow.schedule, step_seconds=SECOND, seed=0,
    )  # fmt: skip
    due = [half.due(step) for step in range(400)]
    assert 150 < sum(due) < 250
    assert all(follow.due(step) for step in range(20))


def test_a_student_learns_that_what_stands_goes_on_standing(tmp_path: Path) -> None:
    task = task_in(tmp_path / "walks")

    def missed() -> float:
        with torch.no_grad():
            return sum(float(task.loss(task.batch(step), step)[0]) for step in range(500, 508)) / 8

    before = missed()
    run = RunConfig(steps=120, optimizer=OptimizerConfig(rate=2e-3, warmup=1), log_every=1000)
    Trainer(task, run, tmp_path / "run").run()
    assert missed() < 0.7 * before


def test_clips_of_which_nothing_is_known_teach_nothing(tmp_path: Path) -> None:
    task = task_in(tmp_path, known=(0.0, 0.0, 0.0, 0.0, 0.0))
    batch = task.batch(0)
    assert isinstance(batch, Followed)
    told = replace(batch, weight=torch.ones_like(batch.weight))
    with torch.no_grad():
        assert float(task.loss(batch, 0)[0]) == 0.0
        assert float(task.loss(told, 0)[0]) > 0.0
