"""How far the captioner can be trusted. In: renders it never saw. Out: what is right, and how sure it was.

    python benchmarks/caption.py [--count 140] [--data runs/caption]
    python benchmarks/caption.py --tune [--count 180]

Prints, per kind of fact, how many are right, how many it calls unknown, and how many of those that it says
are right; then whether what it is 90 % sure of is right nine times in ten, before and after tuning; then how
often it says `unknown` of pictures that show no world. `--tune` fits `caption/tuned.json` on other renders.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from outside import OUTSIDE, outside
from samples import Sample, matched, samples, visible
from tuning import tune

from kinora.caption.facts import SURE_ENOUGH, Answer, Seen
from kinora.caption.judge import Judge, load_judge
from kinora.caption.tuned import TUNED, Tuned
from kinora.caption.words import in_words
from kinora.core.clip import Clip
from kinora.media.atomic import write_bytes
from kinora.world.truth import direction

TUNE, TEST = 70_000_000, 71_000_000
"""First seeds; no training and no other measurement uses them."""
BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
SIDES = ("left", "right")


@dataclass(frozen=True)
class Said:
    """One answer: to which question, how sure, and whether it is right."""

    question: str
    sure: float
    right: bool


def answers(sample: Sample, seen: Seen) -> Iterable[Said]:
    """Everything that was said of a render and can be checked."""
    scene = sample.scene
    for question, wanted in (("ground", scene.ground), ("light", scene.light)):
        yield _said(question, seen.of_frames[question], wanted)
    found = matched(sample, seen.things)
    for number in visible(sample):
        yield Said("thing found", 1.0, number in found)
    for thing in seen.things:
        yield Said("seen thing is there", 1.0, any(thing is true for true in found.values()))
    for number, thing in found.items():
        true = scene.things[number]
        colour = "brown" if true.kind == "cookie" else true.colour
        yield _said("kind", thing.answers["kind"], true.kind)
        yield _said("colour", thing.answers["colour"], colour)
        yield _said("size", thing.answers["size"], true.size)
        yield _said("finish", thing.answers["finish"], true.finish)
        if true.kind == "momo":
            yield _said("hat", thing.answers["hat"], true.hat or "none")
        if true.kind == "cookie":
            last = thing.spots[-1]
            bites = sample.truth.moments[last.frame].things[number].bites
            yield Said("bitten at the end", 1.0, (last.bites > 0) == (bites > 0))
    yield from _of_camera(sample, seen)
    way = direction(sample.truth)
    if 0 in found and way in SIDES and scene.camera.move == "still" and not scene.cuts:
        yield Said("heading", 1.0, found[0].heading == way)


def _of_camera(sample: Sample, seen: Seen) -> Iterable[Said]:
    scene = sample.scene
    yield _said("camera", seen.move, scene.camera.move)
    yield _said(f"camera: {scene.camera.move}", seen.move, scene.camera.move)
    true = {cut.frame for cut in scene.cuts}
    told = {shot.start: shot.cut for shot in seen.shots[1:]}
    for frame in true:
        yield Said("cut found at its frame", 1.0, frame in told)
    for frame, sure in told.items():
        yield Said("told cut is there", sure, frame in true)


def _said(question: str, answer: Answer, wanted: str) -> Said:
    return Said(question, answer.sure, answer.word == wanted)


CHECKED = (
    "ground", "light", "kind", "colour", "size", "finish", "hat", "camera", "told cut is there",
)  # fmt: skip
"""Questions whose probability can be held against the truth."""
SINGLE = (*CHECKED, "thing found", "seen thing is there", "heading", "cut found at its frame")
"""Single facts of the summary; bites have a line of their own."""


def checked(said: Iterable[Said]) -> list[Said]:
    """Those whose probability can be held against the truth."""
    return [each for each in said if each.question in CHECKED]


HEAD = (
    "fact",
    "asked",
    "right",
    "sure before",
    "sure",
    "said to be unknown",
    "right of what is said",
)


def by_question(before: Sequence[Said], after: Sequence[Said]) -> str:
    """One line per kind of fact; how sure on average, before tuning and as it ships."""
    rows: dict[str, list[tuple[Said, Said]]] = defaultdict(list)
    for pair in zip(before, after, strict=True):
        rows[pair[0].question].append(pair)
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    for question, each in sorted(rows.items()):
        right = [one.right for _, one in each]
        told = [one.right for _, one in each if one.sure >= SURE_ENOUGH]
        cells = [question, str(len(each)), f"{np.mean(right):.1%}"]
        if question in CHECKED:
            cells += [
                f"{np.mean([one.sure for one in side]):.1%}" for side in zip(*each, strict=True)
            ]
        else:
            cells += ["-", "-"]
        cells += [f"{1 - len(told) / len(each):.1%}", f"{np.mean(told):.1%}" if told else "-"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", _single(after, SINGLE), _single(after, SINGLE, but="finish")])


def _single(said: Sequence[Said], questions: Sequence[str], *, but: str = "") -> str:
    """Single facts right, all together."""
    right = [each.right for each in said if each.question in questions and each.question != but]
    return f"single facts right{f' without {but}' if but else ''}: {np.mean(right):.1%} of {len(right)}"


def reliability(said: Sequence[Said]) -> str:
    """How often it was right when it was so sure, and the expected calibration error (arXiv:1706.04599)."""
    lines, error = ["| sure | answers | mean of sure | right |", "|---|---|---|---|"], 0.0
    for low, high in zip(BINS[:-1], BINS[1:], strict=True):
        here = [each for each in said if low <= each.sure < high or each.sure == high == 1.0]
        if here:
            sure, right = np.mean([e.sure for e in here]), np.mean([e.right for e in here])
            error += len(here) / len(said) * abs(sure - right)
            lines.append(f"| {low:g} to {high:g} | {len(here)} | {sure:.3f} | {right:.3f} |")
    return "\n".join([*lines, f"expected calibration error {error:.4f} over {len(said)} answers"])


def unknown(judge: Judge, count: int) -> str:
    """Of each kind of picture without a world, how often nothing is said of it."""
    lines = ["| picture | shown | said to be unknown |", "|---|---|---|"]
    for kind in OUTSIDE:
        seen = [judge.see(Clip(picture, 8.0)) for picture in outside(kind, count, seed=1)]
        share = np.mean([in_words(one).tags == "unknown" for one in seen])
        lines.append(f"| {kind} | {count} | {share:.1%} |")
    return "\n".join(lines)


def main() -> None:
    given = _options()
    judge = load_judge()
    if given.tune:
        tuned = tune(judge, list(samples(TUNE, given.count, given.data)), answers=answers)
        write_bytes(TUNED, (tuned.model_dump_json() + "\n").encode())
        print(f"wrote {TUNED}")
        return
    raw = replace(judge, tuned=judge.tuned.model_copy(update={"trust": {}}))
    said, worldly = [], []
    for sample in samples(TEST, given.count, given.data):
        seen = raw.watch(Clip(sample.frames, sample.scene.fps))
        said.append(list(answers(sample, seen)))
        worldly.append(seen.worldly >= SURE_ENOUGH)
    before = [each for row in said for each in row]
    after = [tuned_said(each, judge.tuned) for each in before]
    print(f"{given.count} unseen renders\n\n{by_question(before, after)}\n")
    print(f"before tuning\n\n{reliability(checked(before))}\n")
    print(f"as it ships\n\n{reliability(checked(after))}\n")
    print(f"renders taken for the world: {np.mean(worldly):.1%}\n\n{unknown(judge, given.outside)}")


def tuned_said(said: Said, tuned: Tuned) -> Said:
    """The same with the probability that is told."""
    return replace(said, sure=tuned.honest(said.question, said.sure))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=140, help="renders")
    parser.add_argument(
        "--outside", type=int, default=40, help="pictures of each kind without a world"
    )
    parser.add_argument("--data", type=Path, default=Path("runs/caption"), help="keeps the renders")
    parser.add_argument("--tune", action="store_true", help="fit caption/tuned.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
