import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from kinora.core.seed import torch_generator
from kinora.train.loop import RunConfig, Trainer
from kinora.train.muon import Muon, orthogonal
from kinora.train.optimizer import OptimizerConfig, build

CONFIG = RunConfig(
    steps=12, log_every=1, save_every=100, optimizer=OptimizerConfig(rate=1e-2, warmup=1, muon=True)
)


class Net:
    """Learn to swap the halves of a vector."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        blocks = nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 8))
        self.networks = nn.ModuleDict({"blocks": blocks, "out": nn.Linear(8, 8)})

    def batch(self, step: int) -> Tensor:
        return torch.randn(32, 8, generator=torch_generator(0, "x", step))

    def loss(self, batch: Tensor, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        said = self.networks["out"](self.networks["blocks"](batch))
        return (said - batch.roll(4, 1)).square().mean(), {}


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_singular_values_come_near_one_and_vectors_stay() -> None:
    g = torch_generator(0, "matrices")
    made = torch.randn(3, 24, 8, generator=g)
    u, s, v = torch.linalg.svd(orthogonal(made), full_matrices=False)
    assert ((s > 0.6) & (s < 1.3)).all()
    ideal_u, _, ideal_v = torch.linalg.svd(made, full_matrices=False)
    assert (
        torch.nn.functional.cosine_similarity(
            (u @ v).flatten(1), (ideal_u @ ideal_v).flatten(1)
        ).min()
        > 0.95
    )


def test_hidden_matrices_alone_are_turned() -> None:
    net = Net()
    optimizer = build(net.networks, CONFIG.optimizer)
    assert isinstance(optimizer, Muon)
    before = {name: p.detach().clone() for name, p in net.networks.named_parameters()}
    net.loss(net.batch(0), 0)[0].backward()
    optimizer.step()
    turned = net.networks["blocks"][0].weight - before["blocks.0.weight"] * (1 - 1e-4)
    values = torch.linalg.svdvals(turned) / (1e-2 * 0.2 * 16**0.5)
    assert ((values > 0.6) & (values < 1.3)).all()
    plain = net.networks["out"].weight - before["out.weight"] * (1 - 1e-4)
    assert plain.abs().max() <= 1.001e-2  # AdamW's first step is the rate in every entry


def test_a_resumed_run_goes_through_the_same_numbers(tmp_path: Path) -> None:
    Trainer(Net(), CONFIG, tmp_path / "whole").run()
    parts = CONFIG.model_copy(update={"minutes": 1e-9})
    first = Trainer(Net(), parts, tmp_path / "parts")
    first._one_step()
    first.save()
    rest = Trainer(Net(), CONFIG, tmp_path / "parts")
    rest.resume()
    rest.run()
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    assert losses(tmp_path / "whole")[-1] < losses(tmp_path / "whole")[0]
