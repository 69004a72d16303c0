"""What a client may get wrong, or send in its own way, is told at the door and never lost on the way."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from PIL import Image

from kinora.core.clip import Clip
from kinora.media.write import save
from serving import Served

SHORT = {"prompt": "a red ball", "size": "96x64", "seconds": 1, "steps": 1, "seed": 3}


@pytest.fixture(scope="module")
def film(server: Served) -> str:
    video = server.create(**SHORT)
    assert server.wait(video)["state"] == "done"
    return video


def png() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (96, 64), "red").save(data, "PNG")
    return data.getvalue()


def job(server: Served, path: str, sent: dict[str, Any]) -> dict[str, Any]:
    answer = server.http.post(path, json=sent)
    assert answer.status_code == 200, answer.text
    made = server.wait(answer.json()["id"])
    assert made["state"] == "done", made
    return made


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_official_client_sends_a_storyboard(server: Served) -> None:
    """Its forms hold all prompts first, then all starts."""
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none")
    shots = [{"prompt": "a red ball rolls", "start": 0}, {"prompt": "a blue cube", "start": 1}]
    extra = {"steps": 1, "seed": 3, "size": "96x64", "storyboard": shots}
    video = client.videos.create(prompt="a red ball", seconds="2", extra_body=extra)  # type: ignore[arg-type]
    assert server.wait(video.id)["prompt"] == "a red ball rolls\na blue cube"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"storyboard": [{"prompt": "a", "start": 1}, {"prompt": "b", "start": 0}]}, "in order"),
        ({"storyboard": [{"prompt": "a", "start": 0}, {"prompt": "b", "start": 1}]}, "before the"),
        ({"keyframes": [{"seconds": 50, "image": {"image_url": "data:,"}}]}, "outside the film"),
        ({"seconds": 0.3, "fps": 1}, "show no frame"),
    ],
    ids=["order", "end", "keyframe", "rate"],
)  # fmt: skip
def test_what_cannot_be_is_refused(server: Served, change: dict[str, Any], said: str) -> None:
    answer = server.http.post("/v1/videos", json=SHORT | change)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["error"]["message"]


def test_a_part_that_is_none_is_refused(server: Served, film: str) -> None:
    sent = {"video": {"id": film}, "start": 0.9, "stop": 0.2}
    answer = server.http.post("/kinora/v1/recut", json=sent)
    assert (answer.status_code, "nothing is left" in answer.text) == (400, True)


def test_a_file_that_nobody_asked_for_is_told(server: Served) -> None:
    files = [("image", ("a.png", png(), "image/png"))]
    form = {"prompt": "a red ball", "steps": "1"}
    answer = server.http.post("/v1/videos", data=form, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")
    assert "known: input_reference" in answer.json()["error"]["message"]
    twice = [("input_reference", ("a.png", png(), "image/png"))] * 2
    answer = server.http.post("/v1/videos", data=form, files=twice)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input_reference")


def test_a_key_belongs_to_one_request_of_one_route(server: Served, film: str) -> None:
    sent = {"video": {"id": film}, "prompt": "a blue cube", "steps": 1, "seed": 3}
    key = {"Idempotency-Key": "of one route"}
    first = server.http.post("/kinora/v1/retake", json={**sent, "start": 0}, headers=key)
    assert first.status_code == 200, first.text
    other = server.http.post("/kinora/v1/change", json={**sent, "start": 0}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    none = {"Idempotency-Key": ""}
    one, two = (
        server.http.post("/v1/videos", json=SHORT | {"seed": seed}, headers=none).json()
        for seed in (5, 6)
    )
    assert one["id"] != two["id"]


def test_an_edit_knows_the_cast_of_its_film(server: Served, film: str) -> None:
    sent = {"name": "Qbert", "video": {"id": film}, "words": "a green cone"}
    who = server.http.post("/v1/videos/characters", json=sent).json()["id"]
    wish = SHORT | {"prompt": "Qbert stands", "characters": [{"id": who}]}
    made = job(server, "/v1/videos", wish)
    more = {"video": {"id": made["id"]}, "prompt": "Qbert falls on sand", "seconds": 1, "steps": 1}
    longer = job(server, "/v1/videos/extensions", more)
    assert not any("qbert" in note for note in longer["notes"])
    written = job(server, "/v1/videos/extensions", more | {"expand": True})
    assert "green cone" in written["expansion"]
    server.http.delete(f"/kinora/v1/characters/{who}")


def test_what_is_fitted_of_an_upload_is_told(server: Served, tmp_path: Path) -> None:
    upload = tmp_path / "a.mp4"
    save(Clip(np.full((24, 96, 128, 3), 90, np.uint8), 12.0), upload)
    files = {"video": ("a.mp4", upload.read_bytes(), "video/mp4")}
    form = {"seconds": "1", "steps": "1", "prompt": "a red ball on grass at noon"}
    answer = server.http.post("/v1/videos/extensions", data=form, files=files)
    assert answer.status_code == 200, answer.text
    notes = server.wait(answer.json()["id"])["notes"]
    assert "The upload: 12 frames a second became 8" in notes


def test_what_lies_around_a_film_is_part_of_it(server: Served, film: str) -> None:
    wide = job(server, "/kinora/v1/outpaint", {"video": {"id": film}, "size": "192x64", "steps": 1})
    of, other = {"video": {"id": wide["id"]}, "steps": 1}, {"id": film}
    refused = server.http.post("/kinora/v1/blend", json={**of, "second": other, "seconds": 1})
    assert refused.json()["error"]["code"] == "sizes_differ"
    job(server, "/kinora/v1/blend", {**of, "second": {"id": wide["id"]}, "seconds": 1})
    small = server.http.post("/kinora/v1/outpaint", json={**of, "size": "128x64"})
    assert small.json()["error"]["param"] == "size"


def test_a_file_without_metadata_tells_no_words(server: Served, film: str) -> None:
    secret = {"negative_prompt": "a purple cone", "metadata": False, "guidance": 2}
    made = job(server, "/v1/videos", SHORT | secret)
    assert b"purple" not in server.http.get(f"/v1/videos/{made['id']}/content").content
    remix = {"prompt": "a blue cube", "metadata": False, "steps": 1}
    again = job(server, f"/v1/videos/{film}/remix", remix)
    content = server.http.get(f"/v1/videos/{again['id']}/content").content
    assert b"red ball" not in content
    assert b"blue cube" not in content
