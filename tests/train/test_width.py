"""A rate that was found on a narrow network moves a wide one as much: the coordinate check of muP."""

import pytest
import torch
from torch import Tensor

from kinora.core.errors import UsageError
from kinora.data.pool import Pool
from kinora.text.encoder import TextConfig
from kinora.text.tokenizer import Tokenizer
from kinora.train.film import FilmTask, FilmTaskConfig
from kinora.train.lessons import Stage
from kinora.train.optimizer import OptimizerConfig, build
from kinora.transformer.model import TransformerConfig

NARROW, WIDE = 64, 512
RATE = 1e-3


def task(width: int, *, base_width: int | None) -> FilmTask:
    words = Tokenizer.build(["a", "red", "ball"], {})
    config = FilmTaskConfig(
        transformer=TransformerConfig(width=width, depth=2, stem=16, context=64),
        text=TextConfig(vocabulary=len(words), width=64, depth=1),
        stages=(Stage(until=9, buckets={"stills": 1.0}, tokens=48),),
        base_width=base_width,
    )
    g = torch.Generator().manual_seed(3)
    tensors = {
        "latents": torch.randn(8, 1, 48, 4, 6, generator=g).half(),
        "labels": torch.zeros(8, 1, 4, 6, 2, dtype=torch.uint8),
    }
    pool = Pool(tensors, tuple({"captions": ["a", "a red ball", "red"]} for _ in range(8)))
    return FilmTask(config, {"stills": pool}, words, seed=0)


def moved(width: int, *, base_width: int | None) -> float:
    """How far a few steps carry what the blocks put out, per channel."""
    one = task(width, base_width=base_width)
    config = OptimizerConfig(rate=RATE, weight_decay=0.0)
    optimizer = build(one.networks, config, scales=one.scales)
    for group in optimizer.param_groups:
        group["lr"] = RATE * group.get("scale", 1.0)
    outs: list[Tensor] = []
    one.transformer.blocks[-1].register_forward_hook(
        lambda _, __, out: outs.append(out[0].detach())
    )
    for _ in range(4):
        one.loss(one.batch(0), 0)[0].backward()
        optimizer.step()
        optimizer.zero_grad()
    return float((outs[-1] - outs[0]).square().mean().sqrt())


def test_wide_networks_move_as_far_as_narrow_ones() -> None:
    narrow = moved(NARROW, base_width=None)
    assert moved(WIDE, base_width=None) > 2.0 * narrow
    assert moved(WIDE, base_width=NARROW) < 1.5 * narrow


def test_only_what_sums_over_the_width_is_slowed() -> None:
    scales = task(WIDE, base_width=NARROW).scales
    assert set(scales.values()) == {NARROW / WIDE}
    assert "transformer.blocks.0.mlp.outward.weight" in scales
    assert "transformer.modulation.1.weight" in scales and "head.weight" in scales
    kept = ("stem.merge", "pool", "key_value", "text.", "bias", "norm")
    assert not [name for name in scales if any(word in name for word in kept)]
    assert task(WIDE, base_width=None).scales == {}
    assert task(WIDE, base_width=WIDE).scales == {}


def test_decay_is_not_slowed() -> None:
    one = task(128, base_width=64)
    groups = build(one.networks, OptimizerConfig(weight_decay=0.1), scales=one.scales).param_groups
    decays = {group["scale"] * group["weight_decay"] for group in groups if "scale" in group}
    assert decays == {0.1} and len(groups) == 3


def test_muon_wants_no_base_width() -> None:
    one = task(128, base_width=64)
    with pytest.raises(UsageError, match="base_width"):
        build(one.networks, OptimizerConfig(muon=True), scales=one.scales)
