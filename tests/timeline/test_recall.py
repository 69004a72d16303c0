"""A delivered film comes back with its latents, and each frame with its words."""

from pathlib import Path

import pytest
import torch

from kinora.core.errors import CancelledError
from kinora.core.progress import Progress
from kinora.generate import Film
from kinora.media.read import read
from kinora.models.bundle import Bundle
from kinora.timeline.deliver import deliver, recall, sidecar_of
from kinora.timeline.extend import Extend, extend
from kinora.timeline.fulfil import open_film
from kinora.timeline.source import source


def test_an_extended_film_remembers_which_frame_heard_what(
    model: Bundle, film: Film, tmp_path: Path
) -> None:
    longer = extend(model, film, Extend(seconds=1, prompt="a green cone"))
    file = tmp_path / "a.mp4"
    deliver(longer, sidecar_of(longer, model, verb="extend"), file)
    back = recall(file, read(file).clip)
    assert back is not None
    known = source(model, back)
    assert torch.equal(known.latents, longer.latents)
    assert known.prompts == ("a red ball", "a green cone")
    assert known.text.tolist() == [0] * 7 + [1] * 2


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_still_and_a_gif_come_back_at_the_rate_of_their_film(
    name: str, model: Bundle, film: Film, still: Film, tmp_path: Path
) -> None:
    made, file = still if name == "a.png" else film, tmp_path / name
    deliver(made, sidecar_of(made, model, verb="generate"), file)
    back, told = open_film(file, model=model)
    assert isinstance(back, Film)
    assert not told
    assert (len(back.clip), back.clip.fps) == (len(made.clip), made.clip.fps)
    longer = extend(model, back, Extend(seconds=1))
    assert len(longer.clip) == len(made.clip) + made.clip.fps


def test_an_older_film_keeps_its_latents_when_the_new_one_is_stopped(
    model: Bundle, film: Film, other: Film, tmp_path: Path
) -> None:
    file = tmp_path / "a.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), file)

    def stop(progress: Progress) -> None:
        if progress.stage == "encode":
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        deliver(other, sidecar_of(other, model, verb="generate"), file, on_progress=stop)
    back = recall(file, read(file).clip)
    assert back is not None
    assert torch.equal(back.latents, film.latents)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a.mp4", "a.mp4.json", "a.mp4.latents"
    ]  # fmt: skip
