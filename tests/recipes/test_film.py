"""The film recipe from nothing: renders, encodes, learns, and writes a bundle that says what it was taught."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinora.data.render import Bucket
from kinora.models.store import load_bundle
from kinora.recipes.film import (
    FilmRecipe,
    film_small,
    film_small_fine,
    film_small_more,
    film_tiny,
    film_tiny_more,
    train_film,
)
from kinora.text.encoder import TextConfig
from kinora.train.lessons import Stage
from kinora.train.optimizer import OptimizerConfig
from kinora.transformer.model import Transformer, TransformerConfig
from tiny import tiny_bundle


def small(**buckets: Bucket) -> FilmRecipe:
    """Two steps: one of clips, one of angles."""
    plain = film_tiny()
    task = plain.task.model_copy(
        update={
            "stages": (
                Stage(until=1, buckets={"clips": 1.0}, tokens=20),
                Stage(until=2, buckets={"angles": 1.0}, tokens=16),
            ),
            "transformer": TransformerConfig(width=64, depth=2, stem=16, context=64),
            "text": TextConfig(vocabulary=8, width=64, depth=1),
            "causal": 1.0,
        }
    )
    run = plain.run.model_copy(update={"steps": 2, "save_every": 100, "precision": "fp32"})
    changes = {"buckets": tuple(buckets.values()), "task": task, "run": run, "workers": 1}
    return plain.model_copy(update={**changes, "steps": (1, 1, 1)})


def test_a_bundle_can_do_what_its_recipe_taught(tmp_path: Path) -> None:
    clips = Bucket(name="clips", count=2, frames=17, width=64, height=64, mix={"cuts": 0.0})
    angles = clips.model_copy(update={"name": "angles", "cameras": ("right",), "frames": 5})
    autoencoder = tiny_bundle().autoencoder
    recipe = small(clips=clips, angles=angles)
    train_film(recipe, tmp_path / "run", data=tmp_path / "data", autoencoder=autoencoder)
    can = load_bundle(tmp_path / "run" / "bundle").capabilities
    assert can.causal
    assert can.views
    assert not can.references
    assert (tmp_path / "run" / "samples-000002.png").exists()


@pytest.mark.parametrize(
    "recipe", [film_tiny(), film_tiny_more(), film_small(), film_small_more(), film_small_fine()]
)
def test_a_recipe_renders_what_its_stages_draw(recipe: FilmRecipe) -> None:
    drawn = {name for stage in recipe.task.stages for name in stage.buckets}
    assert drawn <= {bucket.name for bucket in recipe.buckets}
    assert recipe.run.steps == recipe.task.stages[-1].until


def without_places(told: Transformer) -> Transformer:
    """The same network from before its tokens were told where they stand."""
    plain = Transformer(told.config.model_copy(update={"placed": False}))
    weights = told.state_dict()
    plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
    return plain


@pytest.mark.parametrize(("placed", "patch"), [(False, 2), (True, 2), (True, 1)])
def test_a_film_model_goes_on_from_a_trained_one(placed: bool, patch: int, tmp_path: Path) -> None:
    clips = Bucket(name="clips", count=2, frames=9, width=64, height=64, mix={"cuts": 0.0})
    recipe = small(clips=clips)
    stages = (Stage(until=9, buckets={"clips": 1.0}, tokens=20),)
    sizes = recipe.task.transformer.model_copy(update={"placed": True, "patch": patch})
    task = recipe.task.model_copy(update={"stages": stages, "transformer": sizes})
    run = recipe.run.model_copy(update={"optimizer": OptimizerConfig(rate=1e-9)})
    recipe = recipe.model_copy(update={"task": task, "run": run})
    begin = tiny_bundle()
    if not placed:
        begin = replace(begin, transformer=without_places(begin.transformer))
    made = train_film(
        recipe, tmp_path / "run", data=tmp_path / "data", autoencoder=begin.autoencoder, begin=begin
    )
    config = begin.transformer.config.model_copy(update={"placed": True, "patch": patch})
    assert (
        made.transformer.config
        == load_bundle(tmp_path / "run" / "bundle").transformer.config
        == config
    )
    assert len(made.tokenizer) == len(begin.tokenizer)
    after = made.transformer.state_dict()
    before = {
        name: weight
        for name, weight in begin.transformer.state_dict().items()
        if weight.shape == after[name].shape
    }
    assert len(after) - len(before) <= (3 if patch == 1 else 9)
    assert all(torch.allclose(after[name], before[name], atol=1e-6) for name in before)
    assert any(not torch.equal(after[name], before[name]) for name in before)
