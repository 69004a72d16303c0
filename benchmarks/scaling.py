"""What more compute buys. In: a base of steps. Out: held-out loss and facts at 1x, 4x and 32x of it.

    python benchmarks/scaling.py [--steps 500] [--times 1 4 32] [--out runs/scaling]

Every point is a run of its own whose rate falls to its end; only the steps differ, or with `--width` the
width of the transformer too. Compute is counted, not guessed: the floating-point operations of a step, times
the steps. Killed at any time, the same words go on where it was; finished points are not trained again.
"""

import argparse
import json
from pathlib import Path

import torch
from learning import Ground, base, facts, ground, held_out, keep, learn, task_of
from torch.utils.flop_counter import FlopCounterMode

from kinora.models.store import DEFAULT
from kinora.recipes.film import FilmRecipe
from kinora.train.lessons import Stage

RATIO = {"stills_wide": 0.5, "clips_wide": 0.5}
COUNTED = 8
"""Steps whose operations are counted: buckets differ."""


def point(times: int, given: argparse.Namespace) -> FilmRecipe:
    """The recipe at so many times the base."""
    steps = given.steps * times
    recipe = base(seed=given.seed, stills=given.stills, clips=given.clips)
    stages = (
        Stage(until=steps // 3, buckets={"stills_wide": 1.0}),
        Stage(until=steps, buckets=RATIO),
    )
    task = recipe.task.model_copy(update={"stages": stages})
    if given.width:
        transformer = task.transformer.model_copy(update={"width": given.width})
        task = task.model_copy(update={"transformer": transformer})
    run = recipe.run.model_copy(update={"steps": steps})
    return recipe.model_copy(update={"task": task, "run": run})


def operations(recipe: FilmRecipe, on: Ground) -> float:
    """Floating-point operations of the whole run, forward and backward."""
    task, total, start = task_of(recipe, on.seen, on.tokenizer), 0.0, 0
    for stage in recipe.task.stages:
        counted = range(start, min(start + COUNTED, stage.until))
        with FlopCounterMode(display=False) as counter:
            for step in counted:
                loss, _ = task.loss(task.batch(step), step)
                loss.backward()
        total += counter.get_total_flops() / max(1, len(counted)) * (stage.until - start)
        start = stage.until
    return total


def main() -> None:
    given = _options()
    torch.set_num_threads(given.threads)
    on = ground(point(1, given), given.data, given.out, model=given.model)
    results = []
    for times in given.times:
        folder = given.out / f"{times}x-{given.width or 'tiny'}-{given.seed}"
        done = folder / "result.json"
        if not done.exists():
            recipe = point(times, given)
            trainer = learn(recipe, on, folder, minutes=None)
            told = {
                "times": times, "steps": trainer.step, "seconds": round(trainer.seconds),
                "operations": operations(recipe, on), "precision": recipe.run.precision,
            }  # fmt: skip
            measured = held_out(recipe, on, trainer)
            measured |= facts(recipe, on, trainer, prompts=given.prompts)
            keep(done, {**told, **measured})
        results.append(json.loads(done.read_text()))
        print(json.dumps(results[-1]), flush=True)
    print(table(results))


def table(results: list[dict[str, float]]) -> str:
    """The rows of docs/scaling.md."""
    columns = [name for name in results[0] if name.startswith("loss") or name == "facts right"]
    lines = [
        f"| compute | steps | operations | {' | '.join(columns)} |",
        "|---" * (len(columns) + 3) + "|",
    ]
    for row in results:
        numbers = " | ".join(f"{row[name]:.4f}" for name in columns)
        lines.append(f"| {row['times']}x | {row['steps']} | {row['operations']:.2g} | {numbers} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500, help="of the base")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 32])
    parser.add_argument("--width", type=int, default=None, help="of the transformer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--stills", type=int, default=49152, help="rendered to learn from")
    parser.add_argument("--clips", type=int, default=6144, help="rendered to learn from")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--model", default=DEFAULT, help="whose autoencoder makes the latents")
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/scaling"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
