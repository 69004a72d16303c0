"""A suite as one page. In: rows and films. Out: HTML that needs no other file: numbers, plots, films."""

import base64
import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from kinora.core.clip import Clip
from kinora.evaluate.adherence import FACTS
from kinora.evaluate.compare import Difference
from kinora.evaluate.onward import WITHOUT
from kinora.evaluate.suite import Shown, Suite
from kinora.media.atomic import write_bytes
from kinora.media.write import save

SHARES = ("facts right", "prompt whole", "recognisable thing")
CHOSEN_BY = (*SHARES, *(f"{name} right" for name in FACTS))
"""What `generate --verify` chooses films by: of a watched film these numbers prove nothing."""
COUNTED = "nothing more than promised"
BITES = ("bite", "hidden bite", "no bite")
"""How the names of what a ledger asks of cookies begin."""
FLOOR = ", parse floor"
HEAD = ("metric", "films", "real renders", "without memory")
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .9rem .2rem 0;text-align:right}
td:first-child,th:first-child{text-align:left}th{border-bottom:1px solid #999}
.films{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem}
video{width:100%;border-radius:4px}.films p{margin:.2rem 0;font-size:13px}.wrong{color:#b02020}
.right{color:#1e783c}.certain{font-weight:600}
"""


def write_report(
    file: Path,
    suite: Suite,
    shown: Sequence[Shown],
    *,
    differences: Sequence[Difference] = (),
    films: int = 40,
) -> Path:
    """Write the page, whole or not at all; `films` of them are shown with the judge's verdict."""
    parts = [
        f"<h1>How {escape(suite.model)} keeps its promises</h1>",
        _bars(suite),
        _adherence(suite),
        _numbers(suite),
        _differences(differences) if differences else "",
        "<h2>Films and what the judge says of them</h2>",
        f'<div class="films">{"".join(_film(one) for one in shown[:films])}</div>',
    ]
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(suite.model)}</title>'
        f"<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )
    write_bytes(file, page.encode())
    return file


def _bars(suite: Suite) -> str:
    """Shares of the films and of the real renders."""
    names = [name for name in CHOSEN_BY if name in suite.names("films")]
    rows, high = [], 22
    for index, name in enumerate(names):
        y = index * high
        ours, best = suite.mean("films", name), suite.mean("real", name)
        rows.append(
            f'<text x="0" y="{y + 14}">{escape(name)}</text>'
            f'<rect x="170" y="{y + 3}" width="{_long(best):.1f}" height="14" fill="#dde3dd"/>'
            f'<rect x="170" y="{y + 6}" width="{_long(ours):.1f}" height="8" fill="#2f6f9f"/>'
            f'<text x="580" y="{y + 14}">{_percent(ours)}</text>'
        )
    return (
        f"<p>{len(suite.films)} films. Blue: the model. Grey: the judge on real renders of the same "
        "prompts, the best that it can say.</p>"
        f'<svg viewBox="0 0 650 {high * len(names)}" width="650" font-size="13" role="img" '
        f'aria-label="shares of facts right">{"".join(rows)}</svg>'
    )


def _long(share: float) -> float:
    return 400 * share if math.isfinite(share) else 0.0


def _percent(share: float) -> str:
    return f"{share:.1%}" if math.isfinite(share) else "-"


def _adherence(suite: Suite) -> str:
    """What the judge says, by how the prompt was chosen; the films of `--verify` are chosen by it."""
    columns: dict[str, Callable[[str], float]] = {
        "seen combinations": lambda name: suite.mean("films", name, heldout=False),
        "held-out combinations": lambda name: suite.mean("films", name, heldout=True),
        "in other words": lambda name: suite.mean("paraphrased", name),
        "real renders": lambda name: suite.mean("real", name),
    }
    rows = [
        [name, *(_percent(mean(name)) for mean in columns.values())]
        for name in CHOSEN_BY
        if name in suite.names("films")
    ]
    return (
        "<h2>What the judge says</h2><p>The same judge chooses the films of <code>generate --verify</code>: "
        "of films that were made so these numbers are no proof.</p>"
        f"{_table(['fact', *columns], rows)}"
        f"{_table(HEAD, [row for row in _compared(suite) if _ledgered(row[0])])}"
    )


def _numbers(suite: Suite) -> str:
    """What nothing was chosen or trained by, each beside what real renders get."""
    rows = [row for row in _compared(suite) if not _ledgered(row[0])]
    return (
        "<h2>What no film was chosen by and no training aimed at</h2>"
        "<p>Where and what things are (permanence, overlap, velocity, identity) is read by the same "
        "eye; facts by pixels, flicker, warp error, motion, drift of colours, PSNR and seam by no network. "
        "Without memory: the same model, shown the last half second of what it goes on from and nothing older.</p>"
        f"{_table(HEAD, rows)}"
    )


def _compared(suite: Suite) -> list[list[str]]:
    """Every number that is no fact of a prompt: of the model's films, of real renders, of films without memory."""
    rows = [
        [name, _number(suite.mean("films", name)), _number(suite.mean("real", name)), ""]
        for name in suite.names("films")
        if name not in CHOSEN_BY
    ]
    for part in ("physics", "staged"):
        rows += [
            [name, *(_number(suite.mean(part, name + of)) for of in ("", FLOOR, WITHOUT))]
            for name in suite.names(part)
            if not name.endswith((FLOOR, WITHOUT))
        ]
    kept = suite.persistence
    return rows + [
        [name, _number(value), "", _number(kept.get(name + WITHOUT, math.nan))]
        for name, value in kept.items()
        if not name.endswith(WITHOUT)
    ]


def _ledgered(name: str) -> bool:
    """Whether a ledger asks for this, so that watched films are chosen by it too."""
    return name == COUNTED or name.startswith(BITES)


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rest = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{first}</tr>{rest}</table>"


def _differences(differences: Sequence[Difference]) -> str:
    rows = "".join(
        f'<tr class="{"certain" if d.certain else ""}"><td>{escape(d.name)}</td>'
        f"<td>{d.baseline:.3f}</td><td>{d.ours:.3f}</td><td>{d.low:+.3f} .. {d.high:+.3f}</td></tr>"
        for d in differences
    )
    head = "<tr><th>metric</th><th>baseline</th><th>this</th><th>95 % of the difference</th></tr>"
    return f"<h2>Against the baseline</h2><table>{head}{rows}</table>"


def _film(one: Shown) -> str:
    said = (
        f'<span class="wrong">{escape("; ".join(one.row.wrong))}</span>'
        if one.row.wrong
        else '<span class="right">every fact right</span>'
    )
    source = f"data:video/mp4;base64,{base64.b64encode(_mp4(one.clip)).decode()}"
    return (
        f'<div><video src="{source}" autoplay loop muted playsinline></video>'
        f"<p>{escape(one.row.prompt)}<br>{said}</p></div>"
    )


def _mp4(clip: Clip) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        save(clip, file)
        return file.read_bytes()
