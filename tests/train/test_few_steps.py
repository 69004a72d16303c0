"""A student of few steps comes nearer to its teacher's many guided ones."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kinora.data.pool import Pool
from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.flow.schedule import levels
from kinora.nn.lowrank import difference, merged
from kinora.nn.store import write_weights
from kinora.train.few_steps import FewStepsTask, FewStepsTaskConfig
from kinora.train.lessons import Lessons, LessonsConfig, Stage
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.train.walk import Walk
from tiny import tiny_bundle

GUIDANCE = 8.0
WORDS = ("red ball", "a red ball on grass", "the blue cube rolls on sand at sunset")


def pool(clips: int) -> Pool:
    generator = torch.Generator().manual_seed(clips)
    tensors = {
        "latents": torch.randn(clips, 2, 48, 2, 2, generator=generator).half(),
        "labels": torch.zeros(clips, 2, 2, 2, 2, dtype=torch.uint8),
    }
    return Pool(tensors, tuple({"captions": list(WORDS)} for _ in range(clips)))


def task_in(folder: Path, **changes: object) -> FewStepsTask:
    bundle = tiny_bundle()
    lessons = LessonsConfig(
        stages=(Stage(until=1, buckets={"clips": 1.0}, tokens=32, latents=2),), drop=0.0
    )
    made = Lessons(
        lessons, {"clips": pool(8)}, bundle.tokenizer,
        patch=bundle.transformer.config.patch, limit=32, seed=0,
    )  # fmt: skip
    config = FewStepsTaskConfig(
        lessons=lessons, walks=20, teacher_steps=32, guidance=GUIDANCE
    ).model_copy(update=changes)
    return FewStepsTask(config, made, bundle, folder=folder, seed=0)


def missed(task: FewStepsTask, walk: Walk, steps: int) -> Tensor:
    """Mean squared distance from where the teacher ends after `steps` steps of the student."""
    schedule = levels(steps, amount=task.teacher.shift)
    with torch.no_grad():
        words = task.teacher.listen(walk.ids, walk.mask, task.student)
        return (task.walked(walk, schedule, words) - walk.path[-1]).square().mean()


def test_few_steps_come_nearer_to_many_guided_ones(tmp_path: Path) -> None:
    task = task_in(tmp_path / "walks")
    unseen = [task.walks.of(number) for number in range(100, 102)]

    def errors() -> dict[int, float]:
        return {
            steps: float(torch.stack([missed(task, walk, steps) for walk in unseen]).mean())
            for steps in (2, 4)
        }

    before = errors()
    run = RunConfig(steps=100, optimizer=OptimizerConfig(rate=1e-3, warmup=1), log_every=1000)
    Trainer(task, run, tmp_path / "run").run()
    after = errors()
    assert after[4] < 0.75 * before[4]
    assert after[2] < 0.65 * before[2]


def test_a_student_may_begin_as_another_one_ended(tmp_path: Path) -> None:
    task = task_in(tmp_path / "walks", rank=4)
    run = RunConfig(steps=10, optimizer=OptimizerConfig(rate=1e-2, warmup=1), log_every=1000)
    Trainer(task, run, tmp_path / "run").run()
    learnt = difference(tiny_bundle().transformer.state_dict(), merged(task.student), 4)
    write_weights(tmp_path / "change.safetensors", learnt, {})
    walk = task.batch(0)
    begun = task_in(tmp_path / "walks", rank=4, begin=tmp_path / "change.safetensors")
    plain = task_in(tmp_path / "walks", rank=4)
    ends = [float(missed(each, walk, 4)) for each in (task, begun, plain)]
    assert ends[1] == pytest.approx(ends[0], rel=1e-2)
    assert ends[2] != pytest.approx(ends[0], rel=1e-2)
    with pytest.raises(ValueError, match="rank"):
        FewStepsTaskConfig(lessons=task.config.lessons, begin=Path("change.safetensors"))


def test_a_walk_is_kept_and_comes_back_the_same(tmp_path: Path) -> None:
    first = task_in(tmp_path).batch(3)
    assert [file.name for file in tmp_path.iterdir()] == ["00003.safetensors"]
    again = task_in(tmp_path).batch(23)
    assert torch.equal(first.path, again.path)
    assert torch.equal(first.start, again.start)


def test_known_frames_are_held_by_teacher_and_student(tmp_path: Path) -> None:
    task = task_in(tmp_path)
    walk = task.batch(0)
    level = walk.level.clone()
    level[:, 0] = 0.0
    end = task.teacher.path(walk.start, level, walk.place, walk.ids, walk.mask)[-1]
    assert torch.equal(end[:, 0], walk.start[:, 0])
    assert not torch.allclose(end[:, 1], walk.start[:, 1], atol=0.1)


def test_a_walk_may_know_a_portrait_or_another_camera(tmp_path: Path) -> None:
    told = pool(8)
    cast = Pool(told.tensors, tuple({**row, "portrait": True} for row in told.rows))
    seen = Pool(told.tensors, tuple({**row, "cameras": [0, 2]} for row in told.rows))
    for name, known in (("cast", cast), ("angles", seen)):
        task = task_in(tmp_path / name)
        task.walks.lessons.pools.clear()
        task.walks.lessons.add("clips", known)
        walk = task.batch(0)
        assert torch.isfinite(task.loss(walk, 0)[0])
        if name == "cast":
            assert (walk.place.time[:, 0] == OUTSIDE_TIME).all()
            assert (walk.level[:, 0] == 0).all() and (walk.level[:, 1] > 0).all()
            assert torch.equal(walk.path[-1][:, 0], walk.start[:, 0])
        else:
            assert walk.place.view[0].tolist() == [0, 2]
            assert (walk.level[:, 1] > 0).all()


def test_some_clips_are_reworked_from_part_of_the_way(tmp_path: Path) -> None:
    all_noise = task_in(tmp_path / "none", rework=0.0).batch(0)
    partly = task_in(tmp_path / "all", rework=1.0).batch(0)
    assert set(all_noise.level.flatten().tolist()) <= {0.0, 1.0}
    assert ((partly.level > 0) & (partly.level < 1)).any()


def test_stops_are_where_the_walk_stands_after_the_students_steps(tmp_path: Path) -> None:
    task = task_in(tmp_path, teacher_steps=4, guidance=1.0, aim="stop", steps=(4,), rework=0.0)
    walk = task.batch(0)
    # A teacher of as few steps without guidance is the student as it begins: there is nothing to learn.
    with torch.no_grad():
        losses = [float(task.loss(walk, step)[0]) for step in range(8)]
    assert max(losses) < 1e-4
    assert walk.path.shape == (4, *walk.start.shape)


def test_stops_of_two_numbers_of_steps_are_refused() -> None:
    lessons = LessonsConfig(stages=())
    with pytest.raises(ValueError, match="name one"):
        FewStepsTaskConfig(lessons=lessons, aim="stop", steps=(2, 4))
    with pytest.raises(ValueError, match="multiple"):
        FewStepsTaskConfig(lessons=lessons, teacher_steps=30)


@pytest.mark.parametrize("steps", [2, 4])
def test_the_loss_is_zero_where_the_student_points_at_the_end(tmp_path: Path, steps: int) -> None:
    task = task_in(tmp_path, steps=(steps,), rework=0.0)
    walk = task.batch(0)
    straight = torch.tensor([1.0, 0.0])
    with torch.no_grad():
        words = task.teacher.listen(walk.ids, walk.mask, task.student)
        end = task.walked(walk, straight, words)
        aims = [float(task.loss(replace(walk, path=end[None]), step)[0]) for step in range(12)]
    # Only the first of its steps starts where that one long step did.
    assert min(aims) < 1e-8
    assert max(aims) > 1e-6
