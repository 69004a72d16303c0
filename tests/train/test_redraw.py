"""A decoder that saw dreams of known clips draws them nearer to what is true, and forgets nothing."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from kinora.autoencoder.model import Autoencoder, AutoencoderConfig
from kinora.data.pool import Pool
from kinora.recipes.redraw import measure, redrawing
from kinora.train.loop import RunConfig, Trainer
from kinora.train.optimizer import OptimizerConfig
from kinora.train.redraw import RedrawTask, RedrawTaskConfig


def film(clips: int) -> Tensor:
    """`[n 9 64 96 3]` uint8: a bright square on a dark ground that slides by two pixels a frame."""
    frames = torch.full((clips, 9, 64, 96, 3), 40, dtype=torch.uint8)
    for n in range(clips):
        for t in range(9):
            top, left = 6 + 7 * n % 30, 4 + 13 * n % 40 + 2 * t
            frames[n, t, top : top + 24, left : left + 24] = 220
    return frames


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    torch.manual_seed(0)
    made = Autoencoder(AutoencoderConfig(fine=16, coarse=16, refine=8, depth=1))
    groups = film(8)[:, 1:5].permute(0, 1, 4, 2, 3).flatten(1, 2)
    made.start_from(groups.float() / 127.5 - 1)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def pool(autoencoder: Autoencoder) -> Pool:
    """Eight clips; a dream is too faint in the fine channels."""
    frames = film(8)
    pixels = frames.permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    with torch.no_grad():
        latents = torch.cat([autoencoder.encode(clip[None]) for clip in pixels])
    dreamt = latents.clone()
    dreamt[:, :, 6:] *= 0.3
    labels = torch.zeros(8, 3, 4, 6, 2, dtype=torch.uint8)
    labels[:, :, 1, 2] = 1
    return Pool(
        {"frames": frames, "latents": latents, "dreamt": dreamt, "labels": labels},
        tuple({} for _ in range(8)),
    )


def task_of(pool: Pool, autoencoder: Autoencoder, **changes: float) -> RedrawTask:
    config = RedrawTaskConfig(batch=4, latents=2, crop=3).model_copy(update=changes)
    return RedrawTask(config, pool, autoencoder, seed=0)


def test_a_crop_shows_what_its_latents_mean(pool: Pool, autoencoder: Autoencoder) -> None:
    """Where and when the latents lie is where and when the pixels do: else drawing them would be far off."""
    task = task_of(pool, autoencoder, real=1.0, crop=64, latents=3)
    batch = task.batch(0)
    with torch.no_grad():
        drawn = task.autoencoder.draw(batch.latents)
    error = (drawn - batch.pixels).square().mean()
    away = (drawn - batch.pixels.roll(1, dims=1)).square().mean()
    assert error < 0.25 * away
    assert torch.equal(batch.pixels[:, 0], batch.pixels[:, 3]), "the first frame stands for four"


def test_small_crops_lie_over_things_on_the_grid(pool: Pool, autoencoder: Autoencoder) -> None:
    task = task_of(pool, autoencoder, real=1.0, near=1.0, latents=3)
    for step in range(6):
        batch = task.batch(step)
        assert batch.latents.shape == (4, 3, 48, 3, 3)
        assert batch.pixels.shape == (4, 12, 3, 48, 48)
        assert (batch.things.flatten(1).amax(1) == 1).all()
        for latents, pixels in zip(batch.latents, batch.pixels, strict=True):
            places = [
                (n, y, x)
                for n in range(8) for y in range(2) for x in range(4)
                if torch.equal(pool.tensors["latents"][n, :, :, y : y + 3, x : x + 3], latents)
            ]  # fmt: skip
            shown = [
                pool.tensors["frames"][n, -1, 16 * y : 16 * y + 48, 16 * x : 16 * x + 48]
                for n, y, x in places
            ]
            last = ((pixels[-1] + 1) * 127.5).round().byte().permute(1, 2, 0)
            assert any(torch.equal(frame, last) for frame in shown)


def test_things_and_what_moves_weigh_more(pool: Pool, autoencoder: Autoencoder) -> None:
    task = task_of(pool, autoencoder, crop=64, latents=3)
    batch = task.batch(0)
    weight = task.weight(batch)
    assert float(weight.mean()) == pytest.approx(1.0)
    assert weight.shape == (4, 12, 1, 64, 96)
    assert (weight[:, :, 0, 24, 40] > weight[:, :, 0, 60, 92]).all()


def test_it_draws_dreams_better_and_forgets_nothing(
    pool: Pool, autoencoder: Autoencoder, tmp_path: Path
) -> None:
    task = task_of(pool, autoencoder, real=0.5)
    before = measure(autoencoder, pool)
    run = RunConfig(steps=120, optimizer=OptimizerConfig(rate=3e-3, warmup=5, clip=0.5))
    Trainer(task, run, tmp_path).run()
    made = redrawing(autoencoder, task.autoencoder.decoder)
    after = measure(made, pool)
    assert after["dreamt"] > before["dreamt"] + 0.5
    assert after["real"] > before["real"] - 0.5
    clip = film(1).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    assert torch.equal(made.encode(clip), autoencoder.encode(clip)), "latents stay what they are"
