"""Inside `keeping` a dream that was broken off anywhere goes on to the very same film."""

from pathlib import Path

import pytest
import torch

from kinora.core.progress import Progress
from kinora.denoise.checkpoint import Checkpoint, Drawer, Marked
from kinora.denoise.resume import keeping
from kinora.generate import Request, generate
from tiny import tiny_bundle

STEPS = 3
WISH = Request(prompts=("a red ball",), seconds=6.0, height=64, width=64, steps=STEPS, seed=3)


class BrokenError(Exception):
    pass


def listener(stop: int | None, seen: list[int]) -> object:
    def listen(report: Progress) -> None:
        if report.stage == "denoise":
            seen.append(report.done)
            if report.done == stop:
                raise BrokenError

    return listen


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_goes_on_to_the_same_film(stop: int, seconds: float, tmp_path: Path) -> None:
    model, folder = tiny_bundle(), tmp_path / "kept"
    whole = generate(model, WISH)
    first: list[int] = []
    with pytest.raises(BrokenError), keeping(folder, seconds=seconds):
        generate(model, WISH, on_progress=listener(stop, first))  # type: ignore[arg-type]
    assert folder.exists()
    rest: list[int] = []
    with keeping(folder, seconds=seconds):
        again = generate(model, WISH, on_progress=listener(None, rest))  # type: ignore[arg-type]
    assert first[-1] == stop
    assert rest[0] == stop + 1, "no step is done twice"
    assert torch.equal(again.latents, whole.latents)
    assert (again.clip.frames == whole.clip.frames).all()
    assert not folder.exists(), "what was kept is forgotten in the end"


def test_another_wish_begins_anew(tmp_path: Path) -> None:
    model, folder, seen = tiny_bundle(), tmp_path / "kept", list[int]()
    with pytest.raises(BrokenError), keeping(folder):
        generate(model, WISH, on_progress=listener(4, []))  # type: ignore[arg-type]
    other = Request(**{**vars(WISH), "prompts": ("a blue cube",)})
    with keeping(folder):
        generate(model, other, on_progress=listener(None, seen))  # type: ignore[arg-type]
    assert seen[0] == 1


def test_a_drawer_keeps_by_name_and_forgets(tmp_path: Path) -> None:
    files = Marked(Drawer(tmp_path / "d"), "x-")
    kept = Checkpoint(files, steps=4, seconds=1e9)
    report = Progress("denoise", 2, 8, preview=torch.ones(1, 1, 2, 2))
    assert not kept.step(report)
    assert kept.step(report, now=True)
    finished, begun = Checkpoint(files, steps=4, seconds=0).found()
    assert begun is not None
    assert (finished, begun.steps) == ([], 2)
    kept.chunk(torch.zeros(1, 1, 2, 2))
    kept.remove()
    assert not list((tmp_path / "d").iterdir())
