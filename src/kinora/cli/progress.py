"""How far the work is. In: reports from the work. Out: bars on a terminal, or JSON lines."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from kinora.core.progress import OnProgress, Progress, silent

WORDS = {
    "expand": "Reading the wish",
    "text": "Understanding",
    "denoise": "Dreaming",
    "caption": "Looking",
    "decode": "Developing",
    "encode": "Writing",
    "sign": "Signing",
    "pull": "Fetching",
    "verify": "Checking",
}


@contextmanager
def reporting(
    *, as_json: bool = False, quiet: bool = False, stream: TextIO | None = None
) -> Iterator[OnProgress]:
    """Listen to the work of the block.

    Args:
        as_json: one JSON line for each report instead of bars.
        quiet: nothing at all.
        stream: where to, stderr by default; bars are drawn on a terminal only.
    """
    stream = stream or sys.stderr
    if quiet:
        yield silent
    elif as_json:
        yield json_lines(stream)
    elif stream.isatty():
        with bars(stream) as on_progress:
            yield on_progress
    else:
        yield silent


def json_lines(stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> OnProgress:
    """One line for each report: `{"stage", "done", "total", "seconds"}` since the start."""
    start = clock()

    def on_progress(report: Progress) -> None:
        line = {"stage": report.stage, "done": report.done, "total": report.total}
        print(json.dumps(line | {"seconds": round(clock() - start, 3)}), file=stream, flush=True)

    return on_progress


@contextmanager
def bars(stream: TextIO) -> Iterator[OnProgress]:
    """One bar for each stage, in order of appearance, with the time still needed.

    `NO_COLOR` in the environment leaves the colours out.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<17}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Bars(*columns, console=Console(file=stream)) as display:
        tasks = {}

        def on_progress(report: Progress) -> None:
            stage = report.stage
            if stage not in tasks:
                tasks[stage] = display.add_task(WORDS.get(stage, stage), total=report.total)
            display.update(tasks[stage], completed=report.done, total=report.total)

        yield on_progress
