"""What options are where they were not typed. In: files, environment. Out: their defaults."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
import typer.main

from kinora.core.config import PREFIX, config_files, literal, table
from kinora.core.errors import UsageError


def defaults(
    app: typer.Typer,
    *,
    verb: str,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """The user's file, above it the project file, above both the environment.

    Args:
        app: the command line with the code of `verb` behind it.
        verb: the table of `kinora.toml` that is read.
        environ: the environment; `KINORA_STEPS` stands for `--steps`.
        folder: where the search for the project file starts, the working folder by default.

    Returns:
        `{verb: {parameter: value}}`.

    Raises:
        UsageError: a file names an option that the verb does not have.
    """
    options = _options(app, verb)
    values: dict[str, Any] = {}
    for path in config_files(environ, folder=folder):
        for name, value in table(path, section=verb).items():
            values[options[_known(name, options, path=path, verb=verb)]] = value
    for name, parameter in options.items():
        text = environ.get(f"{PREFIX}{name.upper().replace('-', '_')}")
        if text:
            values[parameter] = literal(text)
    return {verb: values}


def _options(app: typer.Typer, verb: str) -> dict[str, str]:
    """The verb's long options without dashes, and the names of the parameters they set."""
    command: Any = typer.main.get_command(app)
    return {
        spelt.removeprefix("--"): parameter.name
        for parameter in command.commands[verb].params
        for spelt in parameter.opts
        if spelt.startswith("--")
    }


def _known(name: str, options: Mapping[str, str], *, path: Path, verb: str) -> str:
    dashed = name.replace("_", "-")
    if dashed in options:
        return dashed
    near = difflib.get_close_matches(dashed, options, n=1, cutoff=0.5)
    remedy = f"Did you mean {near[0]}?" if near else f"See kinora {verb} --help"
    raise UsageError(f"unknown setting '{name}' for {verb} in {path}", remedy=remedy)
