"""The canvas, the conditions on it and the loop that finishes it."""

import pytest
import torch
from torch import Tensor

from kinora.core.errors import CancelledError
from kinora.core.progress import Progress
from kinora.core.shape import LatentShape
from kinora.denoise.canvas import Canvas, blank, join
from kinora.denoise.condition import Hold, Keyframe, Region, Strength, View, Words, apply_all
from kinora.denoise.loop import denoise
from kinora.flow.schedule import levels

SHAPE = LatentShape(5, 4, 6)
GOAL = torch.full((5, 3, 4, 6), 2.0)
KNOWN = torch.randn(2, 3, 4, 6)


def empty() -> Canvas:
    return blank(SHAPE, channels=3, step=0.5)


def towards_goal(x: Tensor, level: Tensor) -> Tensor:
    """The exact velocity of a world in which every frame is `GOAL`."""
    s = level if level.ndim == 3 else level[:, None, None].expand(-1, 4, 6)
    return torch.where(s[:, None] > 0, (GOAL - x) / s[:, None].clamp_min(1e-6), 0.0)


def dream(canvas: Canvas, **settings: object) -> Canvas:
    return denoise(
        canvas,
        towards_goal,
        noise=canvas.noise(1),
        schedule=levels(6),
        **settings,  # type: ignore[arg-type]
    )


def test_what_is_dreamt_reaches_the_data() -> None:
    done = dream(empty())
    assert torch.allclose(done.latents, GOAL, atol=1e-4)
    assert not done.level.any()


@pytest.mark.parametrize("hold", ["native", "renoise"])
def test_what_is_held_comes_back_bit_identical(hold: str) -> None:
    done = dream(Hold(KNOWN, at=1).apply(empty()), hold=hold)
    assert torch.equal(done.latents[1:3], KNOWN)
    assert torch.allclose(done.latents[3:], GOAL[3:], atol=1e-4)


def test_a_region_is_dreamt_and_the_rest_of_it_held() -> None:
    mask = torch.zeros(4, 6)
    mask[1:3, 2:4] = 1
    canvas = apply_all(empty(), [Hold(KNOWN), Region(mask, stop=2)])
    # Held frames have level 0 everywhere, so a region must open them first.
    canvas = apply_all(empty(), [Strength(KNOWN, 1.0), Region(mask, stop=2)])
    done = dream(canvas)
    assert torch.equal(done.latents[:2][..., mask == 0], KNOWN[..., mask == 0])
    assert torch.allclose(done.latents[:2][..., mask == 1], torch.tensor(2.0), atol=1e-4)


def test_strength_starts_near_the_known_latents() -> None:
    canvas = Strength(KNOWN, 0.25).apply(empty())
    start = canvas.noised(canvas.noise(0))
    assert torch.allclose(start[:2], 0.75 * KNOWN + 0.25 * canvas.noise(0)[:2], atol=1e-6)


def test_a_keyframe_goes_to_the_nearest_time() -> None:
    canvas = Keyframe(KNOWN[0], seconds=1.1).apply(empty())
    assert canvas.level.tolist() == [1, 1, 0, 1, 1]


def test_words_and_views_change_along_time() -> None:
    canvas = apply_all(empty(), [Words(1, start=2), View(3, start=1, stop=2)])
    assert canvas.text.tolist() == [0, 0, 1, 1, 1]
    assert canvas.view.tolist() == [0, 3, 0, 0, 0]


def test_noise_is_the_same_at_once_and_in_chunks() -> None:
    canvas = empty()
    parts = torch.cat([canvas[:2].noise(9), canvas[2:].noise(9, start=2)])
    assert torch.equal(canvas.noise(9), parts)


def test_joined_canvases_keep_their_order_and_levels() -> None:
    region = Region(torch.ones(4, 6)).apply(empty())
    both = join([empty()[:2], region[2:]])
    assert both.level.shape == (5, 4, 6)
    assert torch.equal(both.time, empty().time)


def test_whoever_listens_can_stop_within_one_step() -> None:
    seen: list[int] = []

    def stop_after_two(report: Progress) -> None:
        seen.append(report.done)
        if report.done == 2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        dream(empty(), on_progress=stop_after_two)
    assert seen == [1, 2]
