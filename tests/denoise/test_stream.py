"""Streams: the same film in pieces, at constant memory, whatever the model."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kinora.core.errors import CancelledError
from kinora.core.progress import Progress
from kinora.core.shape import LatentShape, Stride
from kinora.denoise.canvas import Canvas, blank, join
from kinora.denoise.condition import Reference
from kinora.denoise.stream import CONTEXT, Overlap, decode_after, decode_parts, opening, stream
from kinora.flow.schedule import levels
from kinora.models.bundle import Bundle, Remembering
from tiny import tiny_bundle


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return tiny_bundle()


@pytest.fixture(scope="module")
def causal(bundle: Bundle) -> Bundle:
    return replace(bundle, index=bundle.index.model_copy(update={"causal": True}))


def canvas(model: Bundle, frames: int) -> Canvas:
    return blank(LatentShape(frames, 4, 4), channels=model.channels, step=0.5)


def run(model: Bundle, whole: Canvas, **options: object) -> Canvas:
    voice = opening(model, model.read(["a red ball", "a blue cube"]), guidance=2.0)
    chunks = whole.split(voice.chunk)
    parts = stream(chunks, voice, seed=3, schedule=levels(2), **options)  # type: ignore[arg-type]
    return join(list(parts))


def test_a_causal_model_brings_its_own_memory_and_others_overlap(
    bundle: Bundle, causal: Bundle
) -> None:
    text = bundle.read(["a"])
    assert isinstance(opening(bundle, text, guidance=1.0), Overlap)
    assert isinstance(opening(causal, text, guidance=1.0), Remembering)


@pytest.mark.parametrize("kind", ["bundle", "causal"])
def test_a_stream_is_the_same_every_time_and_held_frames_stay(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model: Bundle = request.getfixturevalue(kind)
    whole = canvas(model, 14)
    known = torch.randn_like(whole.latents)
    level = torch.ones(14)
    level[[0, 9]] = 0
    whole = whole.with_(latents=known, level=level)
    one, two = run(model, whole), run(model, whole)
    assert torch.equal(one.latents, two.latents)
    assert torch.equal(one.latents[[0, 9]], known[[0, 9]])
    assert not one.level.any()


@pytest.mark.parametrize("kind", ["bundle", "causal"])
def test_later_words_do_not_change_earlier_chunks(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model: Bundle = request.getfixturevalue(kind)
    whole = canvas(model, 15)
    text = whole.text.clone()
    text[10:] = 1
    one, two = run(model, whole), run(model, whole.with_(text=text))
    assert torch.equal(one.latents[:9], two.latents[:9])
    assert not torch.equal(one.latents[10:], two.latents[10:])


def test_windows_overlap_by_the_context(bundle: Bundle) -> None:
    voice = Overlap(bundle, bundle.read(["a"]), 1.0)
    assert voice.context is None
    voice = voice.after(canvas(bundle, 2)).after(canvas(bundle, 5))
    assert voice.context is not None
    assert len(voice.context) == CONTEXT
    with_reference = Reference(torch.zeros(1, 48, 4, 4)).apply(canvas(bundle, 1)).outside()
    again = voice.after(with_reference).after(canvas(bundle, 5)).context
    assert again is not None
    assert len(again.outside()) == 1
    assert len(again.inside()) == CONTEXT


def test_memory_and_its_cost_stay_constant(causal: Bundle) -> None:
    index = causal.index.model_copy(
        update={
            "memory": causal.index.memory.model_copy(update={"window": 4, "middle": 4, "far": 4})
        }
    )
    small = replace(causal, index=index)
    voice = opening(small, small.read(["a"]), guidance=2.0)
    sizes = []
    for chunk in canvas(small, 45).split(3):
        voice = voice.after(chunk)
        assert isinstance(voice, Remembering)
        sizes.append(voice.memory.tokens)
    assert len(set(sizes[6:])) == 1


def test_progress_counts_the_whole_film_and_may_stop_it(causal: Bundle) -> None:
    told: list[Progress] = []
    run(causal, canvas(causal, 6), on_progress=told.append)
    assert [(p.done, p.total) for p in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        run(causal, canvas(causal, 6), on_progress=stop)


def test_decoding_goes_on_where_it_stopped(bundle: Bundle) -> None:
    z = torch.randn(11, 48, 4, 4, generator=torch.manual_seed(5))
    whole = np.concatenate(list(bundle.decode(z)))
    parts = np.concatenate(list(decode_parts(bundle, [z[:2], z[2:9], z[9:]])))
    # Sums over other numbers of frames are rounded otherwise, so a colour may fall to the next value.
    assert np.abs(parts.astype(int) - whole).max() <= 1
    after = np.concatenate(list(decode_after(bundle, z[:7], z[7:])))
    assert np.abs(after.astype(int) - whole[25:]).max() <= 1


class Plain:
    """A film model that has no memory of its own."""

    name = "plain"

    def __init__(self, bundle: Bundle) -> None:
        self.stride, self.channels = bundle.stride, bundle.channels
        self.capabilities, self.checksums = bundle.capabilities, bundle.checksums
        self.read, self.velocity = bundle.read, bundle.velocity
        self.encode, self.decode = bundle.encode, bundle.decode
        self.schedule = bundle.schedule


def test_decoding_goes_on_for_models_without_a_stream_of_their_own(bundle: Bundle) -> None:
    z = torch.randn(11, 48, 4, 4, generator=torch.manual_seed(5))
    parts = np.concatenate(list(decode_parts(Plain(bundle), [z[:2], z[2:9], z[9:]])))
    assert np.array_equal(parts, np.concatenate(list(bundle.decode(z))))


def test_frames_in_front_are_dreamt_and_dropped(bundle: Bundle) -> None:
    """A canvas is filled up to whole tokens in time: five frames become six, nine ten, and six stay six."""
    whole = canvas(bundle, 12)
    seen: list[int] = []

    def lead(frames: int) -> int:
        seen.append(frames)
        return Stride(depth=2).lead(frames)

    led_, plain = run(bundle, whole, lead=lead), run(bundle, whole)
    assert seen == [5, 9, 6], "what a window holds, its context among it"
    assert led_.latents.shape == plain.latents.shape
    assert (led_.latents - plain.latents).abs().max() > 1e-3, "the others listen to it"
    known = torch.randn_like(whole.latents)
    held = whole.with_(latents=known, level=torch.zeros(12))
    assert torch.equal(run(bundle, held, lead=lead).latents, known)
