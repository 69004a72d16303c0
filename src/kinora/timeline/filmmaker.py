"""What `kinora.load()` gives to Python. In: a wish in words. Out: a clip, or the film with all that is known of it.

Edits are functions of this folder: they take `Filmmaker.model`, a film or any clip, and the edit's values.
"""

import secrets
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.core.progress import OnProgress, silent
from kinora.core.shape import check_seconds, parse_size
from kinora.denoise.model import FilmModel
from kinora.estimate.film import Wish
from kinora.estimate.predict import fitted_windows
from kinora.generate import Film, Request, generate, load, settle
from kinora.models.bundle import Bundle
from kinora.models.store import DEFAULT, base_folder

PRESETS = ("draft", "standard", "best")
"""Names of a model's three numbers of steps, in the order of `Capabilities.steps`."""

SEEDS = 2**31


@dataclass(frozen=True, eq=False)
class Filmmaker:
    """A model that films as `kinora generate` does.

    Args:
        name: of the model, or its folder.
        model: what the functions of `kinora.timeline` take.
    """

    name: str | Path
    model: FilmModel

    @cached_property
    def teacher(self) -> FilmModel:
        """The model that this one learnt from to need few steps, or itself."""
        base = self.model.index.base if isinstance(self.model, Bundle) else None
        return self.model if base is None else load(base_folder(Path(self.name), base))

    def generate(
        self,
        prompt: str,
        *,
        seconds: float = 4.0,
        size: str | tuple[int, int] | None = None,
        seed: int | None = None,
        steps: int | None = None,
        preset: str = "standard",
        guidance: float | None = None,
        negative: str = "",
        image: bool = False,
        on_progress: OnProgress = silent,
    ) -> Clip:
        """The frames of one film, `[t h w 3]` with a rate.

        `kinora.media.write.save(clip, Path("film.mp4"))` writes it; the suffix chooses the format.

        Args and errors as for `film`, which tells the seed and what was not understood too.
        """
        return self.film(
            prompt, seconds=seconds, size=size, seed=seed, steps=steps, preset=preset,
            guidance=guidance, negative=negative, image=image, on_progress=on_progress,
        ).clip  # fmt: skip

    def film(
        self,
        prompt: str,
        *,
        seconds: float = 4.0,
        size: str | tuple[int, int] | None = None,
        seed: int | None = None,
        steps: int | None = None,
        preset: str = "standard",
        guidance: float | None = None,
        negative: str = "",
        image: bool = False,
        on_progress: OnProgress = silent,
    ) -> Film:
        """One film: its `clip`, its `notes`, its `request` with the seed and every size as made.

        Args:
            prompt: what is to be seen.
            seconds: duration.
            size: `"256x160"` or `(256, 160)`, width first; what the model likes by default.
            seed: the same seed makes the same film; drawn by default.
            steps: solver steps; those of `preset` by default.
            preset: draft, standard, or best, which is the teacher's of a model that has one.
            guidance: how hard to push towards the words; 1 is none.
            negative: what to push away from.
            image: one still picture.
            on_progress: told after every step and chunk; may raise to stop.

        Raises:
            UsageError: the wish cannot be understood or is out of range.
            OutOfMemoryError: the film does not fit into this machine.
        """
        if preset not in PRESETS:
            raise UsageError(f"there is no preset '{preset}'", remedy=f"Try {', '.join(PRESETS)}")
        width, height = (None, None) if size is None else _sides(size)
        request = Request(
            (prompt,), 0.0 if image else check_seconds(seconds), height, width,
            seed=secrets.randbelow(SEEDS) if seed is None else seed,
            steps=steps, guidance=guidance, negative=negative,
        )  # fmt: skip
        model = self.answering(request, preset)
        likes = model.capabilities.steps[PRESETS.index(preset)]
        request = replace(request, steps=likes if steps is None else steps)
        return generate(placed(model, request), request, on_progress=on_progress)

    def answering(self, request: Request, preset: str) -> FilmModel:
        """Who makes this film: the model, or its teacher where time is no object or words are pushed away."""
        if preset == "best" and request.steps is None and request.guidance is None:
            return self.teacher
        return self.pushing(request.negative, guidance=request.guidance)

    def pushing(self, negative: str, *, guidance: float | None) -> FilmModel:
        """Who pushes away from these words: the teacher, for without guidance there is nothing to push with."""
        return self.teacher if negative and guidance is None else self.model


def filmmaker(model: str | Path | None = None) -> Filmmaker:
    """The filmmaker of a model; arguments and errors as for `kinora.load`."""
    name = DEFAULT if model is None else model
    return Filmmaker(name, load(name))


def placed(model: FilmModel, request: Request, *, whole: bool = True) -> FilmModel:
    """The model where this film fits.

    Args:
        model: ours or a published one, which may be larger than the device.
        request: the wish.
        whole: as in `estimate.film.Wish`.

    Raises:
        OutOfMemoryError: it fits nowhere; with what would.
    """
    settled, shape, _ = settle(model, request)
    assert settled.steps and settled.guidance, "settled"
    return fitted_windows(model, Wish(shape, settled.steps, settled.guidance, whole))


def _sides(size: str | tuple[int, int]) -> tuple[int, int]:
    """`(width, height)`."""
    if isinstance(size, str):
        height, width = parse_size(size)
        return width, height
    return size
