from pathlib import Path

from kinora.caption.closer import CloserConfig
from kinora.caption.judge import load_judge
from kinora.caption.network import EyeConfig
from kinora.models.store import save_bundle
from kinora.recipes.judge import (
    CloserStage,
    JudgeRecipe,
    JudgeStage,
    Look,
    judge_small,
    train_judge,
)
from kinora.train.closer import CloserTaskConfig
from kinora.train.judge import JudgeTaskConfig
from kinora.train.loop import RunConfig
from tiny import tiny_bundle

TINY = JudgeTaskConfig(eye=EyeConfig(stem=4, fine=8, coarse=8, depth=1), batch=4, every=2)


NEAR = CloserTaskConfig(network=CloserConfig(widths=(4, 4, 4)), batch=4)


def learnt(recipe: JudgeRecipe) -> list[Look]:
    return [look for stage in (*recipe.stages, recipe.closer) for look in stage.looks]


def test_two_stages_make_a_judge_that_can_be_loaded(tmp_path: Path) -> None:
    stills = Look(name="stills", count=2, first=1)
    clips = Look(name="clips", count=1, frames=7, first=9)
    stages = tuple(
        JudgeStage(name=look.name, looks=(look,), task=TINY, run=RunConfig(steps=2, log_every=1))
        for look in (stills, clips)
    )
    dreamt = Look(name="dreamt", count=1, frames=5, first=17, dreamt=True)
    model = str(save_bundle(tiny_bundle(), tmp_path / "bundle"))
    closer = CloserStage(
        looks=(stills.model_copy(update={"name": "near"}), dreamt), task=NEAR, model=model,
        run=RunConfig(steps=2),
    )  # fmt: skip
    told: list[tuple[str, int]] = []
    train_judge(
        JudgeRecipe(stages=stages, closer=closer, votes=clips), tmp_path / "run", data=tmp_path / "data",
        on_progress=lambda report: told.append((report.stage, report.done)),
    )  # fmt: skip
    assert [done for stage, done in told if stage == "train"] == [1, 2, 1, 2, 1, 2]
    judge = load_judge(tmp_path / "run" / "judge")
    assert judge.eye.config == TINY.eye
    assert judge.closer.config == NEAR.network
    assert judge.tables["kind"].shape == (8, 8)


def test_the_recipe_never_learns_from_the_prompts_it_will_judge() -> None:
    recipe = judge_small()
    for look in (*learnt(recipe), recipe.votes):
        assert 10_000_000 <= look.first < look.first + look.count < 30_000_000


def test_votes_are_counted_on_clips_that_were_not_learnt_from() -> None:
    recipe = judge_small()
    ranges = [range(k.first, k.first + k.count) for k in learnt(recipe)]
    votes = recipe.votes
    assert not any(seed in seeds for seeds in ranges for seed in (votes.first, votes.first + 199))
