"""A fine decoder draws edges crisper and pixels nearer than the plain drawing enlarged."""

from pathlib import Path

import torch

from kinora.autoencoder.fine import FineConfig, Large
from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.data.pool import Pool
from kinora.recipes.fine import measure
from kinora.train.fine import FineTask, FineTaskConfig, fitting, pictures
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig


def squares(count: int, *, side: int, frames: int = 5) -> Pool:
    """Bright squares on a dark ground, slid by half a small pixel a frame: at twice the size, sharp."""
    large = torch.full((count, frames, 2 * side, 2 * side, 3), 40, dtype=torch.uint8)
    for n in range(count):
        for t in range(frames):
            top, left = 9 + 5 * n % 24, 7 + 11 * n % 26 + t
            large[n, t, top : top + 31, left : left + 29] = 220
    small = large.unflatten(2, (side, 2)).unflatten(4, (side, 2)).float().mean((3, 5))
    return Pool({"small": small.round().byte(), "large": large}, tuple({} for _ in range(count)))


def test_it_learns_to_draw_crisper_than_enlarging(tmp_path: Path) -> None:
    pool = squares(8, side=48)
    torch.manual_seed(0)
    autoencoder = Autoencoder(AutoencoderConfig(fine=16, coarse=16, refine=8, depth=1))
    groups = pool.tensors["small"][:, 1:].permute(0, 1, 4, 2, 3).flatten(1, 2)
    autoencoder.start_from(groups.float() / 127.5 - 1)
    autoencoder.eval().requires_grad_(False)
    network = fitting(FineConfig(times=2, width=24, depth=1), autoencoder)
    task = FineTask(FineTaskConfig(network=network, batch=4), pool, autoencoder, seed=0)
    run = RunConfig(steps=80, optimizer=OptimizerConfig(rate=4e-3, warmup=5))
    Trainer(task, run, tmp_path).run()
    found = measure(Large(autoencoder, task.fine), pictures(pool, torch.arange(8)))
    assert found["sharpness"] > found["sharpness enlarged"] + 0.1
    assert found["psnr"] > found["psnr enlarged"] + 1.5
    assert not any(parameter.requires_grad for parameter in autoencoder.parameters())
