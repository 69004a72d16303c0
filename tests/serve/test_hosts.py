"""Three workers on hosts of their own: one loses its cable at work, and is neither waited for nor believed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import installed, running, worker
from hosts import Network, network, why_not
from kinora.serve.jobs.database import GIVEN_UP_SECONDS
from serving import Served, until

HOSTS = 3
WANTED = {"steps": 150, "seconds": 8, "size": "96x64", "seed": 1}


@pytest.fixture(scope="module")
def wires() -> Iterator[Network]:
    """A network, where the system lets us make one: CI can install a program, but not the right."""
    reason = why_not()
    if reason:
        sure = "install" in reason and os.environ.get("KINORA_CI") == "1"
        pytest.fail(reason) if sure else pytest.skip(reason)
    with network(HOSTS) as made:
        yield made


def test_what_a_lost_host_was_making_is_made_elsewhere(
    wires: Network, serve: Callable[..., Served], tiny_model_folder: Path
) -> None:
    programs = installed()
    if programs is None:
        pytest.skip("needs initdb: install the system package postgresql")
    with running(programs, address=wires.address) as database:
        server = serve(workers=0, database=database.url)
        server.data.mkdir(parents=True)
        server.start()
        hands = [
            worker(f"host-{n}", server, tiny_model_folder, database.url, within=wires.on(n))
            for n in range(HOSTS)
        ]
        try:
            until(lambda: server.http.get("/kinora/v1/ready").json()["workers"] == HOSTS)
            video, twin = server.create(**WANTED), server.create(**WANTED)
            until(lambda: server.job(video)["stage"] == "denoise", what="a worker to be at work")
            lost = int(str(server.job(video)["worker"]).removeprefix("host-"))
            wires.cut(lost)
            until(
                lambda: server.job(video)["worker"] not in (None, f"host-{lost}"),
                seconds=10 * GIVEN_UP_SECONDS,
                what="another host to take it up",
            )
            wires.mend(lost)
            jobs = [server.wait(each) for each in (video, twin)]
            assert [job["state"] for job in jobs] == ["done", "done"], jobs
            assert jobs[0]["frames_sha256"] == jobs[1]["frames_sha256"]
            events = server.http.get(f"/kinora/v1/jobs/{video}/events").text
            assert events.count("event: completed") == 1
            assert hands[lost].poll() is None, "it lives, and takes orders again"
        finally:
            for hand in hands:
                hand.kill()
                hand.wait()
