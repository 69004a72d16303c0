"""What watching a film while it is made buys. In: a model. Out: facts with and without, and the time it costs.

    python benchmarks/verify.py [--count 24] [--bites 4] [--tries 3] [--steps N] [--out verify.json]

Every prompt is filmed once and watched (as without `--verify`), and where the ledger is broken again with
`--tries`, from the same seed. The judge chose the retries, so beside its verdict stands that of a witness
which had no part in it, see `kinora.evaluate.witness`, and numbers that nothing chose by. `--bites` more films
tell of a cookie that is bitten. Killed, it goes on where it was; `--so-far` prints what there is and makes nothing.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from time import perf_counter

import numpy as np

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.denoise.model import FilmModel
from kinora.evaluate.adherence import Fact, verdict
from kinora.evaluate.ledger import BITTEN, NUMBER, understood
from kinora.evaluate.motion import motion_energy
from kinora.evaluate.promise import Promise, promises, real
from kinora.evaluate.verify import Ledger, verified
from kinora.evaluate.warp import warp_error
from kinora.evaluate.witness import Witness, borne_out, learn_witness
from kinora.generate import Request, load
from kinora.media.atomic import write_bytes
from kinora.prompt.vocabulary import load_vocabulary

BITES = tuple(
    f"a {colour} momo eats a cookie on {ground} at {light}"
    for colour, ground, light in zip(
        ("red", "blue", "yellow", "green", "purple", "pink", "orange", "white"),
        ("grass", "sand", "snow", "wood", "stone", "grass", "sand", "wood"),
        ("noon", "noon", "sunset", "noon", "sunset", "sunset", "noon", "night"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Outcome:
    """One film.

    Args:
        tries: how often its windows were dreamt, in all.
        broken: lines of the ledger that it does not keep.
        judged, witnessed: facts right, in the promise's order.
        surplus: whether more things last than were told.
        bite: whether the bite shows at the end; None where none is told.
        warp, motion: numbers that no try was chosen by.
    """

    seconds: float
    tries: int
    broken: int
    judged: list[bool]
    witnessed: list[bool]
    surplus: bool
    bite: bool | None
    warp: float
    motion: float


@dataclass(frozen=True, eq=False)
class Bench:
    """What every film is made and looked at with."""

    model: FilmModel
    judge: Judge
    witness: Witness
    steps: int | None

    def film(self, promise: Promise, seed: int, *, tries: int) -> Outcome:
        wish = Request((promise.prompt,), seed=seed, steps=self.steps)
        begin = perf_counter()
        film, ledger = verified(self.model, wish, judge=self.judge, tries=tries)
        return self.look(promise, film.clip, ledger, perf_counter() - begin)

    def look(self, promise: Promise, clip: Clip, ledger: Ledger, seconds: float) -> Outcome:
        bites = [entry for entry in ledger.entries if entry.name == "bite"]
        # A cookie that is not there has no entry: then no bite shows either.
        told = promise.prompt in BITES
        return Outcome(
            seconds=round(seconds, 2),
            tries=sum(window.tries for window in ledger.windows),
            broken=len(ledger.broken),
            judged=_right(verdict(promise, self.judge.see(clip)).facts),
            witnessed=_right(borne_out(self.witness, promise, clip)),
            surplus=any(entry.name == NUMBER for entry in ledger.broken),
            bite=any(entry.found == BITTEN for entry in bites) if told else None,
            warp=round(warp_error(clip), 4),
            motion=round(motion_energy(clip), 4),
        )


def _right(facts: Sequence[Fact]) -> list[bool]:
    """Which of the promised facts are right."""
    return [fact.right for fact in facts if fact.wanted]


def main() -> None:
    given = _options()
    if given.so_far:
        stored = json.loads(given.out.read_text())
        made = [
            [Outcome(**film) for film in stored[name].values()] for name in ("plain", "watched")
        ]
        print(f"{len(made[0])} films\n\n{table(made[0], made[1], tries=given.tries)}")
        return
    words = load_vocabulary()
    asked = [*promises()[: given.count], *(understood(p, words) for p in BITES[: given.bites])]
    model = load(given.model) if given.model else load()
    bench = Bench(model, load_judge(), learn_witness(), given.steps)
    of = [bench.model.checksums(), given.tries, given.steps]
    plain, watched = known(given.out, of)
    for number, promise in enumerate(asked):
        if promise.prompt in watched:
            continue
        first = bench.film(promise, 1000 + number, tries=1)
        # The first try is the same film; where it keeps everything, nothing else is ever dreamt.
        best = bench.film(promise, 1000 + number, tries=given.tries) if first.broken else first
        plain[promise.prompt], watched[promise.prompt] = first, best
        keep(given.out, of, plain, watched)
        print(f"{number + 1}/{len(asked)}: {first.broken} broken, then {best.broken}", flush=True)
    prompts = [promise.prompt for promise in asked]
    columns = [[films[prompt] for prompt in prompts] for films in (plain, watched)]
    print(f"{bench.model.name}, {given.count} prompts and {given.bites} of bites\n")
    print(table(columns[0], columns[1], tries=given.tries))
    print(floor(bench.witness, promises()[: given.count]))


def table(plain: Sequence[Outcome], watched: Sequence[Outcome], *, tries: int) -> str:
    """Two columns, one line a number; what the retry was chosen by comes first."""
    lines = [f"| number | without | --verify --tries {tries} |", "|---|---|---|"]
    for name, number in NUMBERS.items():
        lines.append(f"| {name} | {number(plain)} | {number(watched)} |")
    return "\n".join(lines)


def _share(values: Sequence[bool]) -> str:
    return f"{np.mean(values):.1%} of {len(values)}" if values else "none"


Number = Callable[[Sequence[Outcome]], str]

NUMBERS: dict[str, Number] = {
    "chosen by: nothing broken": lambda films: _share([not f.broken for f in films]),
    "chosen by: facts right (judge)": lambda films: _share([r for f in films for r in f.judged]),
    "chosen by: prompts whole (judge)": lambda films: _share([all(f.judged) for f in films]),
    "chosen by: nothing more than told": lambda films: _share([not f.surplus for f in films]),
    "chosen by: bite shows": lambda films: _share([f.bite for f in films if f.bite is not None]),
    "never chosen by: facts right (witness)": lambda films: _share(
        [r for f in films for r in f.witnessed]
    ),
    "never chosen by: prompts whole (witness)": lambda films: _share(
        [all(f.witnessed) for f in films]
    ),
    "never chosen by: warp error": lambda films: f"{np.mean([f.warp for f in films]):.4f}",
    "never chosen by: motion energy": lambda films: f"{np.mean([f.motion for f in films]):.4f}",
    "tries a film": lambda films: f"{np.mean([f.tries for f in films]):.2f}",
    "seconds a film": lambda films: f"{np.mean([f.seconds for f in films]):.1f}",
}


def floor(witness: Witness, asked: Sequence[Promise]) -> str:
    """How far the witness itself can be trusted: on real renders, and on renders of other prompts."""
    clips = [real(promise, width=128, height=80) for promise in asked[:16]]
    right = [_right(borne_out(witness, p, c)) for p, c in zip(asked[:16], clips, strict=True)]
    others = clips[1:] + clips[:1]
    other = [_right(borne_out(witness, p, c)) for p, c in zip(asked[:16], others, strict=True)]
    return (
        f"the witness on real renders of {len(clips)} prompts: {_share(list(chain(*right)))}; "
        f"on those of other prompts: {_share(list(chain(*other)))}"
    )


def known(file: Path, of: list[object]) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """The films of an earlier run of the same model and settings."""
    if not file.exists():
        return {}, {}
    stored = json.loads(file.read_text())
    if stored["of"] != of:
        raise SystemExit(f"{file} is of another model or other settings; name another --out")
    plain, watched = (
        {prompt: Outcome(**film) for prompt, film in stored[name].items()}
        for name in ("plain", "watched")
    )
    return plain, watched


def keep(
    file: Path, of: list[object], plain: dict[str, Outcome], watched: dict[str, Outcome]
) -> None:
    films = {
        name: {prompt: asdict(film) for prompt, film in made.items()}
        for name, made in (("plain", plain), ("watched", watched))
    }
    write_bytes(file, json.dumps({"of": of, **films}).encode())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a folder of weights; without it the shipped model")
    parser.add_argument("--count", type=int, default=24, help="of the hundred prompts")
    parser.add_argument("--bites", type=int, default=4, help="films of bitten cookies, 8 at most")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--so-far", action="store_true", help="print what --out holds")
    parser.add_argument("--out", type=Path, default=Path("verify.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
