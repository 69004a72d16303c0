"""Do other cameras show the same moment? In: a model. Out: how often things stand where geometry has them.

    python benchmarks/angles.py [MODEL] [--films 40] [--steps N] [--seed 0]

Clips of the world are shown to the model from the front; it dreams another camera. A film counts when every
thing that both cameras see is found by the judge, in its colour, within 15 % of the picture of its true place.
Beside it the same on real renders of that camera, which bounds what can be measured, and on the front picture
taken for the other one, which is what a model that ignores cameras would score. Agreement is the share of things,
ground and light that the view has in common with the real one from the front, wherever they stand. Things are
counted one by one too.
"""

import argparse

from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.evaluate.elsewhere import dreamt, moments
from kinora.evaluate.placing import in_place
from kinora.evaluate.views import view_agreement
from kinora.generate import load
from kinora.models.store import DEFAULT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--films", type=int, default=40)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    model, judge = load(given.model), load_judge()
    right = {"dreamt": 0, "rendered": 0, "the front picture": 0}
    agreement, counted = dict.fromkeys(right, 0.0), 0
    things, asked = dict.fromkeys(right, 0), 0
    for one in moments(given.films, seed=given.seed):
        expected, fps = one.standing, one.front.scene.fps
        if not expected:
            continue
        pictures = {
            "dreamt": dreamt(model, one, seed=counted, steps=given.steps),
            "rendered": Clip(one.other.frames, fps),
            "the front picture": Clip(one.front.frames, fps),
        }
        counted += 1
        asked += len(expected)
        seen = {name: judge.see(clip) for name, clip in pictures.items()}
        for name, each in seen.items():
            found = [in_place(each, thing) for thing in expected]
            right[name] += all(found)
            things[name] += sum(found)
            agreement[name] += view_agreement([seen["the front picture"], each])
    print(f"| {counted} films | everything in place | of {asked} things | agreement |")
    print("|---|---|---|---|")
    for name, count in right.items():
        of = max(1, counted)
        share = f"{100 * things[name] / max(1, asked):.0f} %"
        print(f"| {name} | {100 * count / of:.0f} % | {share} | {agreement[name] / of:.3f} |")


if __name__ == "__main__":
    main()
