"""All metrics over many prompts. In: a model, the judge. Out: a row of numbers per film, kept as JSON.

Every film stands beside the world's own render of the same prompt: what the metrics say of that is the
best that they can say. Films that move sideways are also begun from real frames and compared with physics.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from kinora.caption.judge import Judge
from kinora.core.clip import Clip
from kinora.core.errors import NotFoundError
from kinora.core.progress import OnProgress, Progress, silent
from kinora.denoise.condition import Hold
from kinora.denoise.model import FilmModel
from kinora.evaluate.adherence import Fact, Verdict, verdict
from kinora.evaluate.drift import drift
from kinora.evaluate.first_frame import first_frame_fidelity
from kinora.evaluate.flicker import flicker
from kinora.evaluate.flight import flight, flight_errors
from kinora.evaluate.motion import motion_energy
from kinora.evaluate.onward import WITHOUT, Wish
from kinora.evaluate.overlap import overlap
from kinora.evaluate.paraphrase import in_other_words
from kinora.evaluate.permanence import permanence
from kinora.evaluate.promise import Promise, promises, real, ways
from kinora.evaluate.questions import per_scene, staged_rows
from kinora.evaluate.row import Row
from kinora.evaluate.seam import seam_distance
from kinora.evaluate.surplus import surplus
from kinora.evaluate.velocity import nearest, velocity_error
from kinora.evaluate.warp import warp_error
from kinora.evaluate.witness import borne_out, learn_witness
from kinora.generate import Request, generate
from kinora.world.scene import Scene

KNOWN = 2
"""Latent frames of the real clip that a continuation is given: five video frames."""


BITES = tuple(f"{bite}{memory}" for bite in ("bite", "hidden bite") for memory in ("", WITHOUT))
"""Kinds of staged bites: one that stays in view, and one that a card then hides; both without memory too."""


class Suite(BaseModel):
    """Rows of the model's films, of the real renders, of films begun from real frames, of staged ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    films: tuple[Row, ...]
    real: tuple[Row, ...]
    physics: tuple[Row, ...]
    staged: tuple[Row, ...] = ()
    paraphrased: tuple[Row, ...] = ()

    def mean(self, part: str, number: str, *, heldout: bool | None = None) -> float:
        """Mean of one number over a part; NaN if no row has it.

        Args:
            part: `films`, `real`, `physics`, `staged` or `paraphrased`.
            number: its name.
            heldout: only rows with a held-out combination, or only those without.
        """
        values = [
            row.numbers[number]
            for row in getattr(self, part)
            if number in row.numbers and heldout in (None, row.heldout)
        ]
        return float(np.mean(values)) if values else float("nan")

    @property
    def persistence(self) -> dict[str, float]:
        """Chance that a bite shows, times that it still shows later, times that all else stays."""
        found = {}
        for name in BITES:
            factors = [self.mean("staged", number) for number in self.factors(name)]
            if factors:
                found[persistence_of(name)] = float(np.prod(factors))
        return found

    def factors(self, bite: str) -> tuple[str, ...]:
        """The numbers of staged films that make the persistence of one of `BITES`."""
        kind, memory, _ = bite.partition(WITHOUT)
        begins = (f"{kind} shows", f"{kind}, others")
        return tuple(
            number
            for number in self.names("staged")
            if number.startswith(begins)
            and number.endswith(WITHOUT) == bool(memory)
            and "floor" not in number
        )

    def names(self, part: str) -> tuple[str, ...]:
        """The numbers that rows of this part have, in order."""
        found = dict.fromkeys(name for row in getattr(self, part) for name in row.numbers)
        return tuple(found)


def persistence_of(bite: str) -> str:
    """What the persistence of one of `BITES` is called."""
    kind, memory, _ = bite.partition(WITHOUT)
    return f"{kind} persistence{memory}"


@dataclass(frozen=True)
class Settings:
    """How much to film.

    Args:
        prompts: so many; the first hundred lie in a file, more are drawn.
        seeds: films per prompt.
        physics: films begun from real frames, at most.
        paraphrases: of the prompts, how many are filmed in other words too.
        staged: scenes of each kind that is staged for one question, see `questions`.
        lasting: seconds for which a bite is watched.
        steps, guidance: of the solver; None for what the model likes.
    """

    prompts: int = 100
    seeds: int = 1
    physics: int = 20
    paraphrases: int = 20
    staged: int = 8
    lasting: float = 1.0
    steps: int | None = None
    guidance: float | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """A film for the report."""

    row: Row
    clip: Clip


def run_suite(
    model: FilmModel, judge: Judge, *, settings: Settings, on_progress: OnProgress = silent
) -> tuple[Suite, list[Shown]]:
    """Film, watch and measure everything; the numbers, and the films of the first seed."""
    asked = promises(count=settings.prompts)
    moving = [promise for promise in asked if travels(promise)][: settings.physics]
    others = [in_other_words(promise) for promise in asked[: settings.paraphrases]]
    total = len(asked) * (settings.seeds + 1) + len(moving) + len(others)
    total += per_scene(model) * settings.staged
    done = 0

    def told(row: Row) -> Row:
        nonlocal done
        done += 1
        on_progress(Progress("evaluate", done, total))
        return row

    films: list[Row] = []
    shown: list[Shown] = []
    once = replace(settings, seeds=1)
    wish = Wish(settings.steps, settings.guidance, settings.lasting)
    for promise, seed, clip in _films(model, asked, settings):
        row = told(measure(promise, clip, judge, key=f"{promise.prompt}#{seed}"))
        films.append(row)
        shown += [Shown(row, clip)] if seed == 0 else []
    suite = Suite(
        model=model.name,
        films=tuple(films),
        real=tuple(told(measure(p, real(p), judge, key=f"{p.prompt}#real")) for p in asked),
        physics=tuple(told(continue_real(model, p, judge, settings)) for p in moving),
        staged=tuple(map(told, staged_rows(model, judge, count=settings.staged, wish=wish))),
        paraphrased=tuple(
            told(measure(promise, clip, judge, key=promise.prompt))
            for promise, _, clip in _films(model, others, once)
        ),
    )
    return suite, shown


def _films(
    model: FilmModel, asked: Sequence[Promise], settings: Settings
) -> Iterator[tuple[Promise, int, Clip]]:
    for index, promise in enumerate(asked):
        for seed in range(settings.seeds):
            request = Request(
                prompts=(promise.prompt,),
                seed=1000 * (seed + 1) + index,
                steps=settings.steps,
                guidance=settings.guidance,
            )
            yield promise, seed, generate(model, request).clip


def travels(promise: Promise) -> bool:
    """Whether physics moves its first thing in a way that can be measured: sideways, or down."""
    fps = Scene.from_json(promise.scene).fps
    return bool(promise.direction) or flight(ways(promise)[:, 0, 1], fps=fps) is not None


def measure(promise: Promise, clip: Clip, judge: Judge, *, key: str) -> Row:
    """Every metric that needs nothing but the film and its prompt."""
    seen = judge.see(clip)
    found = verdict(promise, seen)
    change = drift(clip, judge)
    numbers = {
        **_kept(found),
        **_witnessed(borne_out(learn_witness(), promise, clip)),
        "nothing more than promised": float(surplus(promise, seen) == 0),
        "flicker": flicker(clip),
        "warp error": warp_error(clip),
        "motion energy": motion_energy(clip),
        "permanence": permanence(clip, judge),
        "overlap": overlap(seen),
        "drift of colour": change.colour,
        "drift of contrast": abs(change.contrast),
        "drift of sharpness": abs(change.sharpness),
        "drift of things": abs(change.things),
    }
    wrong = tuple(f"{fact.found} for {fact.wanted}" for fact in found.facts if not fact.right)
    return Row(
        key=key,
        prompt=promise.prompt,
        heldout=promise.heldout,
        wrong=wrong,
        numbers=_finite(numbers),
    )


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    """Those that could be measured; JSON has no others."""
    return {name: value for name, value in numbers.items() if np.isfinite(value)}


def _kept(found: Verdict) -> dict[str, float]:
    """Shares of the verdict, one per kind of fact besides."""
    names = dict.fromkeys(fact.name for fact in found.facts)
    each = {name: [fact.right for fact in found.facts if fact.name == name] for name in names}
    return {
        "facts right": float(np.mean([fact.right for fact in found.facts])),
        "prompt whole": float(found.whole),
        "recognisable thing": float(found.recognisable),
        **{f"{name} right": float(np.mean(right)) for name, right in each.items()},
    }


def _witnessed(facts: Sequence[Fact]) -> dict[str, float]:
    """The share that pixels bear out, without the judge."""
    right = [fact.right for fact in facts]
    return {"facts right, by pixels": float(np.mean(right))} if right else {}


def continue_real(model: FilmModel, promise: Promise, judge: Judge, settings: Settings) -> Row:
    """Begin a film with real frames and compare the main thing's way with that of physics."""
    likes = model.capabilities
    start = real(promise, width=likes.width, height=likes.height)
    latents = model.encode(start)[:KNOWN]
    request = Request(
        prompts=(promise.prompt,),
        seconds=(len(start) - 1) / start.fps,
        conditions=(Hold(latents),),
        steps=settings.steps,
        guidance=settings.guidance,
    )
    film = generate(model, request).clip
    way = ways(promise)[:, 0]
    join = model.stride.pixel_frames(KNOWN)
    numbers = {
        "first frame PSNR": first_frame_fidelity(start.frames[:1], film),
        "seam": seam_distance(film, join),
        "seam, parse floor": seam_distance(start, join),
    }
    for suffix, clip in (("", film), (", parse floor", start)):
        thing = nearest(judge.see(clip), way)
        spots = () if thing is None else thing.spots
        found = velocity_error(spots, way, fps=clip.fps, first=join - 1)
        found |= flight_errors(spots, way, fps=clip.fps)
        numbers |= {f"{name}{suffix}": value for name, value in found.items()}
    return Row(
        key=f"{promise.prompt}#physics",
        prompt=promise.prompt,
        heldout=promise.heldout,
        wrong=(),
        numbers=_finite(numbers),
    )


def read_suite(file: Path) -> Suite:
    """The numbers of an earlier run; `NotFoundError` if the file holds none."""
    try:
        return Suite.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise NotFoundError(
            f"{file} holds no evaluation",
            why=str(error).splitlines()[0],
            remedy="Name the suite.json of an earlier run",
        ) from error
