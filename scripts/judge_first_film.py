"""Judge a model on a hundred prompts that training never saw. In: a model. Out: numbers, and sheets.

Each prompt is filmed once with a fixed seed and held against what it says: thing, colour, ground, light,
direction of motion. The same prompts as the world draws them tell how far the judge itself can be trusted.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.denoise.model import FilmModel
from kinora.evaluate.adherence import Score, Verdict, score, verdict
from kinora.evaluate.promise import Promise, promises, real
from kinora.generate import Request, generate, load
from kinora.media.sheet import save_sheet

SEED = 1000


def main() -> None:
    options = _options()
    shape = "stills" if options.stills else "films"
    asked = promises(shape)[: options.count]
    judge, sets = load_judge(), {}
    if not options.real_only:
        model = load(options.model) if options.model else load()
        sets["generated"] = _judged(judge, asked, _generated(model, asked, options))
    sets["real"] = _judged(judge, asked, iter(map(real, asked)))
    for name, judged in sets.items():
        _tell(f"{shape}, {name}", score(v for _, v in judged))
        heldout = [v for p, (_, v) in zip(asked, judged, strict=True) if p.heldout]
        if heldout:
            _tell(f"{shape}, {name}, held-out combinations only", score(heldout))
    if options.sheet:
        _draw(options.sheet, asked, next(iter(sets.values())), shape)
    if options.json:
        rows = {name: asdict(score(v for _, v in judged)) for name, judged in sets.items()}
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="a folder of weights; without it the shipped model")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--count", type=int, default=100, help="only so many prompts")
    parser.add_argument("--stills", action="store_true", help="one frame each, no motion")
    parser.add_argument("--real-only", action="store_true", help="only the judge's own accuracy")
    parser.add_argument("--sheet", type=Path, help="a PNG file for contact sheets with verdicts")
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    return parser.parse_args()


def _generated(
    model: FilmModel, asked: Sequence[Promise], options: argparse.Namespace
) -> Iterator[Clip]:
    started = perf_counter()
    for index, promise in enumerate(asked):
        request = Request(
            prompts=(promise.prompt,),
            seconds=0.0 if options.stills else 4.0,
            seed=SEED + index,
            steps=options.steps,
            guidance=options.guidance,
        )
        yield generate(model, request).clip
        spent = perf_counter() - started
        print(f"\r{index + 1}/{len(asked)} films, {spent:.0f} s", end="", flush=True)
    print()


def _judged(
    judge: Judge, asked: Sequence[Promise], clips: Iterator[Clip]
) -> list[tuple[Clip, Verdict]]:
    return [
        (clip, verdict(promise, judge.see(clip)))
        for promise, clip in zip(asked, clips, strict=True)
    ]


def _tell(name: str, found: Score) -> None:
    print(f"{name}: {found.count} prompts")
    print(f"  single facts right   {found.facts:7.1%}")
    for fact, share in found.by_name.items():
        print(f"    {fact:18} {share:7.1%}")
    print(f"  prompts whole        {found.whole:7.1%}")
    print(f"  recognisable thing   {found.recognisable:7.1%}", flush=True)


def _draw(
    file: Path, asked: Sequence[Promise], judged: Sequence[tuple[Clip, Verdict]], shape: str
) -> None:
    captions = [
        f"{promise.prompt} · {_remark(found)}"
        for promise, (_, found) in zip(asked, judged, strict=True)
    ]
    frames, columns = (1, 8) if shape == "stills" else (6, 2)
    clips = [clip for clip, _ in judged]
    save_sheet(file, clips, captions, frames=frames, columns=columns, width=160)
    print(f"wrote {file}")


def _remark(found: Verdict) -> str:
    wrong = [f"{fact.found} for {fact.wanted}" for fact in found.facts if not fact.right]
    return f"WRONG: {', '.join(wrong)}" if wrong else "all right"


if __name__ == "__main__":
    main()
