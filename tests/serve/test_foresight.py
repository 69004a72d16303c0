"""Memory is foretold without loading anything, and over HTTP."""

from pathlib import Path

from kinora.serve.foresight import Question, count, memory
from serving import Served


def test_a_larger_film_needs_more(tiny_model_folder: Path) -> None:
    def needs(frames: int, side: int) -> int:
        folder = str(tiny_model_folder)
        return count(Question(model=folder, frames=frames, height=side, width=side, steps=2))

    weights = sum(file.stat().st_size for file in tiny_model_folder.rglob("*.safetensors"))
    assert weights < needs(9, 64) < needs(33, 64) < needs(33, 128)


def test_the_route_tells_what_is_counted(server: Served, tiny_model_folder: Path) -> None:
    sent = {"prompt": "a red ball", "seconds": 2, "size": "96x64", "steps": 2}
    answer = server.http.post("/kinora/v1/estimate", json=sent)
    assert answer.status_code == 200, answer.text
    question = Question(model=str(tiny_model_folder), frames=17, height=64, width=96, steps=2)
    assert answer.json()["memory"] == count(question) == memory(question)


def test_what_cannot_be_counted_is_not_guessed() -> None:
    assert memory(Question(model="no-such-model", frames=9, height=64, width=64)) is None
