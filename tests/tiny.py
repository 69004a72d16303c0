"""A film model of a few thousand weights, random but always the same. Out: its folder, once a session.

`from tiny import tiny_model_folder` in a `conftest.py`, or name `pytest_plugins = ["tiny"]`.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.models.bundle import Bundle, Index
from kinora.models.store import load_bundle, save_bundle, save_change
from kinora.text.encoder import TextConfig, TextEncoder
from kinora.text.tokenizer import Tokenizer
from kinora.transformer.model import Transformer, TransformerConfig

WORDS = "a the red blue green ball cube cone rolls bounces falls past on over grass sand at sunset"
FPS = 8.0
HEIGHT, WIDTH = 64, 96
STEPS = (2, 4, 6)


def tiny_bundle(*, seed: int = 0) -> Bundle:
    """A whole bundle at the smallest size its parts allow; outputs are noise, but never flat."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        words = Tokenizer.build(WORDS.split(), {"red": ["crimson"]})
        bundle = Bundle(
            index=Index(
                name="tiny-test", fps=FPS, height=HEIGHT, width=WIDTH, steps=STEPS, references=True
            ),
            tokenizer=words,
            text=TextEncoder(TextConfig(vocabulary=len(words), width=64, depth=1, limit=32)),
            transformer=Transformer(
                TransformerConfig(width=64, depth=2, stem=16, context=64, placed=True)
            ),
            autoencoder=Autoencoder(AutoencoderConfig(fine=8, coarse=16, refine=8, depth=1)),
        )
        for network in (bundle.text, bundle.transformer, bundle.autoencoder):
            _stir(network)
    return bundle


def tiny_student(home: Path) -> Path:
    """The folder of `few`, which needs no guidance, beside that of `many`, of which it is a change."""
    bundle = tiny_bundle()
    save_bundle(named(bundle, name="many"), home / "many")
    few = named(bundle, name="few", guidance=1.0, steps=(1, 2, 3))
    return save_change(few, load_bundle(home / "many"), home / "few", rank=1)


def named(bundle: Bundle, **values: object) -> Bundle:
    """The bundle with other words in its index."""
    return replace(bundle, index=bundle.index.model_copy(update=values))


def _stir(network: torch.nn.Module) -> None:
    # Layers that start at zero would make every prompt and every seed give one grey film.
    for parameter in network.parameters():
        if not parameter.abs().sum():
            torch.nn.init.normal_(parameter, std=0.05)


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `tiny_bundle()`, as `--model` or `kinora.generate.load` take it."""
    return save_bundle(tiny_bundle(), tmp_path_factory.mktemp("tiny-model"))
