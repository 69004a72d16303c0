"""Whatever is killed, no job is lost, and the film is the very one it would have been."""

import os
from collections.abc import Callable

import httpx

from serving import Served, until

Serve = Callable[..., Served]
SLOW = {"steps": 80, "seconds": 8, "size": "96x64", "seed": 11}


def test_a_killed_worker_goes_on_from_its_last_checkpoint(serve: Serve) -> None:
    server = serve(checkpoint_seconds=0.2).start()
    twin = server.create(**SLOW)
    video = server.create(**SLOW)
    until(lambda: server.job(video)["stage"] == "denoise" and server.job(video)["done"] > 100)
    assert server.kill_workers() == 1
    before = server.job(video)["done"]
    job, undisturbed = server.wait(video), server.wait(twin)
    assert job["state"] == "done", job
    assert job["frames_sha256"] == undisturbed["frames_sha256"]
    events = server.http.get(f"/kinora/v1/jobs/{video}/events").text
    assert events.count("event: begun") == 2
    after_death = events.split("event: begun")[2]
    resumed_at = int(after_death.split('"stage": "denoise", "done": ')[1].split(",")[0])
    assert 0 < resumed_at <= before + 100, (resumed_at, before)
    assert resumed_at > 1, "it went on, it did not begin anew"
    assert events.count("event: completed") == 1


def test_a_killed_server_and_its_orphans_come_back(serve: Serve) -> None:
    server = serve(checkpoint_seconds=0.2).start()
    running = server.create(**SLOW)
    waiting = [server.create(steps=1, seconds=1, size="96x64", seed=n) for n in range(3)]
    until(lambda: server.job(running)["stage"] == "denoise")
    orphans = server.worker_pids()
    server.kill()
    until(lambda: not any(alive(pid) for pid in orphans), what="the workers to follow")
    server.start()
    for video in (running, *waiting):
        assert server.wait(video)["state"] == "done"


def test_a_job_that_kills_its_worker_is_given_up(serve: Serve) -> None:
    server = serve(attempts=2, checkpoint_seconds=600.0).start()
    # In one piece: a finished chunk would be progress, after which attempts are counted anew.
    video = server.create(steps=200, seconds=4, size="192x128", seed=11)
    for _ in range(2):
        until(lambda: server.job(video)["attempts"], what="an attempt")
        until(lambda: server.job(video)["stage"] == "denoise")
        seen = server.job(video)["attempts"]
        server.kill_workers()
        until(
            lambda s=seen: (
                server.job(video)["attempts"] > s or server.job(video)["state"] == "failed"
            )
        )
    job = server.wait(video)
    assert (job["state"], job["error_code"]) == ("failed", "poisoned")
    other = server.create(steps=1, seconds=1, size="96x64")
    assert server.wait(other)["state"] == "done"


def test_a_store_that_refuses_is_waited_for(serve: Serve) -> None:
    """However often it was tried in vain: what is broken outside is no fault of the job."""
    server = serve(attempts=1).start()
    video = server.create(**SLOW)
    until(lambda: server.job(video)["stage"] == "denoise")
    folder = server.data / "store" / "videos"
    folder.mkdir(parents=True, exist_ok=True)  # nothing may have been kept yet
    folder.rename(server.data / "away")
    folder.write_text("a file stands where the folder was")
    until(lambda: events_of(server, video).count("event: waiting") > 1, what="a second try")
    assert server.job(video)["state"] in ("queued", "dispatched")
    folder.unlink()
    (server.data / "away").rename(folder)
    assert server.wait(video)["state"] == "done"


def events_of(server: Served, video: str) -> str:
    """The events so far of a job that has not ended."""
    text = ""
    try:
        with server.http.stream("GET", f"/kinora/v1/jobs/{video}/events", timeout=1.0) as answer:
            for piece in answer.iter_text():
                text += piece
    except httpx.ReadTimeout:
        pass
    return text


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().split()[2] != "Z"
