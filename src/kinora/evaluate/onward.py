"""How staged films go on. In: a model, real frames, words. Out: the film that begins with them, with memory or without.

Without memory the model is shown the last latent frame of the beginning, half a second, and nothing older.
"""

from dataclasses import dataclass

import numpy as np

from kinora.core.clip import Clip
from kinora.denoise.canvas import join
from kinora.denoise.condition import Hold, Words, apply_all
from kinora.denoise.model import FilmModel
from kinora.denoise.stream import decode_after
from kinora.evaluate.state import LATER
from kinora.generate import Request, dream, generate, lay_out, settle
from kinora.timeline.extend import Extend, extend

WITHOUT = ", without memory"
"""How the names of numbers end that are of films of a model without its memory."""
HIDDEN = 2.0
"""Seconds for which a grey card hides everything."""
CARD = 128


@dataclass(frozen=True)
class Wish:
    """How staged films are made.

    Args:
        steps, guidance: of the solver.
        lasting: seconds for which a bite must last.
        memory: whether the model is shown all of the beginning, or the last of it alone.
    """

    steps: int | None = None
    guidance: float | None = None
    lasting: float = LATER[0]
    memory: bool = True

    @property
    def ending(self) -> str:
        """What is added to the names of the numbers of such films."""
        return "" if self.memory else WITHOUT


def go_on(
    model: FilmModel,
    prompts: tuple[str, ...],
    start: Clip,
    *,
    more: float,
    wish: Wish,
    since: int = 0,
) -> Clip:
    """The film that begins with these frames and goes on for `more` seconds.

    Args:
        model: what goes on.
        prompts: what is told of it.
        start: real frames, as many as whole latent frames hold.
        more: seconds.
        wish: solver settings, and whether there is memory.
        since: the latent frame from which on the last prompt is listened to.
    """
    latents = model.encode(start)
    known, words = len(latents), Words(len(prompts) - 1, start=since)
    request = Request(
        prompts, (len(start) - 1) / start.fps + more, conditions=(Hold(latents), words),
        steps=wish.steps, guidance=wish.guidance,
    )  # fmt: skip
    if wish.memory:
        return generate(model, request).clip
    settled, shape, _ = settle(model, request)
    canvas = apply_all(lay_out(model, shape), settled.conditions)[known - 1 :]
    new = join(list(dream(model, canvas, model.read(prompts), settled)))[1:].latents
    # The decoder remembers too: it is shown no more than the model was.
    frames = [start.frames, *decode_after(model, latents[-1:], new)]
    return Clip(np.concatenate(frames), start.fps)


def behind_a_card(
    model: FilmModel, prompt: str, start: Clip, *, more: float, wish: Wish
) -> tuple[Clip, int]:
    """The same behind a card that hides everything for `HIDDEN` seconds; the film, and its first new frame.

    With memory as the studio goes on from a card, from what was seen before it; without, all that is known is the card.
    """
    count = max(1, round(HIDDEN * start.fps / model.stride.time)) * model.stride.time
    card = np.full((count, *start.frames.shape[1:]), CARD, np.uint8)
    start = Clip(np.concatenate([start.frames, card]), start.fps)
    if not wish.memory:
        return go_on(model, (prompt,), start, more=more, wish=wish), len(start)
    edit = Extend(prompt=prompt, seconds=more, steps=wish.steps, guidance=wish.guidance)
    return extend(model, start, edit).clip, len(start)
