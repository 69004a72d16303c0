"""Reading is exact where it can, says what it converts, and answers damage in one line."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from kinora.core.clip import Clip
from kinora.core.errors import BadMediaError, NotFoundError
from kinora.media.probe import Limits, probe
from kinora.media.read import read
from kinora.media.write import save


def numbered(count: int, *, height: int = 32, width: int = 48, fps: float = 12) -> Clip:
    """A clip whose every frame is one grey that names it."""
    greys = np.arange(count, dtype=np.uint8) * 4
    return Clip(np.broadcast_to(greys[:, None, None, None], (count, height, width, 3)).copy(), fps)


def order(clip: Clip) -> list[int]:
    """Which numbered frame each frame shows."""
    return [round(float(frame.mean()) / 4) for frame in clip.frames]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    save(numbered(48), path, comment="a comment")
    return path


def test_every_frame_once_and_in_order(film: Path) -> None:
    reading = read(film)
    assert order(reading.clip) == list(range(48))
    assert reading.clip.fps == 12
    assert reading.told == ()


def test_probe_of_a_film(film: Path) -> None:
    found = probe(film)
    assert (found.kind, found.format, found.codec) == ("video", "mp4", "h264")
    assert (found.width, found.height, found.frames) == (48, 32, 48)
    assert (found.fps, found.seconds) == (12, 4)
    assert found.colour == "BT.709 limited range"
    assert found.comment == "a comment"
    assert found.bytes == film.stat().st_size


@pytest.mark.parametrize(
    ("fps", "shows"),
    [
        (6, [index * 2 for index in range(24)]),
        (24, [index // 2 for index in range(96)]),
        (18, [0, 1, 1, 2, 3, 3]),
    ],
)
def test_another_rate(fps: float, shows: list[int], film: Path) -> None:
    reading = read(film, fps=fps)
    assert len(reading.clip) == 48 * fps / 12
    shown = order(reading.clip)[: len(shows)]
    assert all(abs(a - b) <= 1 for a, b in zip(shown, shows, strict=True)), shown
    assert shown == sorted(shown)
    assert reading.told == (f"12 frames a second became {fps}",)


def test_rates_that_no_millisecond_divides(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 48, 32, "bgr0"
        for index, pixels in enumerate(numbered(30).frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="bgr0")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    reading = read(path)
    assert order(reading.clip) == list(range(30))
    assert reading.clip.fps == 24


def test_another_size_covers_and_tells(film: Path) -> None:
    reading = read(film, size=(16, 16))
    assert reading.clip.frames.shape == (48, 16, 16, 3)
    assert reading.told == ("48x32 was scaled and cut to 16x16",)
    assert read(film, size=(16, 24)).told == ("48x32 was scaled to 24x16",)


def test_a_cut_keeps_the_middle(tmp_path: Path) -> None:
    frame = np.zeros((1, 20, 60, 3), np.uint8)
    frame[:, :, 20:40] = 255
    save(Clip(frame, 1), tmp_path / "a.png")
    assert read(tmp_path / "a.png", size=(20, 20)).clip.frames.min() == 255


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_turned_video_is_shown_upright(angle: int, tmp_path: Path) -> None:
    upright = np.zeros((32, 64, 3), np.uint8)
    upright[:16, :32] = (255, 0, 0)
    upright[16:, 32:] = (0, 0, 255)
    stored = np.ascontiguousarray(np.rot90(upright, k=-angle // 90))
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=12)
        stream.height, stream.width, stream.pix_fmt = *stored.shape[:2], "yuv420p"
        stream.set_display_rotation(angle)
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 12)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    found = probe(path)
    assert (found.width, found.height) == (64, 32)
    shown = read(path).clip.frames[0].astype(int)
    assert shown[4, 8, 0] > 200 > shown[4, 40, 0]
    assert shown[28, 56, 2] > 200 > shown[28, 8, 2]


@pytest.mark.parametrize(("height", "matrix"), [(720, "ITU709"), (480, "ITU601")])
def test_untagged_video_is_taken_for_what_players_take_it(
    height: int, matrix: str, tmp_path: Path
) -> None:
    path = tmp_path / "untagged.mp4"
    pixels = np.full((height, 64, 3), (220, 60, 40), np.uint8)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=12)
        stream.height, stream.width, stream.pix_fmt = height, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=matrix
        )
        frame.pts, frame.time_base = 0, Fraction(1, 12)
        file.mux([*stream.encode(frame), *stream.encode()])
    assert probe(path).colour == ""
    assert np.abs(read(path).clip.frames[0].astype(int) - (220, 60, 40)).max() <= 3


def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "photo.jpg", exif=exif)
    found = probe(tmp_path / "photo.jpg")
    assert (found.kind, found.width, found.height) == ("image", 20, 40)
    assert read(tmp_path / "photo.jpg").clip.frames.shape == (1, 40, 20, 3)


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "glass.png")
    assert read(tmp_path / "glass.png").clip.frames.min() == 255


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("once upon a time\n" * 1000)


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "film.webp", "a.png", "a.jpg"])
@pytest.mark.parametrize("harm", [cut_in_half, empty, text])
def test_damaged_files(harm: Callable[[Path], None], name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    count = 48 if name.startswith("film") else 1
    noisy = Clip(rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8), 12)
    save(noisy, tmp_path / name)
    harm(tmp_path / name)
    with pytest.raises(BadMediaError) as caught:
        read(tmp_path / name)
    assert "\n" not in caught.value.line()


def test_a_playlist_opens_nothing(film: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXTINF:4,\n{film}\n#EXT-X-ENDLIST\n")
    with pytest.raises(BadMediaError):
        read(playlist)
    playlist.write_text(f"ffconcat version 1.0\nfile {film.name}\n")
    with pytest.raises(BadMediaError):
        read(playlist)


def test_a_name_that_looks_like_an_address(film: Path) -> None:
    odd = film.with_name("http:film%d.mp4")
    film.rename(odd)
    assert len(read(odd).clip) == 48


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read(tmp_path / "absent.mp4")
    with pytest.raises(BadMediaError, match="not a file"):
        read(tmp_path)


def test_sound_alone(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 48000
        file.mux([*stream.encode(frame), *stream.encode()])
    with pytest.raises(BadMediaError, match="holds no pictures"):
        read(path)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(pixels=1000), "too large"),
        (Limits(seconds=3), "too long"),
        (Limits(held=100_000), "too long"),
    ],
)
def test_limits(limits: Limits, says: str, film: Path) -> None:
    with pytest.raises(BadMediaError, match=says):
        read(film, limits=limits)


def test_a_picture_beyond_the_limit_is_never_decoded(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(BadMediaError, match="too large"):
        read(tmp_path / "bomb.png")
