"""A delivered film comes back with its latents, and each frame with its words."""

from pathlib import Path

import torch

from kinora.generate import Film
from kinora.media.read import read
from kinora.models.bundle import Bundle
from kinora.timeline.deliver import deliver, recall, sidecar_of
from kinora.timeline.extend import Extend, extend
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
