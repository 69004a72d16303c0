"""Films that are watched while they are made: the ledger is told, and a kill changes nothing."""

import io
import json
from pathlib import Path
from typing import Any

import av
import pytest
import torch

from kinora.evaluate.verify import Watched, Window
from kinora.serve.jobs.watching import read_window, told, write_window
from kinora.serve.jobs.wish import Card, Wish
from serving import Served, until

WISH: dict[str, Any] = {
    "prompt": "a red ball on grass", "seconds": 1, "size": "96x64", "seed": 5, "steps": 2,
}  # fmt: skip
LONG: dict[str, Any] = {**WISH, "seconds": 6, "steps": 40, "verify": True, "tries": 2}
SIZE = {"height": 64, "width": 96, "made_height": 64, "made_width": 96, "seed": 0}


def test_a_watched_film_tells_what_it_keeps(server: Served) -> None:
    video = server.create(**WISH, verify=True, tries=2)
    job = server.wait(video)
    assert job["state"] == "done", job
    seen = job["verify"]
    # The tiny model paints noise, which keeps nothing: every window was tried as often as allowed.
    assert (seen["tries"], [window["tries"] for window in seen["windows"]]) == (2, [2])
    assert seen["broken"] > 0
    assert sum("should be" in note for note in job["notes"]) == seen["broken"]
    told = recipe(server, video)["options"]
    assert (told["verify"], told["ledger"]["windows"]) == (2, seen["windows"])


def test_watching_alone_makes_the_same_film(server: Served) -> None:
    plain, watched = server.create(**WISH), server.create(**WISH, verify=True, tries=1)
    jobs = [server.wait(video) for video in (plain, watched)]
    assert jobs[0]["verify"] is None
    # The files differ by the ledger that one of them holds; the frames do not.
    assert frames(server, plain) == frames(server, watched)


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"tries": 11}, {"verify": "perhaps"}])
def test_nonsense_is_refused(server: Served, wrong: dict[str, Any]) -> None:
    answer = server.http.post("/v1/videos", json={**WISH, "verify": True, **wrong})
    assert answer.status_code == 400


def test_a_film_from_a_picture_is_watched_too(server: Served) -> None:
    first = {"image_url": PIXEL}
    video = server.create(**WISH, verify=True, tries=1, input_reference=first)
    job = server.wait(video)
    assert (job["state"], job["kind"]) == ("done", "animate"), job
    assert job["verify"]["broken"] > 0


def test_a_kill_between_windows_changes_nothing(server: Served) -> None:
    twin, video = server.create(**LONG), server.create(**LONG)
    kept = server.data / "store" / "videos" / video
    until(lambda: any(kept.glob("window-*")), what="the first window")
    assert server.kill_workers() == 1
    job, undisturbed = server.wait(video), server.wait(twin)
    assert job["state"] == "done", job
    assert len(job["verify"]["windows"]) > 1
    assert job["frames_sha256"] == undisturbed["frames_sha256"]
    assert job["verify"] == undisturbed["verify"]
    assert not any(kept.glob("window-*")), "what is finished is tidied up"


def test_a_window_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    made = Watched(torch.randn(3, 4, 2, 2), Window(start=0.0, end=1.5, tries=2, entries=()))
    write_window(made, tmp_path / "window")
    found = read_window(tmp_path / "window")
    assert torch.equal(found.latents, made.latents)
    assert found.window == made.window


def test_every_shot_promises_until_the_next() -> None:
    cards = (Card(prompt="a red ball"), Card(prompt="a blue cube", start=1.5))
    heard = told(Wish(cards=cards, seconds=4.0, **SIZE))
    assert [(each.prompt, each.start, each.end) for each in heard] == [
        ("a red ball", 0.0, 1.5),
        ("a blue cube", 1.5, 4.0),
    ]


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)


def content(server: Served, video: str) -> io.BytesIO:
    return io.BytesIO(server.http.get(f"/v1/videos/{video}/content").content)


def recipe(server: Served, video: str) -> dict[str, Any]:
    """What the file says of how it was made."""
    with av.open(content(server, video)) as container:
        found: dict[str, Any] = json.loads(container.metadata["comment"])
        return found


def frames(server: Served, video: str) -> list[bytes]:
    with av.open(content(server, video)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
