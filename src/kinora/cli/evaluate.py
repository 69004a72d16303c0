"""`kinora evaluate`. In: a model. Out: numbers, a page of films, and differences from a baseline."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.options import Device, Json, Offline, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting

if TYPE_CHECKING:
    from kinora.evaluate.suite import Suite


def evaluate(
    *,
    model: Annotated[
        str | None, typer.Option("--model", help="A name or a folder.", show_default="shipped")
    ] = None,
    prompts: Annotated[int, typer.Option(min=1, help="How many unseen prompts.")] = 100,
    seeds: Annotated[int, typer.Option(min=1, help="Films per prompt.")] = 1,
    physics: Annotated[int, typer.Option(min=0, help="Films begun from real frames.")] = 20,
    paraphrases: Annotated[
        int, typer.Option(min=0, help="Prompts that are filmed in other words too.")
    ] = 20,
    staged: Annotated[
        int, typer.Option(min=0, help="Scenes of each kind staged for bites, hiding, turns.")
    ] = 8,
    lasting: Annotated[
        float, typer.Option(min=1, help="Seconds for which a bite is watched: 1, 5 or 20.")
    ] = 1.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Solver steps.")] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A folder for suite.json and report.html.")
    ] = Path("evaluation"),
    against: Annotated[
        Path | None, typer.Option("--against", help="The suite.json of a baseline.")
    ] = None,
    device: Device = None,
    offline: Offline = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model on prompts that its training never saw."""
    from kinora.caption.judge import load_judge
    from kinora.evaluate.compare import compare
    from kinora.evaluate.report import write_report
    from kinora.evaluate.suite import Settings, read_suite, run_suite
    from kinora.generate import load
    from kinora.media.atomic import write_bytes

    baseline = read_suite(against) if against else None
    judge = load_judge()
    film_model = load(model) if model else load()
    settings = Settings(
        prompts=prompts, seeds=seeds, physics=physics, steps=steps, paraphrases=paraphrases,
        staged=staged, lasting=lasting,
    )  # fmt: skip
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        suite, shown = run_suite(film_model, judge, settings=settings, on_progress=on_progress)
    differences = compare(suite, baseline) if baseline else ()
    out.mkdir(parents=True, exist_ok=True)
    write_bytes(out / "suite.json", suite.model_dump_json(indent=1).encode())
    page = write_report(out / "report.html", suite, shown, differences=differences)
    result: dict[str, Any] = {
        "films": _means(suite, "films"),
        "seen": _means(suite, "films", heldout=False),
        "held out": _means(suite, "films", heldout=True),
        **{part: _means(suite, part) for part in ("real", "paraphrased", "physics", "staged")},
        "persistence": {name: round(value, 4) for name, value in suite.persistence.items()},
    }
    if baseline:
        result["differences"] = {
            gap.name: {n: round(getattr(gap, n), 4) for n in ("baseline", "ours", "low", "high")}
            for gap in differences
        }
        if not differences:
            note(f"{against} has no film in common with these: nothing was compared", quiet=quiet)
    for gap in differences:
        line = f"{gap.name}: {gap.ours - gap.baseline:+.3f} ({gap.low:+.3f} .. {gap.high:+.3f})"
        note(line, quiet=quiet)
    show(result | {"report": str(page)}, as_json=as_json)


def _means(suite: "Suite", part: str, *, heldout: bool | None = None) -> dict[str, float]:
    """Every number of a part that some row has."""
    means = {name: suite.mean(part, name, heldout=heldout) for name in suite.names(part)}
    return {name: round(value, 4) for name, value in means.items() if isfinite(value)}
