"""Which recipe learns most in the same time. In: minutes. Out: held-out loss and facts per arm and seed.

    python benchmarks/train_efficiency.py [ARM ...] [--minutes 30] [--seeds 2] [--out runs/efficiency]

Every arm changes one thing of the plain recipe and learns for the same wall-clock; time for checkpoints and
measuring does not count. Arms and seeds take turns one after the other; killed at any time, the same words go
on where it was. Other work on the machine makes arms unequal: keep it idle.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from learning import base, facts, ground, held_out, keep, learn

from kinora.models.store import DEFAULT
from kinora.recipes.film import FilmRecipe
from kinora.train.lessons import Stage

Change = Callable[[FilmRecipe], FilmRecipe]

ENDLESS = 10**9
RATIO = {"stills_wide": 0.5, "clips_wide": 0.5}


def tasked(**update: object) -> Change:
    """The recipe with fields of its task changed."""
    return lambda recipe: recipe.model_copy(update={"task": recipe.task.model_copy(update=update)})


def optimised(**update: object) -> Change:
    """The recipe with fields of its optimizer changed."""

    def change(recipe: FilmRecipe) -> FilmRecipe:
        optimizer = recipe.run.optimizer.model_copy(update=update)
        run = recipe.run.model_copy(update={"optimizer": optimizer})
        return recipe.model_copy(update={"run": run})

    return change


def built(sizes: dict[str, object], **update: object) -> Change:
    """The recipe with a transformer of other sizes, and fields of its task changed."""

    def change(recipe: FilmRecipe) -> FilmRecipe:
        transformer = recipe.task.transformer.model_copy(update=sizes)
        return tasked(transformer=transformer, **update)(recipe)

    return change


ARMS: dict[str, Change] = {
    "plain": lambda recipe: recipe,
    "data-weighted": tasked(weighting="data"),
    "noise-weighted": tasked(weighting="noise"),
    "no alignment": tasked(align=0.0),
    "strong alignment": tasked(align=0.5),
    "places": built({"placed": True}),
    "ways": tasked(motion=0.2),
    "glimpses": tasked(sparse=0.5),
    "places, ways, glimpses": built({"placed": True}, motion=0.2, sparse=0.5),
    "contrastive": tasked(contrast=0.05),
    "muon": optimised(muon=True, rate=1.5e-3),
    "routed": tasked(route=0.5),
    "wide": built({"width": 384}),
    "wide, rate of the narrow": built({"width": 384}, base_width=256),
    "short captions": tasked(captions=(1.0, 0.0, 0.0)),
    "long captions": tasked(captions=(0.0, 0.0, 1.0)),
    "stills first": tasked(
        stages=(
            Stage(until=500, buckets={"stills_wide": 1.0}),
            Stage(until=1000, buckets=RATIO, latents=5),
            Stage(until=ENDLESS, buckets=RATIO),
        )
    ),
}
"""Arm -> what it changes; the plain one sees stills and whole clips, half and half, from the start."""


def plain(seed: int, *, stills: int, clips: int) -> FilmRecipe:
    recipe = base(seed=seed, stills=stills, clips=clips)
    task = recipe.task.model_copy(
        update={"stages": (Stage(until=ENDLESS, buckets=RATIO),), "contrast": 0.0}
    )
    run = recipe.run.model_copy(update={"steps": ENDLESS})
    return recipe.model_copy(update={"task": task, "run": run})


def main() -> None:
    given = _options()
    start = plain(0, stills=given.stills, clips=given.clips)
    on = ground(start, given.data, given.out, model=given.model)
    results = []
    for seed in range(given.seeds):
        for name in given.arms or ARMS:
            folder = given.out / f"{name.replace(',', '').replace(' ', '-')}-{seed}"
            done = folder / "result.json"
            if not done.exists():
                recipe = ARMS[name](plain(seed, stills=given.stills, clips=given.clips))
                trainer = learn(recipe, on, folder, minutes=given.minutes)
                measured = {
                    **held_out(recipe, on, trainer),
                    **facts(recipe, on, trainer, prompts=given.prompts),
                }
                told = {"arm": name, "seed": seed, "minutes": given.minutes}
                told |= {"precision": recipe.run.precision, "steps": trainer.step}
                keep(done, {**told, **measured})
            results.append(json.loads(done.read_text()))
            print(json.dumps(results[-1]), flush=True)
    print(table(results))


def table(results: list[dict[str, float | str]]) -> str:
    """Means over seeds, one arm a line; `n` is how many seeds stand behind it."""
    columns = [name for name in results[0] if name.startswith("loss") or name == "facts right"]
    lines = [f"| arm | n | steps | {' | '.join(columns)} |", "|---" * (len(columns) + 3) + "|"]
    for arm in dict.fromkeys(str(result["arm"]) for result in results):
        rows = [result for result in results if result["arm"] == arm]
        means = [sum(float(row[name]) for row in rows) / len(rows) for name in ("steps", *columns)]
        numbers = " | ".join(f"{mean:.4f}" for mean in means[1:])
        lines.append(f"| {arm} | {len(rows)} | {means[0]:.0f} | {numbers} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arms", nargs="*", help=", ".join(ARMS))
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--stills", type=int, default=49152, help="rendered to learn from")
    parser.add_argument("--clips", type=int, default=6144, help="rendered to learn from")
    parser.add_argument("--model", default=DEFAULT, help="whose autoencoder makes the latents")
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/efficiency"))
    given = parser.parse_args()
    unknown = [name for name in given.arms if name not in ARMS]
    if unknown:
        parser.error(f"no arm {', '.join(unknown)}; there are {', '.join(ARMS)}")
    return given


if __name__ == "__main__":
    main()
