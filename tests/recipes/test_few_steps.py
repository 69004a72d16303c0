from pathlib import Path

import pytest
import torch

from kinora.data.render import Bucket
from kinora.generate import Request, generate, load
from kinora.models.bundle import Bundle
from kinora.recipes.few_steps import FewStepsRecipe, train_few_steps
from kinora.train.few_steps import FewStepsTaskConfig
from kinora.train.lessons import LessonsConfig, Stage
from kinora.train.loop import RunConfig
from tiny import tiny_bundle


@pytest.mark.parametrize("rank", [None, 4])
def test_a_trained_model_becomes_one_of_few_steps_and_goes_on_after_a_stop(
    tmp_path: Path, rank: int | None
) -> None:
    lessons = LessonsConfig(
        stages=(Stage(until=9, buckets={"clips": 1.0}, tokens=24, latents=2),), drop=0.0
    )
    recipe = FewStepsRecipe(
        buckets=(Bucket(name="clips", count=2, frames=5, width=96, height=64),),
        workers=1,
        task=FewStepsTaskConfig(lessons=lessons, walks=2, teacher_steps=4, steps=(2,), rank=rank),
        run=RunConfig(steps=2, save_every=1),
    )
    home, data = tmp_path / "run", tmp_path / "data"
    train_few_steps(recipe, home, data=data, bundle=tiny_bundle())
    longer = recipe.model_copy(update={"run": RunConfig(steps=4)})
    train_few_steps(longer, home, data=data, bundle=tiny_bundle(), resume=True)
    assert len(list((home / "walks").iterdir())) == 2

    model = load(home / "bundle")
    assert model.name == "tiny-test-few"
    assert model.capabilities.guidance == 1.0
    assert model.capabilities.steps == (2, 4, 8)
    film = generate(model, Request(("a red ball",), seconds=0.5, seed=1))
    assert film.request.steps == 4
    assert film.request.guidance == 1.0

    assert isinstance(model, Bundle)
    before, after = tiny_bundle().transformer.state_dict(), model.transformer.state_dict()
    convolution, matrix = "stem.embed.weight", "blocks.0.attention.qkv.weight"
    assert torch.equal(before[convolution].half(), after[convolution].half()) == (rank is not None)
    assert not torch.equal(before[matrix].half(), after[matrix].half())
