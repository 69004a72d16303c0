import pytest
import torch
import torch.nn.functional as F

from kinora.evaluate.sharpness import sharpness


@pytest.fixture
def picture() -> torch.Tensor:
    """A bright square on a dark ground."""
    pixels = torch.full((1, 3, 32, 48), -0.7)
    pixels[..., 8:24, 12:36] = 0.6
    return pixels


def test_the_render_itself_is_as_sharp_as_itself(picture: torch.Tensor) -> None:
    assert sharpness(picture, picture) == pytest.approx(1.0)


def test_blur_costs_sharpness_and_more_blur_more(picture: torch.Tensor) -> None:
    blurred = [sharpness(F.avg_pool2d(picture, n, 1, n // 2), picture) for n in (1, 3, 5)]
    assert blurred[0] > blurred[1] > blurred[2]
    assert blurred[2] < 0.4


def test_noise_and_misplaced_edges_do_not_pass_for_sharpness(picture: torch.Tensor) -> None:
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    flat = torch.zeros_like(picture)
    assert abs(sharpness(flat + 0.3 * noise, picture)) < 0.1
    assert sharpness(picture.roll(5, -1), picture) < 0.5
    assert sharpness(-picture, picture) < 0
