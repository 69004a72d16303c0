"""A memory is exact while it is whole, and bounded for ever."""

import pytest
import torch

from kinora.models.bundle import Bundle
from kinora.transformer.memory import Memory, MemoryConfig
from kinora.transformer.model import Past
from kinora.transformer.place import Place
from tiny import tiny_bundle

ROWS, COLUMNS = 2, 3
WHOLE = MemoryConfig(chunk=2, sinks=1, window=64, reach=1e6)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return tiny_bundle()


def place(time: torch.Tensor, chunk: torch.Tensor | None = None, *, now: float = 0.0) -> Place:
    zeros = torch.zeros(1, len(time), dtype=torch.long)
    return Place(time=time[None] - now, view=zeros, text=zeros, chunk=chunk, start=now)


def latents(bundle: Bundle, frames: int) -> torch.Tensor:
    return torch.randn(
        1, frames, bundle.channels, ROWS * 2, COLUMNS * 2, generator=torch.manual_seed(1)
    )


@torch.inference_mode()
def own(bundle: Bundle, frames: int, start: float = 0.0) -> Past:
    words = bundle.read(["a red ball"]).states
    time = start + 0.5 * torch.arange(frames)
    x = latents(bundle, frames)
    setting = bundle.transformer.prepare(place(time), words, x.shape[-2:])
    return bundle.transformer.run(x, torch.zeros(1, frames), setting)[1]


@torch.inference_mode()
def test_a_block_with_a_memory_equals_the_whole_film_seen_block_causally(bundle: Bundle) -> None:
    network, words = bundle.transformer, bundle.read(["a red ball"]).states
    x, time = latents(bundle, 6), 40 + 0.5 * torch.arange(6)
    level = torch.tensor([[0.0, 0, 0, 0, 0.7, 0.7]])
    chunk = torch.tensor([[0, 0, 1, 1, 2, 2]])
    whole = network(x, level, place(time, chunk), words)

    memory = Memory(WHOLE)
    for start in (0, 2):
        part, now = slice(start, start + 2), float(time[start])
        where = place(time[part], now=now)
        setting = network.prepare(where, words, x.shape[-2:], memory.past(now))
        _, seen = network.run(x[:, part], level[:, part], setting)
        memory = memory.add(seen, rows=ROWS, columns=COLUMNS, now=now)
    now = float(time[4])
    where = place(time[4:], now=now)
    setting = network.prepare(where, words, x.shape[-2:], memory.past(now))
    last, _ = network.run(x[:, 4:], level[:, 4:], setting)

    torch.testing.assert_close(last, whole[:, 4:], atol=1e-5, rtol=0)
    alone = network(x[:, 4:], level[:, 4:], where, words)
    assert (alone - last).abs().max() > 1e-3, "the memory must matter"


def test_a_memory_never_grows_beyond_its_bound(bundle: Bundle) -> None:
    config = MemoryConfig(sinks=2, window=3, middle=4, far=5)
    memory, sizes = Memory(config), []
    for start in range(0, 40, 2):
        memory = memory.add(own(bundle, 2, start * 0.5), rows=ROWS, columns=COLUMNS)
        sizes.append(memory.tokens)
    assert sizes == sorted(sizes)
    assert sizes[-1] == sizes[7] == (2 + 3) * 6 + 4 * 2 + 5 * 1


def test_sinks_stay_and_are_placed_within_reach(bundle: Bundle) -> None:
    memory = Memory(MemoryConfig(sinks=1, window=2, middle=0, far=0, reach=3.0))
    first = own(bundle, 1)
    memory = memory.add(first, rows=ROWS, columns=COLUMNS)
    for start in (30.0, 30.5, 31.0):
        memory = memory.add(own(bundle, 1, start), rows=ROWS, columns=COLUMNS)
    past = memory.past(31.5)
    assert past is not None
    assert past.coordinates[0, :: ROWS * COLUMNS, 0].tolist() == [-3.0, -1.0, -0.5]
    assert torch.equal(past.blocks[0].key[:, :, : ROWS * COLUMNS], first.blocks[0].key)


def test_frames_outside_time_are_never_forgotten_nor_moved(bundle: Bundle) -> None:
    memory = Memory(MemoryConfig(sinks=0, window=1, middle=0, far=0))
    memory = memory.add(own(bundle, 1, -1.0e4), rows=ROWS, columns=COLUMNS)
    for start in (1.0, 2.0):
        memory = memory.add(own(bundle, 1, start), rows=ROWS, columns=COLUMNS)
    past = memory.past(2.5)
    assert past is not None
    assert past.coordinates[0, :: ROWS * COLUMNS, 0].tolist() == [-1.0e4, -0.5]


def test_pooling_keeps_the_mean_of_keys_and_places(bundle: Bundle) -> None:
    memory = Memory(MemoryConfig(sinks=0, window=1)).add(own(bundle, 1), rows=ROWS, columns=COLUMNS)
    frame = memory.window[0]
    pooled = frame.pooled()
    assert (pooled.rows, pooled.columns) == (1, 2)
    two_by_two = [0, 1, 3, 4]
    expected = frame.blocks[0].key[:, :, two_by_two].mean(2)
    torch.testing.assert_close(pooled.blocks[0].key[:, :, 0], expected)
    torch.testing.assert_close(pooled.coordinates[0, 0], frame.coordinates[0, two_by_two].mean(0))
