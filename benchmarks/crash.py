"""Kill -9 at random moments while films are made. In: how many kills and jobs. Out: figures, exit code.

    python benchmarks/crash.py --model FOLDER --jobs 100 --kills 200
    python benchmarks/crash.py --model FOLDER --jobs 100 --kills 200 --postgres --workers 3
    python benchmarks/crash.py --model FOLDER --jobs 100 --kills 200 --edits

On SQLite the server and its worker are killed. On Postgres the server and workers that share nothing but
database and store; now and then one is frozen for a while, or the database is started anew. Every seed is
made once undisturbed at the start, so that each film has a twin to be compared with. With `--edits` three
of four jobs are a remix, an edit or an extension of one film, and most kills wait for one of these to be
dreamt. `broken_off` tells by kind how many jobs were begun more than once, `aimed` what was being dreamt when
a kill came.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cluster import Postgres, installed, running, worker
from serving import Served, until

SEEDS = 5
SEEDS_OF_EDITS = 2
EDITS: dict[str, tuple[str, dict[str, Any]]] = {
    "remix": ("/v1/videos/{id}/remix", {}),
    "edit": ("/v1/videos/edits", {"video": None, "strength": 0.8}),
    "extension": ("/v1/videos/extensions", {"video": None, "seconds": 2}),
}
"""Kind of job -> its route, and what is sent with the words; `video` becomes the film."""
WANTED = {"seconds": 4, "size": "96x64"}
# Random kills are not the fault of a job: the limit that finds poisoned ones is out of reach.
ATTEMPTS = 10_000
LONGEST_FREEZE = 20.0
AIMED = 0.75
"""Share of kills that wait until something is dreamt; the others also hit starts, decoding and idleness."""
AIMED_AT_EDITS = 0.7
"""Share of these that wait for a remix, an edit or an extension, where there are any."""
PATIENCE = 30.0
NOBODY: tuple[str, str | None] = ("", None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--pause", type=float, default=6.0, help="longest wait between two kills")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--edits", action="store_true", help="films, remixes, edits, extensions")
    given = parser.parse_args()
    place = several if given.postgres else alone
    with tempfile.TemporaryDirectory() as folder, place(Path(folder), given) as victims:
        figures = soak(victims, given)
    print(json.dumps(figures, indent=2))
    wrong = ("lost", "stuck", "failed", "delivered_twice", "different")
    return int(any(figures[name] for name in wrong))


class Victims(Protocol):
    """What can be killed, and the server that is asked."""

    server: Served

    def strike(self, dice: random.Random, *, at: str | None) -> str:
        """Kill something, the worker called `at` if it is a worker's turn.

        Returns:
            What it was, or nothing if it was dead already.
        """
        ...


class Alone:
    """A server with its own worker, on SQLite."""

    def __init__(self, server: Served) -> None:
        self.server = server

    def strike(self, dice: random.Random, *, at: str | None) -> str:
        if dice.random() < 0.75:
            return "worker" if self.server.kill_workers() else ""
        self.server.kill()
        self.server.start()
        return "server"


class Several:
    """A server, and workers as on other machines, on Postgres."""

    def __init__(self, server: Served, database: Postgres, *, model: Path, workers: int) -> None:
        self.server, self._database, self._model = server, database, model
        self._hands = {f"host-{n}": self._begin(f"host-{n}") for n in range(workers)}

    def strike(self, dice: random.Random, *, at: str | None) -> str:
        chance, name = dice.random(), dice.choice(list(self._hands))
        name = at if at in self._hands else name
        if chance < 0.7:
            self._hands[name].kill()
            self._hands[name].wait()
            self._hands[name] = self._begin(name)
            return "worker"
        if chance < 0.85:
            self.server.kill()
            self.server.start()
            return "server"
        if chance < 0.93:
            self._freeze(dice)
            return "frozen worker"
        self._database.stop()
        time.sleep(dice.uniform(0, 5))
        self._database.start()
        return "database"

    def end(self) -> None:
        for hand in self._hands.values():
            hand.kill()
            hand.wait()

    def _freeze(self, dice: random.Random) -> None:
        hand = self._hands[dice.choice(list(self._hands))]
        hand.send_signal(signal.SIGSTOP)
        time.sleep(dice.uniform(1, LONGEST_FREEZE))
        hand.send_signal(signal.SIGCONT)

    def _begin(self, name: str) -> "subprocess.Popen[bytes]":
        return worker(name, self.server, self._model, self._database.url, attempts=ATTEMPTS)


@contextmanager
def alone(folder: Path, given: argparse.Namespace) -> Iterator[Victims]:
    settings: dict[str, Any] = {"attempts": ATTEMPTS, "checkpoint_seconds": 0.2}
    server = Served(folder, given.model.resolve(), **settings).start()
    try:
        yield Alone(server)
    finally:
        server.close()


@contextmanager
def several(folder: Path, given: argparse.Namespace) -> Iterator[Victims]:
    programs, model = installed(), given.model.resolve()
    assert programs is not None, "install postgresql"
    with ExitStack() as stack:
        database = stack.enter_context(running(programs))
        server = Served(folder, model, workers=0, database=database.url).start()
        stack.callback(server.close)
        victims = Several(server, database, model=model, workers=given.workers)
        stack.callback(victims.end)
        yield victims


class Orders:
    """Asks for films by number: the same number, and any other of its kind and seed, is one film."""

    def __init__(self, server: Served, *, steps: int, edits: bool, seconds: float) -> None:
        self._server, self._wanted = server, {**WANTED, "steps": steps}
        self._kinds = ["create", *EDITS] if edits else ["create"]
        self.different = len(self._kinds) * (SEEDS_OF_EDITS if edits else SEEDS)
        self._film = server.create(**self._wanted, seed=0) if edits else ""
        if edits:
            server.wait(self._film, seconds=seconds)

    def __call__(self, number: int) -> str:
        number %= self.different
        kind, seed = self._kinds[number % len(self._kinds)], number // len(self._kinds)
        if kind == "create":
            return self._server.create(**self._wanted, seed=seed)
        path, fields = EDITS[kind]
        sent = {"prompt": "a blue cube rolls", "seed": seed, "steps": self._wanted["steps"]}
        sent |= {**fields, "video": {"id": self._film}} if "video" in fields else fields
        answer = self._server.http.post(path.format(id=self._film), json=sent)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])


def soak(victims: Victims, given: argparse.Namespace) -> dict[str, Any]:
    server = victims.server
    order = Orders(server, steps=given.steps, edits=given.edits, seconds=given.seconds)
    twins = [order(number) for number in range(order.different)]
    expected = {
        (job["kind"], job["seed"]): job["frames_sha256"]
        for job in (server.wait(video, seconds=given.seconds) for video in twins)
    }
    videos = [order(number) for number in range(given.jobs)]
    waiting = videos
    dice, start = random.Random(1), time.monotonic()
    kills: Counter[str] = Counter()
    aimed: Counter[str] = Counter()
    while kills.total() < given.kills and time.monotonic() - start < given.seconds:
        time.sleep(dice.uniform(0.2, given.pause))
        kind, worker = aim(server, dice, edits=given.edits) if dice.random() < AIMED else NOBODY
        struck = victims.strike(dice, at=worker)
        kills.update([struck] if struck else [])
        aimed.update([kind] if struck and kind else [])
        waiting = unfinished(server, waiting)
        if not waiting:
            waiting = [order(number) for number in range(order.different)]
            videos += waiting
    settle(server, waiting, seconds=given.seconds)
    return report(server, videos, expected) | {
        "kills": dict(kills),
        "aimed": dict(aimed),
        "jobs": len(videos),
        "seconds": round(time.monotonic() - start),
    }


def aim(server: Served, dice: random.Random, *, edits: bool) -> tuple[str, str | None]:
    """Wait a while until some job is dreamt, an edit most of the time; returns its kind and its worker."""
    kinds = (*EDITS,) if edits and dice.random() < AIMED_AT_EDITS else ("create", *EDITS)

    def dreaming() -> tuple[str, str | None] | None:
        jobs = server.http.get("/kinora/v1/jobs", params={"state": "dispatched"}).json()["data"]
        found = [job for job in jobs if job["stage"] == "denoise" and job["done"]]
        return next(((j["kind"], j["worker"]) for j in found if j["kind"] in kinds), None)

    try:
        return until(dreaming, seconds=PATIENCE, what="a dream")
    except AssertionError:
        return NOBODY


def settle(server: Served, videos: list[str], *, seconds: float) -> None:
    """Wait for the rest; who is stuck is told in the report."""
    try:
        until(lambda: not unfinished(server, videos), seconds=seconds, what="the rest")
    except AssertionError:
        return


def unfinished(server: Served, videos: list[str]) -> list[str]:
    """Those that are still to be made; what is finished is not asked for again until the report."""

    def status(video: str) -> Any:
        return server.http.get(f"/v1/videos/{video}").json().get("status")

    return [video for video in videos if status(video) not in ("completed", "failed")]


def report(
    server: Served, videos: list[str], expected: dict[tuple[str, int], str]
) -> dict[str, Any]:
    answers = [server.http.get(f"/kinora/v1/jobs/{video}") for video in videos]
    jobs = [answer.json() for answer in answers if answer.status_code == 200]
    ends = [job for job in jobs if job["state"] in ("done", "failed", "cancelled")]
    told = [server.http.get(f"/kinora/v1/jobs/{job['id']}/events").text for job in ends]
    broken_off = Counter(
        job["kind"] for job, text in zip(ends, told, strict=True) if text.count("event: begun") > 1
    )
    return {
        "lost": len(videos) - len(jobs),
        "stuck": len(jobs) - len(ends),
        "failed": sum(job["state"] != "done" for job in ends),
        "delivered_twice": sum(text.count("event: completed") > 1 for text in told),
        "different": sum(
            job["state"] == "done" and job["frames_sha256"] != expected[job["kind"], job["seed"]]
            for job in ends
        ),
        "broken_off": dict(broken_off),
        "broken_off_edits": sum(broken_off[kind] for kind in EDITS),
        "attempts": sum(text.count("event: begun") for text in told),
    }


if __name__ == "__main__":
    sys.exit(main())
