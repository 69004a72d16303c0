"""Where a token stands: rotations tell distances alone, and a film that begins must know that it does."""

import torch

from kinora.denoise.canvas import OUTSIDE_TIME
from kinora.nn.states import TextStates
from kinora.transformer.model import Transformer, TransformerConfig
from kinora.transformer.place import Place

FRAMES = 5


def network(*, placed: bool) -> Transformer:
    torch.manual_seed(0)
    made = Transformer(
        TransformerConfig(channels=4, width=64, depth=2, stem=8, context=16, placed=placed)
    )
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return made.eval()


def dreamt(made: Transformer, time: torch.Tensor) -> torch.Tensor:
    """What is made of frames of one token without content, `[f c h w]`."""
    x, level = torch.zeros(1, len(time), 4, 2, 2), torch.ones(1, len(time))
    words = made.read(TextStates(torch.ones(1, 2, 16), torch.ones(1, 2, dtype=torch.bool)))
    with torch.inference_mode():
        return made(x, level, Place.single(time), words)[0]


def test_frames_that_know_distances_alone_are_alike() -> None:
    made = dreamt(network(placed=False), 0.5 * torch.arange(FRAMES))
    assert (made - made[:1]).abs().max() < 1e-5
    told = dreamt(network(placed=True), 0.5 * torch.arange(FRAMES))
    assert (told[1:] - told[:-1]).abs().amax((1, 2, 3)).min() > 1e-3


def test_a_minute_is_as_late_as_an_hour_and_references_have_no_time() -> None:
    place = network(placed=True).place
    assert place is not None
    times = (0.0, 300.0, 3600.0, OUTSIDE_TIME)
    told = place(torch.tensor([[[t, 0.0, 0.0, 0.0] for t in times]]))[0]
    assert torch.allclose(told[1], told[2], atol=1e-5)
    assert torch.allclose(told[2], told[3], atol=1e-5)
    assert (told[0] - told[1]).abs().max() > 1e-3


def test_a_column_is_told_in_pictures_of_any_size() -> None:
    place = network(placed=True).place
    assert place is not None
    columns = torch.arange(-31.5, 32)
    told = place(
        torch.stack([torch.zeros(64), torch.zeros(64), torch.zeros(64), columns], -1)[None]
    )[0]
    apart = torch.cdist(told, told) + 9 * torch.eye(64)
    assert apart.min() > 1e-3
