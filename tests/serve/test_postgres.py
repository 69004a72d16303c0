"""Three workers share a real Postgres: one is killed, one is cut off, the database restarts."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import Postgres, installed, running, worker
from serving import Served, until

WORKERS = 3
FILMS = 6
WANTED = {"steps": 150, "seconds": 4, "size": "96x64"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A running database, where its programs are installed."""
    programs = installed()
    if programs is None:
        reason = "needs initdb: install the system package postgresql"
        pytest.fail(reason) if os.environ.get("KINORA_CI") == "1" else pytest.skip(reason)
    with running(programs) as database:
        yield database


def test_nothing_is_lost_and_nothing_done_twice(
    postgres: Postgres, serve: Callable[..., Served], tiny_model_folder: Path
) -> None:
    server = serve(workers=0, database=postgres.url)
    server.data.mkdir(parents=True)
    server.start()
    hands = [worker(f"host-{n}", server, tiny_model_folder, postgres.url) for n in range(WORKERS)]
    try:
        until(lambda: server.http.get("/kinora/v1/ready").json()["workers"] == WORKERS)
        videos = [server.create(**WANTED, seed=n % 2) for n in range(FILMS)]
        busy = until(lambda: at_work(server, videos), what="a worker to be at work")
        killed, frozen = (hands[int(name.removeprefix("host-"))] for name in busy[:2])
        killed.kill()
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(1)
        postgres.stop()
        down = server.http.get(f"/v1/videos/{videos[0]}")
        assert down.status_code == 503, down.text
        assert "retry-after" in down.headers
        postgres.start()
        frozen.send_signal(signal.SIGCONT)
        jobs = [server.wait(video) for video in videos]
        assert [job["state"] for job in jobs] == ["done"] * FILMS, jobs
        assert len({job["frames_sha256"] for job in jobs if job["seed"] == 0}) == 1
        for video in videos:
            events = server.http.get(f"/kinora/v1/jobs/{video}/events").text
            assert events.count("event: completed") == 1, json.dumps(events)
    finally:
        for hand in hands:
            hand.kill()
            hand.wait()


def at_work(server: Served, videos: list[str]) -> list[str] | None:
    """Names of two workers that are dreaming, if there are two."""
    jobs = [server.job(video) for video in videos]
    busy = {
        job["worker"] for job in jobs if job["state"] == "dispatched" and job["stage"] == "denoise"
    }
    return sorted(busy)[:2] if len(busy) >= 2 else None
