from pathlib import Path

from kinora.caption.judge import load_judge
from kinora.caption.network import EyeConfig
from kinora.recipes.judge import JudgeRecipe, JudgeStage, Look, judge_tiny, train_judge
from kinora.train.judge import JudgeTaskConfig
from kinora.train.loop import RunConfig

TINY = JudgeTaskConfig(eye=EyeConfig(stem=4, fine=8, coarse=8, depth=1), batch=4, every=2)


def test_two_stages_make_a_judge_that_can_be_loaded(tmp_path: Path) -> None:
    stills = Look(name="stills", count=2, first=1)
    clips = Look(name="clips", count=1, frames=5, first=9)
    stages = tuple(
        JudgeStage(name=look.name, looks=(look,), task=TINY, run=RunConfig(steps=2, log_every=1))
        for look in (stills, clips)
    )
    told: list[tuple[str, int]] = []
    train_judge(
        JudgeRecipe(stages=stages), tmp_path / "run", data=tmp_path / "data",
        on_progress=lambda report: told.append((report.stage, report.done)),
    )  # fmt: skip
    assert [done for stage, done in told if stage == "train"] == [1, 2, 1, 2]
    judge = load_judge(tmp_path / "run" / "judge")
    assert judge.eye.config == TINY.eye


def test_the_recipe_never_learns_from_the_prompts_it_will_judge() -> None:
    for stage in judge_tiny().stages:
        for look in stage.looks:
            assert 10_000_000 <= look.first < look.first + look.count < 30_000_000
