"""A tiny model and two films of it, made once."""

from dataclasses import replace

import pytest

from kinora.generate import Film, Request, generate
from kinora.models.bundle import Bundle
from tiny import tiny_bundle


@pytest.fixture(scope="session")
def model() -> Bundle:
    return tiny_bundle()


@pytest.fixture(scope="session")
def causal(model: Bundle) -> Bundle:
    return replace(model, index=model.index.model_copy(update={"causal": True, "views": True}))


@pytest.fixture(scope="session")
def film(model: Bundle) -> Film:
    """25 frames, 7 latents."""
    return generate(model, Request(("a red ball",), seconds=3.0, height=64, width=64, seed=1))


@pytest.fixture(scope="session")
def other(model: Bundle) -> Film:
    """17 frames, 5 latents, other words."""
    return generate(model, Request(("a blue cube",), seconds=2.0, height=64, width=64, seed=2))


@pytest.fixture(scope="session")
def still(model: Bundle) -> Film:
    return generate(model, Request(("a red ball",), seconds=0, height=64, width=64))
