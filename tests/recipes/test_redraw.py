import json
from pathlib import Path

import torch

from kinora.data.render import Bucket
from kinora.generate import Request, generate, load
from kinora.models.bundle import Bundle
from kinora.recipes.redraw import RedrawRecipe, train_redraw
from kinora.train.loop import RunConfig
from kinora.train.redraw import RedrawTaskConfig
from tiny import tiny_bundle


def test_a_bundle_gets_a_decoder_for_its_own_dreams(tmp_path: Path) -> None:
    recipe = RedrawRecipe(
        clips=Bucket(name="clips", count=4, frames=5, width=96, height=64, per_shard=2),
        unseen=1,
        workers=1,
        levels=(0.3, 0.6),
        task=RedrawTaskConfig(batch=2, latents=2, crop=3),
        run=RunConfig(steps=2, save_every=1),
    )
    home, data = tmp_path / "run", tmp_path / "data"
    train_redraw(recipe, home, data=data, bundle=tiny_bundle())
    longer = recipe.model_copy(update={"run": RunConfig(steps=3, save_every=1)})
    made = train_redraw(longer, home, data=data, bundle=tiny_bundle(), resume=True)

    lines = [json.loads(line) for line in (home / "redraw.jsonl").read_text().splitlines()]
    assert sorted({line["step"] for line in lines}) == [1, 2, 3]
    assert {"real", "dreamt", "real before", "dreamt before"} <= set(lines[0])
    assert len(list((home / "dreamt").glob("*.safetensors"))) == 2

    model, before = load(home / "bundle"), tiny_bundle()
    assert isinstance(model, Bundle)
    wish = Request(("a red ball",), seconds=0.5, seed=1)
    old, new = generate(before, wish), generate(model, wish)
    assert torch.allclose(old.latents, new.latents, atol=0.05), "only what draws them has changed"
    ours, theirs = made.autoencoder.state_dict(), before.autoencoder.state_dict()
    changed = {name.split(".")[0] for name in ours if not torch.equal(ours[name], theirs[name])}
    assert changed == {"decoder"}
