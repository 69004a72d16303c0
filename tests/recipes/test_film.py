"""The film recipe from nothing: renders, encodes, learns, and writes a bundle that says what it was taught."""

from pathlib import Path

from kinora.data.render import Bucket
from kinora.models import load_bundle
from kinora.recipes.film import film_tiny, train_film
from kinora.text.encoder import TextConfig
from kinora.train.lessons import Stage
from kinora.transformer.model import TransformerConfig
from tiny import tiny_bundle


def test_a_bundle_can_do_what_its_recipe_taught(tmp_path: Path) -> None:
    clips = Bucket(name="clips", count=2, frames=17, width=64, height=64, mix={"cuts": 0.0})
    angles = clips.model_copy(update={"name": "angles", "cameras": ("right",), "frames": 5})
    autoencoder = tiny_bundle().autoencoder
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
    recipe = plain.model_copy(
        update={
            "buckets": (clips, angles),
            "task": task,
            "run": run,
            "workers": 1,
            "steps": (1, 1, 1),
        }
    )
    train_film(recipe, tmp_path / "run", data=tmp_path / "data", autoencoder=autoencoder)
    can = load_bundle(tmp_path / "run" / "bundle").capabilities
    assert can.causal
    assert can.views
    assert not can.references
    assert (tmp_path / "run" / "samples-000002.png").exists()
