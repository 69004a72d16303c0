"""What few steps cost in facts. In: a teacher, its student. Out: facts right at 4 and 2 steps against 32.

    python benchmarks/few_step.py TEACHER STUDENT [--prompts 100] [--stills] [--out few_step.json]

Every arm films the same prompts from the same noise, and the judge watches. Kept is the share of the facts
right in the first arm that are right in this one too. Seconds are those of this machine in this run. Killed,
it goes on where it was.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from kinora.caption.judge import Judge, load_judge
from kinora.denoise.model import FilmModel
from kinora.evaluate.adherence import verdict
from kinora.evaluate.promise import Promise, promises
from kinora.generate import Request, generate, load
from kinora.media.atomic import write_bytes


@dataclass(frozen=True)
class Arm:
    """One way to dream: who, in how many steps, with which guidance (None: as the model likes it)."""

    name: str
    student: bool
    steps: int
    guidance: float | None = None


ARMS = (
    Arm("teacher, 32 guided", student=False, steps=32),
    Arm("teacher, 4 guided", student=False, steps=4),
    Arm("teacher, 4 unguided", student=False, steps=4, guidance=1.0),
    Arm("student, 4", student=True, steps=4, guidance=1.0),
    Arm("student, 2", student=True, steps=2, guidance=1.0),
)


@dataclass(frozen=True)
class Watched:
    """A film: which facts it keeps, in the promise's order, and the seconds it took."""

    right: list[bool]
    seconds: float


def watched(model: FilmModel, arm: Arm, promise: Promise, judge: Judge, *, still: bool) -> Watched:
    wish = Request(
        (promise.prompt,), seed=1, steps=arm.steps, guidance=arm.guidance,
        seconds=0.0 if still else 4.0,
    )  # fmt: skip
    begin = perf_counter()
    clip = generate(model, wish).clip
    seconds = perf_counter() - begin
    facts = verdict(promise, judge.see(clip)).facts
    return Watched([fact.right for fact in facts], round(seconds, 3))


def row(name: str, films: list[Watched], first: list[Watched]) -> str:
    """A line of the table: facts right, kept of the first arm's, seconds a film."""
    right = [each for film in films for each in film.right]
    base = [each for film in first for each in film.right]
    kept = [ours for ours, theirs in zip(right, base, strict=True) if theirs]
    seconds = sorted(film.seconds for film in films)[len(films) // 2]
    share = f"{sum(kept) / len(kept):.1%}" if kept else "none were right"
    return f"| {name} | {sum(right) / len(right):.1%} | {share} | {seconds:.2f} |"


def main() -> None:
    given = _options()
    asked = promises("stills" if given.stills else "films")[: given.prompts]
    models = {False: load(given.teacher), True: load(given.student)}
    of = [models[False].checksums(), models[True].checksums(), given.stills]
    judge, told = load_judge(), known(given.out, of)
    for arm in ARMS:
        films = told.setdefault(arm.name, [])
        for promise in asked[len(films) :]:
            films.append(watched(models[arm.student], arm, promise, judge, still=given.stills))
            keep(given.out, of, told)
    print(f"{models[False].name} and {models[True].name}, {len(asked)} prompts\n")
    print("| arm | facts right | kept of the first arm's | seconds a film |\n|---|---|---|---|")
    for name, films in told.items():
        print(row(name, films[: len(asked)], told[ARMS[0].name][: len(asked)]))


def known(file: Path, of: list[object]) -> dict[str, list[Watched]]:
    """What an earlier run of the same models filmed."""
    if not file.exists():
        return {}
    stored = json.loads(file.read_text())
    if stored["of"] != of:
        raise SystemExit(f"{file} is of other models; name another --out")
    return {name: [Watched(**film) for film in films] for name, films in stored["arms"].items()}


def keep(file: Path, of: list[object], told: dict[str, list[Watched]]) -> None:
    arms = {name: [asdict(film) for film in films] for name, films in told.items()}
    write_bytes(file, json.dumps({"of": of, "arms": arms}).encode())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("teacher")
    parser.add_argument("student")
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--stills", action="store_true", help="pictures in place of films")
    parser.add_argument("--out", type=Path, default=Path("few_step.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
