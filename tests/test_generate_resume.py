"""A dream that was broken off anywhere goes on to the very same film."""

import pytest
import torch

from kinora.core.progress import Progress
from kinora.denoise.loop import Begun
from kinora.generate import Request, dream, lay_out, settle
from tiny import tiny_bundle

STEPS = 3


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("stop", [1, 3, 5, 8])
def test_bit_identical(stop: int) -> None:
    model = tiny_bundle()
    wish = Request(prompts=("a red ball",), seconds=6.0, steps=STEPS, seed=3)
    request, shape, _ = settle(model, wish)
    text, canvas = model.read(request.prompts), lay_out(model, shape)
    whole = [part.latents for part in dream(model, canvas, text, request)]
    assert len(whole) > 2

    finished: list[torch.Tensor] = []
    kept: list[tuple[int, Begun]] = []

    def listen(progress: Progress) -> None:
        chunk, steps = divmod(progress.done, STEPS)
        if steps:
            kept.append((chunk, Begun(progress.preview.clone(), steps)))
        if progress.done == stop:
            raise BrokenError

    with pytest.raises(BrokenError):
        finished.extend(
            part.latents for part in dream(model, canvas, text, request, on_progress=listen)
        )
    begun = next((b for chunk, b in reversed(kept) if chunk == len(finished)), None)
    seen: list[int] = []
    rest = dream(
        model, canvas, text, request,
        finished=finished, begun=begun, on_progress=lambda progress: seen.append(progress.done),
    )  # fmt: skip
    again = torch.cat(finished + [part.latents for part in rest])
    assert torch.equal(again, torch.cat(whole))
    assert seen[0] >= stop, "what was done is not done again"
    assert seen[-1] == STEPS * len(whole)
