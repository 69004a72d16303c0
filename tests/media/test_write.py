"""Files are right in colour, tags and timing, are streamed, and are there whole or not at all."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from kinora.core.clip import Clip
from kinora.core.errors import CancelledError, KinoraError, NotFoundError, UsageError
from kinora.core.progress import Progress
from kinora.media.read import read
from kinora.media.write import ClipWriter, save

SATURATED = np.array(
    [
        [(220, 60, 40), (255, 0, 0), (0, 255, 0), (0, 0, 255)],
        [(255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 128, 0)],
        [(0, 0, 0), (255, 255, 255), (128, 0, 128), (255, 105, 180)],
    ],
    dtype=np.uint8,
)
PATCH = 48


@pytest.fixture
def patches() -> Clip:
    """A second of twelve saturated patches."""
    frame = SATURATED.repeat(PATCH, axis=0).repeat(PATCH, axis=1)
    return Clip(np.repeat(frame[None], 12, axis=0), fps=12)


@pytest.fixture
def moving() -> Clip:
    """Five seconds in which a bright square crosses a dark gradient."""
    frames = np.zeros((60, 64, 96, 3), np.uint8)
    frames[..., 2] = np.arange(96)
    for index, frame in enumerate(frames):
        frame[20:40, index : index + 20] = (220, 60, 40)
    return Clip(frames, fps=12)


def insides(frame: np.ndarray) -> np.ndarray:
    """The mean colour in the middle of each patch, `[3 4 3]`."""
    grid = frame.reshape(3, PATCH, 4, PATCH, 3)[:, PATCH // 4 : -PATCH // 4, :, 12:-12]
    return grid.astype(float).mean(axis=(1, 3))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
def test_saturated_colours_survive(name: str, patches: Clip, tmp_path: Path) -> None:
    save(patches, tmp_path / name)
    with av.open(str(tmp_path / name)) as file:
        for frame in file.decode(video=0):
            pixels = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
            error = np.abs(insides(pixels) - SATURATED)
            assert error.max() <= 2, error
    again = read(tmp_path / name).clip
    assert np.abs(insides(again.frames[5]) - SATURATED).max() <= 2


def test_the_colour_check_can_fail(patches: Clip, tmp_path: Path) -> None:
    save(patches, tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as file:
        frame = next(file.decode(video=0))
        wrong = frame.to_ndarray(format="rgb24", src_colorspace="ITU601")
    assert np.abs(insides(wrong) - SATURATED).max() > 8


def test_tags_profile_rate_and_layout(moving: Clip, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    save(moving, path, comment='{"seed": 7}')
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        assert context.name == "h264"
        assert (context.profile, context.pix_fmt) == ("High", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1
        assert file.metadata["comment"] == '{"seed": 7}'
        assert (stream.average_rate, stream.frames) == (12, 60)
        frames = [(frame.time, frame.key_frame) for frame in file.decode(stream)]
    assert {round(b - a, 6) for (a, _), (b, _) in pairwise(frames)} == {round(1 / 12, 6)}
    keys = [time for time, key in frames if key]
    assert max(b - a for a, b in pairwise(keys)) <= 2
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_in_chunks_is_the_same_file_as_at_once(moving: Clip, tmp_path: Path) -> None:
    save(moving, tmp_path / "once.mp4")
    with ClipWriter(tmp_path / "chunks.mp4", fps=12) as writer:
        for start in range(0, 60, 7):
            writer.write(moving.frames[start : start + 7])
    assert (tmp_path / "once.mp4").read_bytes() == (tmp_path / "chunks.mp4").read_bytes()


@pytest.mark.parametrize(("name", "loss"), [("film.gif", 12), ("film.webp", 12)])
def test_animations(name: str, loss: int, moving: Clip, tmp_path: Path) -> None:
    save(moving, tmp_path / name, comment="how it was made")
    reading = read(tmp_path / name)
    assert reading.source.comment == "how it was made"
    assert reading.source.seconds == pytest.approx(5, abs=0.01)
    assert len(reading.clip) == 60
    assert reading.clip.fps == pytest.approx(12, abs=0.05)
    assert np.abs(reading.clip.frames.astype(int) - moving.frames).mean() < loss


@pytest.mark.parametrize(("name", "loss"), [("a.png", 0), ("a.jpg", 4), ("a.webp", 4)])
def test_stills(name: str, loss: int, patches: Clip, tmp_path: Path) -> None:
    still = Clip(patches.frames[:1], fps=1)
    save(still, tmp_path / name, comment="how it was made")
    reading = read(tmp_path / name)
    assert reading.source.kind == "image"
    assert reading.source.comment == "how it was made"
    assert np.abs(insides(reading.clip.frames[0]) - SATURATED).max() <= loss


def test_a_still_keeps_odd_sizes(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (1, 33, 17, 3), dtype=np.uint8)
    save(Clip(frames, fps=1), tmp_path / "a.png")
    assert np.array_equal(np.array(Image.open(tmp_path / "a.png")), frames[0])


@pytest.mark.parametrize("form", ["frame-%04d.png", "folder"])
def test_sequences(form: str, moving: Clip, tmp_path: Path) -> None:
    path = tmp_path / form
    if form == "folder":
        path.mkdir()
    save(moving, path)
    files = sorted((tmp_path / "folder" if form == "folder" else tmp_path).iterdir())
    assert [each.name[-8:] for each in files] == [f"{n:04d}.png" for n in range(1, 61)]
    assert np.array_equal(np.array(Image.open(files[30])), moving.frames[30])
    with pytest.raises(UsageError, match="already holds"):
        save(moving, path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("film", "names no format"),
        ("film.xyz", "names no format"),
        ("film.png", "holds one frame, not 60"),
        ("frame-%04d.mp4", "names no picture format"),
    ],
)
def test_names_that_cannot_be_written(name: str, says: str, moving: Clip, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        save(moving, tmp_path / name)
    assert names(tmp_path) == set()


def test_a_late_second_frame_of_a_still(moving: Clip, tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="one frame"),
        ClipWriter(tmp_path / "a.jpg", fps=1) as writer,
    ):
        writer.write(moving.frames[:2])
    assert names(tmp_path) == set()


def test_odd_sides_and_fast_gifs_are_refused(tmp_path: Path) -> None:
    odd = Clip(np.zeros((2, 32, 31, 3), np.uint8), fps=60)
    with pytest.raises(UsageError, match="Take 32x32"):
        save(odd, tmp_path / "film.mp4")
    with pytest.raises(UsageError, match="60 frames a second"):
        save(odd, tmp_path / "film.gif")
    with (
        pytest.raises(UsageError, match="Take 32x32"),
        ClipWriter(tmp_path / "film.mp4", fps=12) as writer,
    ):
        writer.write(odd.frames)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "frame-%04d.png"])
def test_a_stop_leaves_what_was_there(name: str, moving: Clip, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"older")

    def stop_at_ten(report: Progress) -> None:
        assert (report.stage, report.total) == ("encode", 60)
        if report.done == 10:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        save(moving, tmp_path / name, on_progress=stop_at_ten)
    assert names(tmp_path) == {"film.mp4"}
    assert (tmp_path / "film.mp4").read_bytes() == b"older"


def test_a_film_without_frames(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="at least one frame"),
        ClipWriter(tmp_path / "film.mp4", fps=12),
    ):
        pass
    assert names(tmp_path) == set()


def test_a_folder_that_does_not_exist(moving: Clip, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="mkdir -p"):
        save(moving, tmp_path / "nowhere" / "film.mp4")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a /proc, which Linux has")
def test_a_place_nobody_may_write_to(moving: Clip) -> None:
    with pytest.raises(KinoraError, match=r"cannot write /proc/film\.mp4"):
        save(moving, Path("/proc/film.mp4"))


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from kinora.core.clip import Clip
from kinora.core.errors import KinoraError
from kinora.media.write import save
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0).integers(0, 256, (48, 64, 64, 3), dtype=np.uint8)
try:
    save(Clip(noise, fps=12), Path(sys.argv[1]))
except KinoraError as error:
    print(error.line())
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "film.webp"])
def test_a_full_disk(name: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", FULL_DISK, str(tmp_path / name)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 4, result.stderr
    assert "Free some space" in result.stdout
    assert names(tmp_path) == set()


ENDLESS = """
import signal, sys
from pathlib import Path
import numpy as np
from kinora.media.write import ClipWriter
frames = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
# A test run in the background of a script inherits a deaf ear for Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
with ClipWriter(Path(sys.argv[1]), fps=12) as writer:
    print("writing", flush=True)
    while True:
        writer.write(frames)
"""


@pytest.fixture
def endless(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process in the middle of writing `film.mp4`."""
    words = [sys.executable, "-c", ENDLESS, str(tmp_path / "film.mp4")]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_ctrl_c_leaves_nothing(endless: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert len(names(tmp_path)) == 1
    endless.send_signal(signal.SIGINT)
    assert endless.wait(60) != 0
    assert names(tmp_path) == set()


def test_what_a_killed_process_left_is_swept(
    endless: "subprocess.Popen[str]", moving: Clip, tmp_path: Path
) -> None:
    endless.kill()
    endless.wait(60)
    assert not (tmp_path / "film.mp4").exists()
    foreign = tmp_path / f".film.mp4.{os.getppid()}.part"
    foreign.write_bytes(b"a writer that still runs")
    save(moving, tmp_path / "film.mp4")
    assert names(tmp_path) == {"film.mp4", foreign.name}


MINUTE = """
import resource, sys
from pathlib import Path
import numpy as np
from kinora.media.write import ClipWriter
frames = np.random.default_rng(0).integers(0, 256, (12, 128, 160, 3), dtype=np.uint8)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ClipWriter(Path(sys.argv[1]), fps=12) as writer:
    for _ in range(6):
        writer.write(frames)
    early = peak()
    for _ in range(24):
        writer.write(frames)
    print(peak() - early)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_a_longer_film_costs_no_more_memory(tmp_path: Path) -> None:
    words = [sys.executable, "-c", MINUTE, str(tmp_path / "film.mp4")]
    grown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    raw = 24 * 12 * 128 * 160 * 3 // 1024
    assert int(grown) < raw / 3, f"{grown} kB more for {raw} kB of pixels"
