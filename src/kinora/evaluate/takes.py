"""Takes of a shot or an edit. In: new frames and the words they were told. Out: what they keep, the best take.

A film from words is watched window by window, see `kinora.evaluate.verify`; of a shot or an edit all that is
new is watched at once, and dreamt again as a whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from pydantic import JsonValue
from torch import Tensor

from kinora.caption.judge import Judge
from kinora.core.clip import Clip, Frames
from kinora.core.progress import OnProgress
from kinora.core.seed import derive
from kinora.denoise.model import FilmModel
from kinora.evaluate.ledger import Told, window
from kinora.evaluate.verify import STRONGER, Ledger, Window
from kinora.prompt.vocabulary import load_vocabulary
from kinora.timeline.edit import room

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Eye:
    """Whoever looks at what is new in a film.

    Args:
        model: whose rate the frames have; a window has as many as it dreams at once.
        judge: tells what is seen.
        tell: told of every look; may raise to stop.
    """

    model: FilmModel
    judge: Judge
    tell: OnProgress

    def look(self, frames: Frames, told: Sequence[Told], *, first: int) -> tuple[Window, ...]:
        """The windows of new frames `[t h w 3]`, and what each keeps of what was told.

        Args:
            frames: in a row.
            told: every prompt of the film, in order.
            first: number in the film of the first of these frames.
        """
        fps, words = self.model.capabilities.fps, load_vocabulary()
        size = self.model.stride.time * room(self.model)
        heard_from = sorted(ceil(each.start * fps - 1e-6) - first for each in told)
        found, at = list[Window](), 0
        while at < len(frames):
            # Other words begin a window of their own.
            shown = frames[at : min([at + size, *(begin for begin in heard_from if begin > at)])]
            seen = self.judge.see(Clip(shown, fps), on_progress=self.tell)
            start, end = (first + at) / fps, (first + at + len(shown)) / fps
            entries = window(
                told, seen, start=start, end=end, words=words,
                worldly=self.model.capabilities.worldly,
            )  # fmt: skip
            found.append(Window(start=start, end=end, tries=1, entries=entries))
            at += len(shown)
        return tuple(found)


def best_of(
    tries: int, make: Callable[[int], T], *, ledger: Callable[[T], Ledger]
) -> tuple[T, Ledger]:
    """The first take that keeps every word, or of all allowed ones the one that breaks the fewest.

    Args:
        tries: how many takes are made at most.
        make: the take of a number, from 0 on.
        ledger: what a take keeps.

    Returns:
        The take, and its ledger with the number of takes that were made.
    """
    found: list[T] = []
    while len(found) < tries and not any(not ledger(each).broken for each in found):
        found.append(make(len(found)))
    best = min(found, key=lambda each: len(ledger(each).broken))
    windows = (each.model_copy(update={"tries": len(found)}) for each in ledger(best).windows)
    return best, Ledger(windows=tuple(windows))


def other_seed(seed: int, number: int) -> int:
    """The seed of the take `number`; the first has the seed that was asked for."""
    return derive(seed, "again", number) if number else seed


def other_guidance(model: FilmModel, guidance: float | None, number: int) -> float | None:
    """The guidance of the take `number`: what was asked for, or liked, and stronger with every further one."""
    if not number:
        return guidance
    asked = guidance or model.capabilities.guidance
    # A model that needs no guidance was never taught what guidance would push away from.
    return asked if asked == 1 else asked * STRONGER**number


def heard_when(model: FilmModel, prompts: tuple[str, ...], text: Tensor) -> tuple[Told, ...]:
    """Which of a film's prompts is heard when.

    Args:
        model: whose latents they are.
        prompts: the words of its shots.
        text: `[f]` which of the prompts each latent frame listened to.
    """
    fps, stride, numbers = model.capabilities.fps, model.stride, text.tolist()
    starts = [0, *(i for i in range(1, len(numbers)) if numbers[i] != numbers[i - 1])]
    edges = [*(stride.pixel_frames(i) / fps if i else 0.0 for i in starts), float("inf")]
    return tuple(Told(prompts[numbers[i]], edges[at], edges[at + 1]) for at, i in enumerate(starts))


def for_sidecar(ledger: Ledger, *, tries: int) -> dict[str, JsonValue]:
    """What a film's sidecar keeps of its having been watched."""
    return {"verify": tries, "ledger": ledger.model_dump(mode="json")}
