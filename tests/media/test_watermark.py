"""The mark is not seen, is found after rough handling, and is not found where it is not."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from kinora.media.watermark import THRESHOLD, find, mark

HEIGHT, WIDTH, COUNT = 160, 256, 12
CRF = 28


def film(seed: int) -> np.ndarray:
    """Soft light, some texture, and a ball that moves."""
    dice = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    light = 60 * np.sin(columns / 40 + dice.uniform(0, 6))
    ground = np.stack([120 + light, 100 + rows * 80 / HEIGHT, 140 + 40 * np.cos(rows / 25)], -1)
    noise = (dice.random((HEIGHT // 4, WIDTH // 4)) * 40).astype(np.uint8)
    texture = np.array(Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    frames = []
    for time in range(COUNT):
        frame = ground + texture[..., None] - 20.0
        ball = (columns - WIDTH * (0.2 + 0.04 * time)) ** 2 + (rows - HEIGHT / 2) ** 2 < 700
        frame[ball] = (200, 40, 30)
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return np.stack(frames)


def marked(frames: np.ndarray) -> np.ndarray:
    return np.stack([mark(frame) for frame in frames])


def as_they_are(frames: np.ndarray) -> np.ndarray:
    return frames


def half(frames: np.ndarray) -> np.ndarray:
    size = (WIDTH // 2, HEIGHT // 2)
    return np.stack([np.array(Image.fromarray(each).resize(size)) for each in frames])


def cropped(frames: np.ndarray) -> np.ndarray:
    return frames[:, 8:-8, 12:-12]


def compressed(frames: np.ndarray) -> np.ndarray:
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8, options={"crf": str(CRF)})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for each in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(each), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with av.open(io.BytesIO(data.getvalue())) as container:
        return np.stack([each.to_ndarray(format="rgb24") for each in container.decode(video=0)])


@pytest.mark.parametrize("handling", [as_they_are, half, cropped])
@pytest.mark.parametrize("seed", [0, 1])
def test_found_after(handling: object, seed: int) -> None:
    assert callable(handling)
    verdict = find(compressed(handling(marked(film(seed)))))
    assert verdict.found, verdict
    assert verdict.scale == (0.5 if handling is half else 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_not_found_where_it_is_not(seed: int) -> None:
    verdict = find(film(seed))
    assert not verdict.found
    assert verdict.score < THRESHOLD * 0.8


def test_not_seen() -> None:
    frames = film(0)
    error = np.mean((frames.astype(float) - marked(frames)) ** 2)
    assert 10 * np.log10(255**2 / error) > 41.5
