"""Three workers share a real Postgres: one is killed, one is cut off, the database restarts."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving import PROGRAM, Served, environment, free_port, until

WORKERS = 3
FILMS = 6
WANTED = {"steps": 60, "seconds": 4, "size": "96x64"}
UNPRIVILEGED = "nobody"


class Postgres:
    """A cluster of its own in a folder; it refuses to run as root, so root hands it to `nobody`."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs, self.port = folder, programs, free_port()
        self.url = f"postgresql://kinora@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED)
            for parent in self.folder.parents[:3]:
                parent.chmod(0o755)
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "kinora", "-A", "trust", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c fsync=off"
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "start"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def _run(self, program: str, *words: str) -> None:
        user = ["setpriv", f"--reuid={UNPRIVILEGED}", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(
            [*user, str(self.programs / program), *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A running database, where its programs are installed."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/bin"), Path("/usr/bin")]
    programs = next((place for place in places if (place / "initdb").exists()), None)
    if programs is None:
        reason = "needs initdb: install the system package postgresql"
        pytest.fail(reason) if os.environ.get("KINORA_CI") == "1" else pytest.skip(reason)
    database = Postgres(tmp_path_factory.mktemp("postgres") / "cluster", programs)
    database.create()
    yield database
    database.stop()


def worker(name: str, server: Served, model: Path, database: str) -> "subprocess.Popen[bytes]":
    """A worker as on another machine: its own folder, nothing shared but database and store."""
    words = {"--name": name, "--model": model, "--database": database}
    words |= {"--data": server.data / name, "--store": f"file://{server.data / 'store'}"}
    flat = [str(word) for pair in words.items() for word in pair]
    with (server.data / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "worker", *flat, "--set=checkpoint_seconds=0.2"],
            env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip


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
