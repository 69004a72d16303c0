"""Files from somebody else against the sandbox. In: how many, a seed. Out: what became of them, exit code.

    python benchmarks/hostile.py --count 10000
    python benchmarks/hostile.py --count 10000 --first 6100   (the last 3,900 of them)

Every file is a mutant of a sound MP4, WebM, PNG, JPEG, WebP or GIF, or a lie of its own: a bomb, an
endless animation, a container that promises what it does not hold, a list that names other files. Each
is decoded as the server does it. Wrong is what is neither decoded nor refused, what outlasts its limit,
what is larger than asked for, and what writes anything but its own pixels.
"""

import argparse
import io
import itertools
import json
import random
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from kinora.core.errors import BadMediaError
from kinora.serve.errand import GRACE_SECONDS, Errand
from kinora.serve.sandbox import Sandbox

Dice = random.Random
SECONDS, AREA = 30.0, 64 * 96
SIDE = 64
PART = 50
"""Files that are handed out before the clock is looked at."""
OWN = {"upload", "pixels.npy"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3600.0, help="no file is begun after")
    given = parser.parse_args()
    sound = {name: make() for name, make in SOUND.items()}
    with Sandbox() as sandbox, ThreadPoolExecutor(given.at_once) as pool:
        unread = [name for name, data in sound.items() if not reads(data, sandbox)]
        start = time.monotonic()
        numbers = iter(range(given.first, given.count))
        left = itertools.takewhile(lambda _: time.monotonic() - start < given.seconds, numbers)
        one = partial(attack, sound, sandbox=sandbox, seed=given.seed)
        ends = [end for part in batched(left, PART) for end in pool.map(one, part)]
    took = time.monotonic() - start
    told = Counter(end.what for end in ends)
    wrong = [end for end in ends if end.wrong]
    print(
        json.dumps(
            {
                "count": len(ends),
                "seed": given.seed,
                "ends": dict(told),
                "sound_files_refused": unread,
                "wrong": [vars(end) for end in wrong[:20]],
                "nurseries": sandbox.begun,
                "slowest_s": round(max(end.seconds for end in ends), 2),
                "seconds": round(took),
                "files_per_second": round(len(ends) / took, 2),
            },
            indent=2,
        )
    )
    return int(bool(wrong or unread))


def batched(numbers: Iterator[int], size: int) -> Iterator[list[int]]:
    """Lists of at most `size` of them."""
    while part := list(itertools.islice(numbers, size)):
        yield part


@dataclass(frozen=True)
class End:
    """What became of file `number`."""

    number: int
    kind: str
    what: str
    seconds: float
    wrong: str = ""


def attack(sound: dict[str, bytes], number: int, *, sandbox: Sandbox, seed: int) -> End:
    """Make file `number` and hand it in; the same seed makes the same file."""
    dice = Dice(f"{seed}/{number}")
    kind, data = hostile(sound, dice)
    wanted = dice.choice(("picture", "video"))
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer) / "scratch"
        folder.mkdir()
        (folder / "upload").write_bytes(data)
        start = time.monotonic()
        what, wrong = hand_in(folder, wanted, sandbox)
        took = time.monotonic() - start
        strange = {path.name for path in folder.iterdir()} - OWN
        outside = {path.name for path in Path(outer).iterdir()} - {"scratch"}
        wrong = wrong or (f"wrote {strange | outside}" if strange | outside else "")
        wrong = wrong or ("outlasted its limit" if took > SECONDS + 2 * GRACE_SECONDS else "")
    return End(number, f"{kind} as {wanted}", what, took, wrong)


def reads(data: bytes, sandbox: Sandbox) -> bool:
    """Whether a file is decoded, as every sound one must be."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "upload").write_bytes(data)
        return hand_in(Path(folder), "video", sandbox) == ("decoded", "")


def hand_in(folder: Path, wanted: str, sandbox: Sandbox) -> tuple[str, str]:
    """How it ended, and what is wrong with that."""
    errand = Errand(
        file=folder / "upload", target=folder / "pixels.npy", kind=wanted, fps=8.0, area=AREA,
        pixels=8192 * 4320, seconds=60.0, memory=2 << 30, time=SECONDS,
    )  # fmt: skip
    try:
        decoded = sandbox.decode(errand)
    except BadMediaError as error:
        named = str(folder) in error.line()
        what = "refused" if error.why else "ended by its limits"
        return what, "names a folder of the server" if named else ""
    except Exception as error:  # anything else is what this looks for
        return "broke", f"{type(error).__name__}: {error}"
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    # Sides are rounded to even numbers of pixels, of which they have 16 at least.
    large = decoded.height * decoded.width > AREA * 1.2
    fits = pixels.shape == (decoded.frames, decoded.height, decoded.width, 3)
    return "decoded", "" if fits and not large else f"is {pixels.shape}, told {decoded}"


def hostile(sound: dict[str, bytes], dice: Dice) -> tuple[str, bytes]:
    """One file: a lie in one of eight, else a mutant."""
    if dice.random() < 1 / 8:
        name = dice.choice(list(LIES))
        return name, LIES[name](dice)
    name = dice.choice(list(sound))
    data = sound[name]
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        data = dice.choice(MUTATIONS)(data, dice)
    if dice.random() < 0.1:
        other = sound[dice.choice(list(sound))]
        cut = dice.randrange(1, len(data) + 1)
        data = data[:cut] + other[dice.randrange(len(other)) :]
    return name, data


def flipped(data: bytes, dice: Dice) -> bytes:
    """Bytes replaced, a few or many."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 8, 64, 512))):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def cut(data: bytes, dice: Dice) -> bytes:
    """The end missing."""
    return data[: dice.randrange(len(data) + 1)]


def repeated(data: bytes, dice: Dice) -> bytes:
    """A part of it several times."""
    if not data:
        return data
    start = dice.randrange(len(data))
    part = data[start : start + dice.choice((4, 64, 1024))]
    return data[:start] + part * dice.choice((2, 16, 256)) + data[start:]


def dropped(data: bytes, dice: Dice) -> bytes:
    """A part of it missing."""
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.choice((1, 4, 64, 1024)) :]


def extreme(data: bytes, dice: Dice) -> bytes:
    """A number of four bytes, most likely a length, at one of its ends."""
    if len(data) < 8:
        return data
    # Heads are near the beginning, where most lengths are.
    at = dice.randrange(min(len(data) - 4, dice.choice((64, 1024, len(data)))) or 1)
    number = dice.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(data) * 2))
    return data[:at] + struct.pack(dice.choice(("<I", ">I")), number) + data[at + 4 :]


MUTATIONS = (flipped, flipped, cut, repeated, dropped, extreme, extreme)


@cache
def film(container: str, codec: str) -> bytes:
    """A sound film of a second."""
    data = io.BytesIO()
    with av.open(data, "w", format=container) as output:
        stream = output.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(pattern(index), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return data.getvalue()


def pattern(index: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A frame that is not flat."""
    grid = np.add.outer(np.arange(SIDE), np.arange(SIDE)) * 3 + 20 * index
    return np.stack([grid, grid * 2, grid * 3], -1).astype(np.uint8)


def picture(kind: str, *, frames: int = 1) -> bytes:
    """A sound picture, or an animation."""
    data = io.BytesIO()
    first, *rest = [Image.fromarray(pattern(index)) for index in range(frames)]
    more = {"save_all": True, "append_images": rest, "duration": 100} if rest else {}
    first.save(data, kind, **more)
    return data.getvalue()


SOUND: dict[str, Callable[[], bytes]] = {
    "mp4": lambda: film("mp4", "libx264"),
    "webm": lambda: film("webm", "libvpx-vp9"),
    "matroska": lambda: film("matroska", "libx264"),
    "png": lambda: picture("PNG"),
    "jpeg": lambda: picture("JPEG"),
    "webp": lambda: picture("WEBP"),
    "animated webp": lambda: picture("WEBP", frames=4),
    "gif": lambda: picture("GIF", frames=4),
}


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG of one bit a pixel that says what it is told to."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def bomb(dice: Dice) -> bytes:
    """Few bytes of very many pixels."""
    side = dice.choice((12_000, 30_000, 60_000))
    return png(side, side, nothing(side // 8 * min(side, 2000)))


def deep(dice: Dice) -> bytes:
    """A picture of a few pixels whose data never ends, or a note that unpacks to much."""
    return png(16, 16, nothing(dice.choice((1, 64, 256)) << 20))


@cache
def nothing(size: int) -> bytes:
    """Very few bytes that unpack to so many."""
    return zlib.compress(bytes(size), 9)


def endless(dice: Dice) -> bytes:
    """A GIF that lasts for ever, by its times or by its frames."""
    return long(*dice.choice(((4, 655_350), (3000, 20), (2, 0))))


@cache
def long(frames: int, duration: int) -> bytes:
    """A GIF of so many frames of so many milliseconds."""
    first, *rest = [Image.fromarray(pattern(0)) for _ in range(frames)]
    # Frames that look alike would be written as one, of a time too long for the format.
    for index, each in enumerate(rest):
        each.putpixel((index % SIDE, index // SIDE % SIDE), (255, 0, 255))
    data = io.BytesIO()
    first.save(data, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return data.getvalue()


def boastful(dice: Dice) -> bytes:
    """A film whose head promises another size, length or number of frames."""
    data = bytearray(film("mp4", "libx264"))
    box = dice.choice((b"tkhd", b"mvhd", b"mdhd", b"stsz", b"stts", b"avc1", b"stco", b"elst"))
    at = data.find(box)
    for _ in range(dice.choice((1, 4))):
        place = at + dice.randrange(4, 64)
        data[place : place + 4] = struct.pack(
            ">I", dice.choice((0xFFFFFFFF, 0x7FFFFFFF, 0, 1 << 20))
        )
    return bytes(data)


def naming(dice: Dice) -> bytes:
    """A text that asks to open other files."""
    return dice.choice(
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"<?xml version='1.0'?><MPD><BaseURL>file:///etc/</BaseURL></MPD>",
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
            b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n",
            b"%!PS\n(/etc/passwd) (r) file\n",
        )
    )


def noise(dice: Dice) -> bytes:
    """Nothing at all, or bytes without sense behind a sound beginning."""
    start = dice.choice(
        (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\xff\xff\xff\xffWEBP", b"\x1aE\xdf\xa3")
    )
    return start + dice.randbytes(dice.choice((0, 1, 100, 100_000)))


LIES: dict[str, Callable[[Dice], bytes]] = {
    "bomb": bomb, "deep": deep, "endless": endless, "boastful": boastful, "naming": naming,
    "noise": noise,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
