"""What films do to pictures. In: clean small frames and their truth. Out: blurred, noisy, squeezed ones.

Generated films are softer than renders, have coloured blotches and were compressed; the judge must
read them all the same. Colours move so little that they keep their names.
"""

import io
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Generator, Tensor


def disturb(frames: Tensor, things: Tensor, *, rng: Generator) -> tuple[Tensor, Tensor]:
    """Mirror and spoil frames.

    Args:
        frames: `[n 3 h w]` in -1..1.
        things: `[n k c]` rows of `data.sightings`; their x is mirrored along.
        rng: decides everything.
    """
    frames, things = _mirror(frames, things, rng)
    for share, effect in EFFECTS:
        chosen = torch.rand(len(frames), generator=rng) < share
        if chosen.any():
            frames[chosen] = effect(frames[chosen], rng)
    return frames.clamp(-1, 1), things


def nothing_known(count: int, height: int, width: int, *, rng: Generator) -> Tensor:
    """`[count 3 h w]` pictures of no world: blotches, stripes and noise in any colour."""
    coarse = torch.rand(count, 3, 1, 1, generator=rng) * 2 - 1
    for side in (2, 5, 10, 40):
        amount = torch.rand(count, 1, 1, 1, generator=rng)
        coarse = coarse + amount * _blotches(count, side, side * 2, height, width, rng)
    return coarse.clamp(-1, 1)


def _mirror(frames: Tensor, things: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    flip = torch.rand(len(frames), generator=rng) < 0.5
    frames = torch.where(flip.view(-1, 1, 1, 1), frames.flip(3), frames)
    things = things.clone()
    things[..., -4] = torch.where(flip.view(-1, 1), 1 - things[..., -4], things[..., -4])
    return frames, things


def _uniform(count: int, low: float, high: float, rng: Generator) -> Tensor:
    return (torch.rand(count, generator=rng) * (high - low) + low).view(-1, 1, 1, 1)


def _blotches(
    count: int, rows: int, columns: int, height: int, width: int, rng: Generator
) -> Tensor:
    noise = torch.randn(count, 3, rows, columns, generator=rng)
    return F.interpolate(noise, size=(height, width), mode="bilinear", align_corners=False)


def _soften(frames: Tensor, rng: Generator) -> Tensor:
    share = float(torch.rand((), generator=rng)) * 0.6 + 0.35
    size = (int(frames.shape[2] * share), int(frames.shape[3] * share))
    small = F.interpolate(frames, size=size, mode="bilinear", antialias=True, align_corners=False)
    return F.interpolate(small, size=frames.shape[2:], mode="bilinear", align_corners=False)


def _blur(frames: Tensor, rng: Generator) -> Tensor:
    soft = F.avg_pool2d(F.pad(frames, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return torch.lerp(frames, soft, _uniform(len(frames), 0.3, 1.3, rng))


def _blotch(frames: Tensor, rng: Generator) -> Tensor:
    n, _, height, width = frames.shape
    side = int(torch.randint(5, 21, (), generator=rng))
    noise = _blotches(n, side, side * 8 // 5, height, width, rng)
    return frames + noise * _uniform(n, 0.0, 0.13, rng)


def _grain(frames: Tensor, rng: Generator) -> Tensor:
    noise = torch.randn(frames.shape, generator=rng)
    return frames + noise * _uniform(len(frames), 0.0, 0.10, rng)


def _grade(frames: Tensor, rng: Generator) -> Tensor:
    n = len(frames)
    contrast = _uniform(n, 0.88, 1.12, rng)
    gain = 1 + (torch.rand(n, 3, 1, 1, generator=rng) - 0.5) * 0.08
    return (frames + 1) * contrast * gain - 1 + _uniform(n, -0.08, 0.08, rng)


def _squeeze(frames: Tensor, rng: Generator) -> Tensor:
    """Through a JPEG file and back, which stands for any block code."""
    pixels = ((frames.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    out = np.empty_like(pixels)
    for index, picture in enumerate(pixels):
        stream = io.BytesIO()
        quality = int(torch.randint(25, 90, (), generator=rng))
        Image.fromarray(picture).save(stream, "JPEG", quality=quality)
        out[index] = np.asarray(Image.open(stream))
    return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 127.5 - 1


Effect = Callable[[Tensor, Generator], Tensor]
EFFECTS: tuple[tuple[float, Effect], ...] = (
    (0.35, _soften),
    (0.35, _blur),
    (0.35, _blotch),
    (0.35, _grain),
    (0.60, _grade),
    (0.30, _squeeze),
)
"""Share of frames that each effect meets, in the order in which a film suffers them."""
