"""Something that everybody needs is gone for a while. In: what, for how long. Out: figures, exit code.

    python benchmarks/outage.py --model FOLDER --what disk-full
    python benchmarks/outage.py --model FOLDER --what read-only
    python benchmarks/outage.py --model FOLDER --what database --seconds 60

The first two mount a small file system for the store and need root; the third runs a Postgres of its
own. What must hold: jobs say what they wait for, or clients read 503 with Retry-After; all go on by
themselves; every film is the one that was made undisturbed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cluster import installed, running
from serving import Served, until

JOBS = 4
FILM = {"steps": 120, "seconds": 4, "size": "96x64"}
STORE_MEGABYTES = 48
PATIENCE = 1800.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--what", choices=("disk-full", "read-only", "database"), required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = OUTAGES[given.what](Path(folder), given.model.resolve(), given.seconds)
    print(json.dumps({"what": given.what, **figures}, indent=2))
    return int(figures["not_done"] or figures["different"] or not figures["told"])


@dataclass
class Seen:
    """What clients and jobs said while it lasted."""

    answers: Counter[int] = field(default_factory=Counter)
    without_hint: int = 0
    waiting: set[str] = field(default_factory=set)


def through(
    server: Served, seconds: float, begin: Callable[[], None], end: Callable[[], None]
) -> Any:
    """Make a film undisturbed, then several through the outage; compare them."""
    twin = server.wait(server.create(**FILM, seed=1), seconds=PATIENCE)
    videos = [server.create(**FILM, seed=1) for _ in range(JOBS)]
    until(lambda: server.job(videos[0])["stage"] == "denoise", seconds=PATIENCE)
    begin()
    seen, start = Seen(), time.monotonic()
    while time.monotonic() - start < seconds:
        watch(server, videos, seen)
        time.sleep(0.5)
    end()
    ended = time.monotonic()
    jobs = [server.wait(video, seconds=PATIENCE) for video in videos]
    return {
        "outage_s": seconds,
        "answers": {str(status): count for status, count in seen.answers.items()},
        "without_retry_after": seen.without_hint,
        "jobs_said": sorted(seen.waiting),
        "told": bool(seen.waiting) or seen.answers[503] > 0,
        "jobs": JOBS,
        "failed_with": sorted({str(job["error_code"]) for job in jobs if job["error_code"]}),
        "not_done": sum(job["state"] != "done" for job in jobs),
        "different": sum(job["frames_sha256"] != twin["frames_sha256"] for job in jobs),
        "all_done_after_s": round(time.monotonic() - ended, 1),
    }


def watch(server: Served, videos: list[str], seen: Seen) -> None:
    """Ask as a client would, and look what the jobs say of themselves."""
    answer = server.http.get(f"/v1/videos/{videos[0]}")
    seen.answers[answer.status_code] += 1
    seen.without_hint += answer.status_code == 503 and "retry-after" not in answer.headers
    for video in videos[:2] if answer.status_code == 200 else ():
        seen.waiting.update(reasons(server, video))


def reasons(server: Served, video: str) -> Iterator[str]:
    """Why a job waits, by its events so far."""
    with (
        suppress(httpx.ReadTimeout),
        server.http.stream("GET", f"/kinora/v1/jobs/{video}/events", timeout=1.0) as answer,
    ):
        for line in answer.iter_lines():
            if '"reason": ' in line:
                yield str(json.loads(line.removeprefix("data: "))["reason"])


def disk(folder: Path, model: Path, seconds: float, *, full: bool) -> dict[str, Any]:
    store = folder / "store"
    store.mkdir()
    filler = store / "filler"

    def begin() -> None:
        if not full:
            mount("-o", "remount,ro", store)
            return
        with suppress(OSError), filler.open("wb", buffering=0) as stream:
            while stream.write(bytes(1 << 12)):
                pass

    def end() -> None:
        filler.unlink() if full else mount("-o", "remount,rw", store)

    mount("-t", "tmpfs", "-o", f"size={STORE_MEGABYTES}m", "none", store)
    try:
        with served(folder / "data", model, store=store, checkpoint_seconds=0.2) as server:
            figures: dict[str, Any] = through(server, seconds, begin, end)
            return figures
    finally:
        subprocess.run(["umount", str(store)], check=True)


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def database(folder: Path, model: Path, seconds: float) -> dict[str, Any]:
    programs = installed()
    assert programs is not None, "install postgresql"
    with running(programs) as shared, served(folder, model, database=shared.url) as server:
        figures: dict[str, Any] = through(server, seconds, shared.stop, shared.start)
        return figures


@contextmanager
def served(folder: Path, model: Path, **settings: Any) -> Iterator[Served]:
    server = Served(folder, model, **settings).start()
    try:
        yield server
    finally:
        server.close()


OUTAGES: dict[str, Callable[[Path, Path, float], dict[str, Any]]] = {
    "disk-full": lambda folder, model, seconds: disk(folder, model, seconds, full=True),
    "read-only": lambda folder, model, seconds: disk(folder, model, seconds, full=False),
    "database": database,
}

if __name__ == "__main__":
    sys.exit(main())
