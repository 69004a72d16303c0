"""Prompts that are written out: the model hears a director's paragraph, the answer tells what was sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from kinora.cli.main import main
from kinora.core.errors import UsageError
from kinora.prompt.expand import expand
from kinora.serve.creation import heard
from kinora.serve.jobs.watching import told
from kinora.serve.jobs.wish import Card, Role, Wish
from kinora.serve.words import written_out
from serving import Served
from tiny import tiny_student

SHORT = "a red ball"
QUICK: dict[str, Any] = {"seconds": 1, "size": "96x64", "seed": 3, "steps": 1}
SIZE = {"height": 64, "width": 96, "made_height": 64, "made_width": 96, "seed": 0}


def test_names_are_written_out_as_what_they_are() -> None:
    rolly = Role(name="Rolly", words="red ball")
    card, empty = written_out([Card(prompt="Rolly on grass"), Card(prompt="-", start=1)], [rolly])
    assert card.prompt == "Rolly on grass"
    assert card.expansion == expand("the red ball on grass").text
    assert empty == Card(prompt="-", start=1)


def test_the_model_and_the_judge_hear_what_was_written_out() -> None:
    wish = Wish(cards=written_out([Card(prompt=SHORT)]), seconds=2.0, **SIZE)
    assert heard(wish) == (expand(SHORT).text,)
    assert [each.prompt for each in told(wish)] == [expand(SHORT).text]
    assert (wish.prompt, wish.expansion) == (SHORT, expand(SHORT).text)
    assert Wish(cards=(Card(prompt=SHORT),), seconds=2.0, **SIZE).expansion is None


def test_what_cannot_be_filmed_is_not_written_out() -> None:
    with pytest.raises(UsageError, match="nothing that can be filmed"):
        written_out([Card(prompt="the idea of justice")])


def test_a_written_out_film_is_the_film_of_its_paragraph(server: Served) -> None:
    long = expand(SHORT).text
    one = server.create(**{**QUICK, "prompt": SHORT, "expand": True})
    other = server.create(**{**QUICK, "prompt": long})
    jobs = [server.wait(video) for video in (one, other)]
    assert [job["prompt"] for job in jobs] == [SHORT, long]
    assert [job["expansion"] for job in jobs] == [long, None]
    reels = [
        (server.data / "store" / "videos" / video / "reel.safetensors").read_bytes()
        for video in (one, other)
    ]
    assert reels[0] == reels[1]
    assert server.http.get(f"/v1/videos/{one}").json()["prompt"] == SHORT


def test_a_downloaded_film_tells_how_it_was_made(
    server: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {**QUICK, "prompt": SHORT, "expand": True, "negative_prompt": "a hat"}
    video = server.create(**asked)
    assert server.wait(video)["state"] == "done"
    file = tmp_path / "film.mp4"
    file.write_bytes(server.http.get(f"/v1/videos/{video}/content").content)
    assert main(["info", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["told_by"] == "comment"
    made = found["made"]
    assert made["verb"] == "create" and made["seed"] == 3
    assert made["shots"] == [{"prompt": SHORT, "expansion": expand(SHORT).text, "seconds": 0.0}]
    assert made["asked"] == {"width": 96, "height": 64, "frames": 8, "fps": 8.0}
    assert made["options"] == {"steps": 1, "negative": "a hat"}
    assert made["model"]["id"] == server.http.get("/v1/models").json()["data"][0]["id"]
    assert main(["info", str(file)]) == 0
    assert SHORT in capsys.readouterr().out


def test_words_are_pushed_away_by_the_teacher_of_a_student(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = Served(tmp_path / "server", tiny_student(tmp_path)).start()
    try:
        for pushed, dreamer in (("", "few"), ("a hat", "many")):
            video = served.create(**{**QUICK, "prompt": SHORT, "negative_prompt": pushed})
            assert served.wait(video)["state"] == "done"
            file = tmp_path / f"{dreamer}.mp4"
            file.write_bytes(served.http.get(f"/v1/videos/{video}/content").content)
            assert main(["info", str(file), "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["made"]["model"]["id"] == dreamer
    finally:
        served.close()


def test_edits_and_storyboards_are_written_out_too(server: Served) -> None:
    film = server.create(**QUICK)
    assert server.wait(film)["state"] == "done"
    cards = [{"at": 0, "prompt": SHORT}, {"at": 1, "prompt": "a blue cube"}]
    for path, sent in (
        ("remix", {"video": {"id": film}, "prompt": "a blue cube"}),
        ("storyboard", {"seconds": 2, "size": "96x64", "cards": cards}),
    ):
        sent |= {"steps": 1, "seed": 3, "expand": True}
        made = server.http.post(f"/kinora/v1/{path}", json=sent)
        assert made.status_code == 200, made.text
        job = server.wait(made.json()["id"])
        assert job["state"] == "done", job
        assert expand("a blue cube").text in job["expansion"]
    answer = server.http.post("/v1/videos", json={"prompt": "the idea of justice", "expand": True})
    assert answer.status_code == 400
