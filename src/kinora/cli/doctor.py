"""`kinora doctor`. Out: what was found on this machine, and how to put right what is missing."""

from dataclasses import asdict

import typer

from kinora.cli.options import Json
from kinora.cli.output import show
from kinora.core.version import __version__


def doctor(*, as_json: Json = False) -> None:
    """Check this machine and say how to put right what is missing.

    Ends with exit code 1 if films cannot be made here as it is.
    """
    from kinora.core.health import examine

    findings = examine()
    lines = [f"  kinora       {__version__}"]
    for each in findings:
        sign = " " if each.good else "!"
        lines.append(f"{sign} {each.name:<12} {each.found}")
        if each.fix:
            lines.append(f"  {'':<12} -> {each.fix}")
    result = {"kinora": __version__, "findings": [asdict(each) for each in findings]}
    show(result, as_json=as_json, text="\n".join(lines))
    if not all(each.good for each in findings):
        raise typer.Exit(1)
