"""`kinora evaluate`. In: a model. Out: numbers, a page of films, and differences from a baseline."""

from pathlib import Path
from typing import Annotated

import typer

from kinora.cli.options import Json, Offline, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting


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
        int, typer.Option(min=0, help="Scenes of each kind staged for bites, hiding, shots.")
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
    result = {name: round(suite.mean("films", name), 4) for name in suite.names("films")}
    for part in ("physics", "staged"):
        result |= {name: round(suite.mean(part, name), 4) for name in suite.names(part)}
    result |= {name: round(value, 4) for name, value in suite.persistence.items()}
    for gap in differences:
        note(f"{gap.name}: {gap.ours - gap.baseline:+.3f} ({gap.low:+.3f} .. {gap.high:+.3f})")
    show(result | {"report": str(page)}, as_json=as_json)
