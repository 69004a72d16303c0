"""Every verb of the studio over HTTP: taken as a job, made, as long and as large as it was told to be."""

import base64
import io
import json
from typing import Any

import av
import httpx
import pytest
from PIL import Image

from serving import Served, until

QUICK = {"seed": 3, "steps": 1}
FILM = {"seconds": 2, "size": "96x64", **QUICK}


@pytest.fixture(scope="module")
def film(server: Served) -> str:
    video = server.create(**FILM)
    assert server.wait(video)["state"] == "done"
    return video


def picture(shade: int) -> dict[str, str]:
    data = io.BytesIO()
    Image.new("RGB", (96, 64), (shade, 40, 40)).save(data, "PNG")
    return {"image_url": "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()}


def asked(film: str) -> dict[str, dict[str, Any]]:
    """Route -> what is sent; the film lasts two seconds."""
    of = {"video": {"id": film}, **QUICK}
    cards = [
        {"at": 0, "prompt": "a red ball", "image": picture(200)},
        {"at": 1, "prompt": "a blue cube", "enter": "flow"},
        {"at": 2, "video": {"id": film}},
    ]
    return {
        "animate": {
            "prompt": "a red ball", "image": picture(250), **FILM,
            "keyframes": [{"seconds": -0.5, "image": picture(10)}],
        },
        "storyboard": {"seconds": 3, "size": "96x64", "cards": cards, **QUICK},
        "remix": {**of, "prompt": "a blue cube", "strength": "strong"},
        "extend": {**of, "seconds": 1, "backward": True},
        "loop": {**of, "bridge": "short"},
        "blend": {**of, "second": {"id": film}, "seconds": 1},
        "retake": {**of, "start": 1},
        "change": {**of, "prompt": "a green cone", "box": [32, 16, 32, 32]},
        "outpaint": {**of, "size": "128x64"},
        "recut": {**of, "start": 1},
    }  # fmt: skip


LONG = {"storyboard": 25 / 8, "extend": 3.0, "loop": 3.0, "blend": 41 / 8, "recut": 9 / 8}


def frames_of(server: Served, video: str) -> list[Any]:
    data = server.http.get(f"/v1/videos/{video}/content").content
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_every_verb_makes_a_film(server: Served, film: str) -> None:
    made = {}
    for verb, sent in asked(film).items():
        answer = server.http.post(f"/kinora/v1/{verb}", json=sent)
        assert answer.status_code == 200, (verb, answer.text)
        made[verb] = answer.json()["id"]
    for verb, video in made.items():
        job = server.wait(video)
        assert job["state"] == "done", (verb, job)
        told = server.http.get(f"/v1/videos/{video}").json()
        frames = frames_of(server, video)
        assert len(frames) / 8 == float(told["seconds"]) == LONG.get(verb, 2.0), verb
        assert told["size"] == f"{frames[0].shape[1]}x{frames[0].shape[0]}", verb
        parent = film if "video" in asked(film)[verb] else None
        assert told["remixed_from_video_id"] == parent


def test_variations_are_what_their_seeds_make(server: Served, film: str) -> None:
    sent = {"prompt": "a red ball rolls", **FILM, "count": 2}
    head = {"Idempotency-Key": "two-variations"}
    first, again = (
        server.http.post("/kinora/v1/variations", json=sent, headers=head).json()["data"]
        for _ in range(2)
    )
    assert [one["id"] for one in first] == [one["id"] for one in again]
    assert [one["seed"] for one in first] == [3, 4]
    jobs = [server.wait(one["id"]) for one in first]
    assert jobs[0]["frames_sha256"] == server.job(film)["frames_sha256"]
    assert jobs[1]["frames_sha256"] != jobs[0]["frames_sha256"]


def test_what_cannot_be_is_said_at_once(server: Served, film: str) -> None:
    of = {"video": {"id": film}}
    wrong: dict[str, tuple[str, dict[str, Any], str | None]] = {
        "late": ("retake", {**of, "start": 2}, "start"),
        "nowhere": ("change", {**of, "prompt": "a"}, "box"),
        "small": ("outpaint", {**of, "size": "32x32"}, "size"),
        "alone": ("blend", of, "second"),
        "none": ("loop", {}, "video"),
        "blind": ("angles", {**of, "views": [1]}, None),
        "bare": ("animate", {"prompt": "a"}, "image"),
    }
    for name, (verb, sent, param) in wrong.items():
        answer = server.http.post(f"/kinora/v1/{verb}", json=sent)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), name
    gone = server.http.post("/kinora/v1/loop", json={"video": {"id": "video_none"}})
    assert gone.status_code == 404


def test_an_uploaded_film_and_a_mask(server: Served, film: str) -> None:
    data = server.http.get(f"/v1/videos/{film}/content").content
    mask = io.BytesIO()
    Image.new("L", (96, 64), 255).save(mask, "PNG")
    answer: httpx.Response = server.http.post(
        "/kinora/v1/change",
        data={"prompt": "a green cone", "steps": "1"},
        files={"video": ("a.mp4", data, "video/mp4"), "mask": ("m.png", mask.getvalue())},
    )
    assert answer.status_code == 200, answer.text
    assert server.wait(answer.json()["id"])["state"] == "done"
    assert len(frames_of(server, answer.json()["id"])) == 16


def test_a_film_can_be_seen_while_it_is_made(server: Served) -> None:
    video = server.create(steps=80, seconds=8, size="96x64")
    seen = until(lambda: preview(server, video), what="a preview")
    data = base64.b64decode(seen["image"].removeprefix("data:image/webp;base64,"))
    shown = Image.open(io.BytesIO(data))
    assert (shown.format, shown.size, seen["stage"]) == ("WEBP", (96, 64), "denoise")
    server.http.post(f"/kinora/v1/jobs/{video}/cancel")
    server.wait(video)
    assert "event: preview" not in server.http.get(f"/kinora/v1/jobs/{video}/events").text


def test_the_cast_is_listed_and_forgotten(server: Served, film: str) -> None:
    sent = {"name": "Bolly", "video": {"id": film}}
    made = server.http.post("/v1/videos/characters", json=sent).json()
    cast = server.http.get("/kinora/v1/characters").json()["data"]
    assert made in cast
    folder = server.data / "store" / "characters" / made["id"]
    assert folder.exists()
    path = f"/kinora/v1/characters/{made['id']}"
    assert server.http.delete(path).json()["deleted"] is True
    assert not folder.exists()
    assert server.http.delete(path).status_code == 404


def test_a_storyboard_calls_characters_by_their_names(server: Served, film: str) -> None:
    made = []
    for words in ("a blue cube", "", "a blue cube"):
        sent = {"name": "Zoë-2", "video": {"id": film}, "words": words}
        made.append(server.http.post("/v1/videos/characters", json=sent).json()["id"])
    board = {"seconds": 2, "size": "96x64", **QUICK}
    named, unnamed, plain = (
        storyboard(server, {**board, "cards": [{"at": 0, "prompt": prompt}]})
        for prompt in ("zoë-2 rolls", "the blue cube rolls", "zoë-22 rolls")
    )
    # The newest of that name is heard by its words, and seen: a film of the words alone is another.
    assert not any("zoë" in note for note in named["notes"])
    assert any("zoë" in note for note in plain["notes"])
    assert named["prompt"] == "zoë-2 rolls"
    assert named["frames_sha256"] != unnamed["frames_sha256"]
    for one in made:
        server.http.delete(f"/kinora/v1/characters/{one}")


def test_a_storyboard_has_room_for_so_many_characters(server: Served, film: str) -> None:
    names = [f"Extra{number}" for number in range(9)]
    cast = [
        server.http.post("/v1/videos/characters", json={"name": name, "video": {"id": film}}).json()
        for name in names
    ]
    sent = {"seconds": 2, "cards": [{"at": 0, "prompt": " and ".join(names)}]}
    answer = server.http.post("/kinora/v1/storyboard", json=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_many_characters")
    for each in cast:
        server.http.delete(f"/kinora/v1/characters/{each['id']}")


def storyboard(server: Served, sent: dict[str, Any]) -> dict[str, Any]:
    answer = server.http.post("/kinora/v1/storyboard", json=sent)
    assert answer.status_code == 200, answer.text
    job = server.wait(answer.json()["id"])
    assert job["state"] == "done", job
    return job


def preview(server: Served, video: str) -> dict[str, Any] | None:
    """The picture among the events so far."""
    with server.http.stream("GET", f"/kinora/v1/jobs/{video}/events") as answer:
        lines = answer.iter_lines()
        for line in lines:
            if line == "event: preview":
                found: dict[str, Any] = json.loads(next(lines).removeprefix("data: "))
                return found
    return None
