"""What the two networks learn: their batches, levels and losses, at the smallest size."""

import copy
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from kinora.autoencoder.model import AutoencoderConfig
from kinora.data.pool import Pool
from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.evaluate.fidelity import fidelity
from kinora.text.encoder import TextConfig
from kinora.text.tokenizer import Tokenizer
from kinora.train.autoencoder import AutoencoderTask, AutoencoderTaskConfig, finish
from kinora.train.film import FilmTask, FilmTaskConfig
from kinora.train.lessons import SPARSE, Stage, with_ways
from kinora.train.loop import RunConfig, Trainer
from kinora.train.motion import NOTHING
from kinora.train.optimizer import OptimizerConfig
from kinora.transformer.model import TransformerConfig

NETWORK = AutoencoderConfig(fine=16, coarse=16, refine=8, depth=1)


def moving_squares(clips: int) -> Pool:
    """Bright squares that slide over a dark ground, one pixel a frame."""
    frames = torch.full((clips, 9, 64, 96, 3), 40, dtype=torch.uint8)
    for clip in range(clips):
        for t in range(9):
            x = 4 * clip % 50 + 3 * t
            frames[clip, t, 20:40, x : x + 16] = torch.tensor(
                [220, 60 + 9 * clip, 40], dtype=torch.uint8
            )
    labels = torch.zeros(clips, 3, 4, 6, 2, dtype=torch.uint8)
    labels[:, :, 1, 2] = 3
    return Pool({"frames": frames, "labels": labels}, tuple({} for _ in range(clips)))


@pytest.fixture
def compress() -> AutoencoderTask:
    config = AutoencoderTaskConfig(
        network=NETWORK, batch=4, latents=3, crop=64, align=0.0, small=0.0, noise=0.0, bound=0.0
    )
    task = AutoencoderTask(config, [moving_squares(8)], seed=0)
    task.start(8)
    return task


def test_the_autoencoder_learns_beyond_its_linear_start(
    compress: AutoencoderTask, tmp_path
) -> None:
    pool = compress.pools[0]
    pixels = pool.tensors["frames"][:4].permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    trainer = Trainer(
        compress,
        RunConfig(steps=100, ema=0.8, optimizer=OptimizerConfig(rate=2e-3, warmup=5)),
        tmp_path,
    )

    def measure() -> float:
        with torch.inference_mode():
            return fidelity(
                compress.autoencoder.decode(compress.autoencoder.encode(pixels)), pixels
            ).moving

    before = measure()
    trainer.run()
    assert measure() > before + 1
    finish(compress.autoencoder, pixels)
    with torch.inference_mode():
        power = compress.autoencoder.encode(pixels).square().mean()
    assert float(power) == pytest.approx(1.0, rel=1e-3)


def test_batches_depend_on_the_step_alone(compress: AutoencoderTask) -> None:
    assert torch.equal(compress.batch(7).pixels, compress.batch(7).pixels)
    assert not torch.equal(compress.batch(7).pixels, compress.batch(8).pixels)


def latent_pool(clips: int, frames: int) -> Pool:
    generator = torch.Generator().manual_seed(frames)
    tensors = {
        "latents": torch.randn(clips, frames, 48, 4, 6, generator=generator).half(),
        "labels": torch.zeros(clips, frames, 4, 6, 2, dtype=torch.uint8),
    }
    rows = tuple(
        {"captions": ["red ball", "a red ball", "a red ball. it is red."]} for _ in range(clips)
    )
    return Pool(tensors, rows)


@pytest.fixture
def film() -> FilmTask:
    tokenizer = Tokenizer.build(["a", "red", "ball", "it", "is", "."], {})
    config = FilmTaskConfig(
        transformer=TransformerConfig(width=64, depth=2, stem=16, context=64),
        text=TextConfig(vocabulary=len(tokenizer), width=64, depth=1),
        stages=(
            Stage(until=2, buckets={"stills": 1.0}, tokens=48),
            Stage(until=9, buckets={"clips": 1.0}, tokens=60, latents=3),
        ),
    )
    pools = {"stills": latent_pool(8, 1), "clips": latent_pool(8, 5)}
    return FilmTask(config, pools, tokenizer, seed=0)


def test_stages_choose_bucket_length_and_batch(film: FilmTask) -> None:
    assert film.batch(0).latents.shape == (8, 1, 48, 4, 6)
    assert film.batch(2).latents.shape == (3, 3, 48, 4, 6)
    assert film.batch(10_000).latents.shape == (3, 3, 48, 4, 6)


def test_clips_that_come_later_are_shown_with_their_own_words(film: FilmTask) -> None:
    more = latent_pool(4, 1)
    more.tensors["latents"].fill_(7.0)
    rows = tuple({"captions": ["red", "red", "red " * 9]} for _ in more.rows)
    film.lessons.add("stills", Pool(more.tensors, rows))
    assert len(film.lessons.pools["stills"]) == 12
    heard: dict[bool, set[int]] = {True: set(), False: set()}
    for step in range(2, 40):
        film.lessons.config = film.config.model_copy(
            update={"stages": (film.config.stages[0].model_copy(update={"until": 99}),)}
        )
        batch = film.batch(step)
        for latents, mask in zip(batch.latents, batch.mask, strict=True):
            heard[bool((latents == 7).all())].add(int(mask.sum()))
    assert heard[True] == {1, 2, 10}
    assert heard[False] == {1, 3, 4, 9}


def test_levels_make_frames_known_as_the_mixture_says(film: FilmTask) -> None:
    level = film.lessons.levels(4000, 5, step=0)
    assert level.shape == (4000, 5)
    known = level == 0
    first, three = known[:, 0] & ~known[:, 1], known[:, :3].all(1)
    shares = {"first": 0.12 + 0.05, "three": 0.15, "ends": 0.05}
    assert float(first.float().mean()) == pytest.approx(shares["first"], abs=0.03)
    assert float(three.float().mean()) == pytest.approx(shares["three"], abs=0.03)
    assert float(known[:, -1].float().mean()) == pytest.approx(shares["ends"] + 0.05, abs=0.02)
    later = known[:, -1] & ~known[:, 0]
    assert float(later.float().mean()) == pytest.approx(0.05, abs=0.02)
    steps = known[later].float().diff(dim=1)
    assert (steps >= 0).all(), "what comes after the moment is known, what comes before is dreamt"
    assert not known.all(1).any()


def test_clips_are_learnt_at_more_noise_than_stills(film: FilmTask) -> None:
    still, clip = film.lessons.levels(999, 1, step=3), film.lessons.levels(999, 9, step=3)
    assert float(still.median()) == pytest.approx(1.5 / 2.5, abs=0.02)
    assert float(clip[:, 4].median()) > float(still.median()) + 0.05


def test_the_film_task_learns_one_batch_by_heart(film: FilmTask, tmp_path) -> None:
    def error() -> float:
        with torch.no_grad():
            return float(film.loss(film.batch(0), 0)[1]["velocity"])

    before = error()
    optimizer = torch.optim.AdamW(film.networks.parameters(), lr=3e-3)
    for _ in range(60):
        loss, _ = film.loss(film.batch(0), 0)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert error() < 0.7 * before


def test_the_aligning_head_reaches_the_middle_of_the_network(film: FilmTask) -> None:
    film.loss(film.batch(0), 0)
    standing, going = film.align(film.batch(0).labels)
    (standing + going).backward()
    assert film.head.weight.grad is not None
    first, last = film.transformer.blocks[0], film.transformer.blocks[-1]
    assert first.mlp.inward.weight.grad is not None
    assert last.mlp.inward.weight.grad is None


def test_the_way_things_go_counts_as_much_as_asked(film: FilmTask) -> None:
    batch = film.batch(5)
    batch = replace(batch, labels=torch.ones_like(batch.labels))
    plain, parts = film.loss(batch, 5)
    film.config = film.config.model_copy(update={"motion": 0.5})
    asked, _ = film.loss(batch, 5)
    assert float(parts["motion"].detach()) > 0
    assert float((asked - plain).detach()) == pytest.approx(0.5 * float(parts["motion"].detach()))


def test_ways_are_told_within_a_film_and_not_across_its_cuts() -> None:
    labels = torch.zeros(1, 7, 4, 6, 2, dtype=torch.long)
    for frame, column in enumerate((5, 0, 1, 2, 3, 2, 1)):  # a portrait, one camera, another one
        labels[0, frame, 1, column] = torch.tensor([3, 5])
    told = with_ways(labels, sides=2, portraits=1)
    assert torch.equal(told[..., :2], labels)
    across = [
        int(told[0, frame, 1, column, 2]) for frame, column in enumerate((5, 0, 1, 2, 3, 2, 1))
    ]
    assert across == [NOTHING, 2, 2, 2, 1, 1, 1]


def test_some_clips_are_shown_in_glimpses(film: FilmTask) -> None:
    stages = (Stage(until=1, buckets={"clips": 1.0}, tokens=60, latents=5),)
    config = film.config.model_copy(update={"stages": stages, "sparse": 0.5})
    tokenizer = Tokenizer.build(["a", "red", "ball", "it", "is", "."], {})
    task = FilmTask(config, {"clips": latent_pool(8, 5)}, tokenizer, seed=0)
    batches = [task.batch(step) for step in range(40)]
    glimpses = [len(batch.numbers) == SPARSE for batch in batches]
    assert 8 < sum(glimpses) < 32
    step = glimpses.index(True)
    batch = batches[step]
    assert batch.latents.shape == (3, SPARSE, 48, 4, 6)  # instead of two clips of five frames
    place = task.lessons.place(batch, step_seconds=0.5)
    assert place.time[0].tolist() == [0.5 * n for n in batch.numbers]
    pool = task.lessons.pools["clips"].tensors["latents"].float()[:, batch.numbers]
    assert all(any(torch.equal(one, clip) for clip in pool) for one in batch.latents)
    assert torch.isfinite(task.loss(batch, step)[0])
    assert {tuple(one.numbers.tolist()) for one in batches if len(one.numbers) == SPARSE} > {
        (0, 2, 4)
    }


def with_another_camera(clips: int, frames: int) -> Pool:
    """As `latent_pool`, its second half of frames seen from the right."""
    pool = latent_pool(clips, 2 * frames)
    return Pool(pool.tensors, tuple({**row, "cameras": [0, 2]} for row in pool.rows))


@pytest.fixture
def studio(film: FilmTask) -> FilmTask:
    """A task that also learns to stream and to look from elsewhere."""
    stages = (
        Stage(until=100, buckets={"clips": 1.0}, tokens=60, latents=5),
        Stage(until=101, buckets={"angles": 1.0}, tokens=96, latents=3),
    )
    config = film.config.model_copy(update={"stages": stages, "causal": 0.5, "chunk": 2})
    pools = {"clips": latent_pool(8, 5), "angles": with_another_camera(8, 5)}
    tokenizer = Tokenizer.build(["a", "red", "ball", "it", "is", "."], {})
    return FilmTask(config, pools, tokenizer, seed=0)


def test_a_batch_from_two_cameras_keeps_them_in_step(studio: FilmTask) -> None:
    batch = studio.batch(100)
    assert batch.latents.shape == (2, 6, 48, 4, 6)
    place = studio.lessons.place(batch, step_seconds=0.5)
    assert place.time[0].tolist() == [0, 0.5, 1, 0, 0.5, 1]
    assert place.view[0].tolist() == [0, 0, 0, 2, 2, 2]
    assert place.chunk is None
    loss, _ = studio.loss(batch, 100)
    assert torch.isfinite(loss)
    pool = studio.lessons.pools["angles"].tensors["latents"].float()
    clip = [torch.equal(one[0], batch.latents[0, 0]) for one in pool].index(True)
    assert torch.equal(pool[clip, 5:8], batch.latents[0, 3:])


def test_some_batches_are_learnt_as_a_stream_shows_them(studio: FilmTask) -> None:
    streams = [studio.lessons.streams(5, step) for step in range(400)]
    assert sum(streams) / 400 == pytest.approx(0.5, abs=0.08)
    assert not any(studio.lessons.streams(2, step) for step in range(400))
    step = streams.index(True)
    batch = studio.batch(step)
    place = studio.lessons.place(batch, step_seconds=0.5, streams=True)
    assert place.chunk is not None
    assert place.chunk[0].tolist() == [0, 0, 1, 1, 2]

    # What comes later must not reach what was before it.
    words = studio.transformer.read(studio.text(batch.ids, batch.mask))
    torch.nn.init.normal_(studio.transformer.head.out.weight)
    for block in studio.transformer.blocks:
        torch.nn.init.normal_(block.attention.out.weight, std=0.1)
    level = torch.full((len(batch.latents), 5), 0.5)
    x = batch.latents
    with torch.no_grad():
        one = studio.transformer(x, level, place, words)
        x = torch.cat([x[:, :4], x[:, 4:] + 1], dim=1)
        other = studio.transformer(x, level, place, words)
    assert torch.allclose(one[:, :4], other[:, :4], atol=1e-5)
    assert not torch.allclose(one[:, 4], other[:, 4], atol=1e-3)


def test_a_portrait_is_known_outside_time_and_changes_what_is_dreamt(film: FilmTask) -> None:
    pool = latent_pool(8, 4)
    cast = Pool(pool.tensors, tuple({**row, "portrait": True} for row in pool.rows))
    stages = (Stage(until=9, buckets={"cast": 1.0}, tokens=24, latents=9),)
    config = film.config.model_copy(update={"stages": stages, "causal": 1.0, "chunk": 2})
    tokenizer = Tokenizer.build(["a", "red", "ball", "it", "is", "."], {})
    task = FilmTask(config, {"cast": cast}, tokenizer, seed=0)
    batch = task.batch(0)
    assert batch.portraits == 1
    assert batch.latents.shape == (1, 4, 48, 4, 6)
    place = task.lessons.place(batch, step_seconds=0.5, streams=True)
    assert place.time[0].tolist() == [OUTSIDE_TIME, 0, 0.5, 1]
    assert place.chunk is not None
    assert place.chunk[0].tolist() == [-1, 0, 0, 1]
    torch.nn.init.normal_(task.transformer.head.out.weight)
    for block in task.transformer.blocks:
        torch.nn.init.normal_(block.attention.out.weight, std=0.1)
    with torch.no_grad():
        before = float(task.loss(batch, 0)[1]["velocity"])
        batch.latents[:, 0] += 1
        after = float(task.loss(batch, 0)[1]["velocity"])
    assert before != after
    with torch.no_grad():
        words = task.transformer.read(task.text(batch.ids, batch.mask))
        level = torch.tensor([[0.0, 0.5, 0.5, 0.5]])
        x = batch.latents
        one = task.transformer(x, level, place, words)
        later = torch.cat([x[:, :1], x[:, 1:] + 1], dim=1)
        other = task.transformer(later, level, place, words)
    assert torch.allclose(one[:, 0], other[:, 0], atol=1e-5)


def test_a_routed_task_learns_and_is_whole_again_when_told(film: FilmTask) -> None:
    deep = film.config.transformer.model_copy(update={"depth": 4})
    config = film.config.model_copy(update={"transformer": deep, "route": 0.5, "route_until": 7})
    tokenizer = Tokenizer.build(["a", "red", "ball", "it", "is", "."], {})
    task = FilmTask(config, film.lessons.pools, tokenizer, seed=0)
    seen: list[int] = []
    task.transformer.blocks[1].attention.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].shape[1])
    )
    for step in (3, 7):
        loss, parts = task.loss(task.batch(step), step)
        loss.backward()
        assert torch.isfinite(loss) and float(parts["align"].detach()) > 0
    assert seen == [9, 18]


COMPILED = """
import copy, torch
from kinora.data.pool import Pool
from kinora.text.encoder import TextConfig
from kinora.text.tokenizer import Tokenizer
from kinora.train.film import FilmTask, FilmTaskConfig
from kinora.train.lessons import Stage
from kinora.transformer.model import TransformerConfig

words = Tokenizer.build(["a", "red", "ball", "it", "is", "."], {})
pool = Pool(
    {"latents": torch.randn(8, 5, 48, 4, 6), "labels": torch.ones(8, 5, 4, 6, 2, dtype=torch.uint8)},
    tuple({"captions": ["red ball", "a red ball.", "it is a red ball."]} for _ in range(8)),
)
config = FilmTaskConfig(
    transformer=TransformerConfig(width=64, depth=2, stem=16, context=64),
    text=TextConfig(vocabulary=len(words), width=64, depth=1),
    stages=(Stage(until=9, buckets={"clips": 1.0}, tokens=60, latents=3),), causal=1.0,
)
plain = FilmTask(config, {"clips": pool}, words, seed=0)
for weights in plain.networks.parameters():  # many would be zero, and so would gradients
    torch.nn.init.normal_(weights, std=0.1)
compiled = copy.deepcopy(plain)
compiled.compile()
batch = plain.batch(0)
for task in (plain, compiled):
    with torch.autocast("cpu", torch.bfloat16):
        task.loss(batch, 0)[0].backward()
parts = zip(plain.networks.named_parameters(), compiled.networks.named_parameters(), strict=True)
for (name, one), (_, other) in parts:
    if one.grad is None:
        assert other.grad is None, name
        continue
    apart, scale = (one.grad - other.grad).norm(), one.grad.norm()
    assert apart < 0.05 * scale + 1e-6, (name, apart, scale)
"""


def test_a_compiled_task_learns_the_same() -> None:
    # In a process of its own: the types that tests check at run time are nothing that torch can compile.
    subprocess.run([sys.executable, "-c", COMPILED], check=True)


def test_averaged_networks_hold_no_data(film: FilmTask) -> None:
    twin = copy.deepcopy(film.networks)
    hooks = twin["transformer"].blocks[0]._forward_hooks.values()
    held = [name for hook in hooks for name in vars(getattr(hook, "__self__", hook))]
    assert hooks and set(held) <= {"tokens"}
