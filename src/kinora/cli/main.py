"""The command `kinora`. In: the words typed after it. Out: an exit code, at most one line of error.

A verb's file is imported only when that verb is typed, so `kinora --help` costs no torch.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Annotated, Any

import typer

from kinora.cli.settings import defaults
from kinora.core.errors import (
    BusyError,
    KinoraError,
    OutOfMemoryError,
    UsageError,
    is_out_of_memory,
)
from kinora.core.team import enlisted, fails_first, lost
from kinora.core.version import __version__

VERBS: dict[str, str] = {
    "generate": "Make a film from a prompt.",
    "animate": "Make pictures move: first, last, or any in between.",
    "extend": "Make a film longer, at its end or at its beginning.",
    "loop": "Make a film loop without a seam.",
    "blend": "Join two films by a bridge that is dreamt.",
    "remix": "Make a film again, close to how it was.",
    "retake": "Make a part of a film anew, from one time to another.",
    "edit": "Change a part of the picture, or dream more of it around.",
    "recut": "Keep a part of a film, and make it longer.",
    "angles": "Show the same moments from other cameras.",
    "storyboard": "Make a film from cards; only what changed is dreamt.",
    "expand": "Turn a short wish into the paragraph a director would write.",
    "character": "Keep characters that look the same in every film.",
    "export": "Write the project's timeline for an editing program.",
    "caption": "Tell what a film shows.",
    "rerun": "Make a film again from its sidecar.",
    "world": "Render samples and data sets of the simulated world.",
    "train": "Train a network from nothing.",
    "evaluate": "Measure a model on prompts that its training never saw.",
    "models": "Fetch, list and check published models.",
    "estimate": "Tell what a film will cost in time and memory, before the start.",
    "info": "Tell what a video or image is and how it was made.",
    "verify": "Tell where a film comes from, and whether it was changed since.",
    "serve": "Serve the Videos API from this machine.",
    "worker": "Make the films of a server that runs elsewhere.",
    "queue": "See and steer the jobs of a server.",
    "doctor": "Check this machine and say how to put right what is missing.",
    "version": "Print the version.",
}
"""Every verb in the order of `--help`; `kinora.cli.<verb>` holds a function or app of its name."""

INTERRUPTED = 130


def run() -> None:
    """The console script: run the command line of this process and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    arguments, mine = sys.argv[1:], enlisted()
    if mine is None:
        sys.exit(main(arguments))
    from kinora.cli.together import together

    verb = verb_of(arguments)
    explain = partial(_as_kinora_error, verb=verb)
    sys.exit(together(mine, arguments, verb=verb, main=main, explain=explain))


def main(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: the words after `kinora`.

    Returns:
        The exit code: 0, that of the `KinoraError`, 2 for words that make no sense, 1 for a defect,
        130 after Ctrl-C.
    """
    verb = verb_of(arguments)
    try:
        app = application(verb)
        unless_typed = defaults(app, verb=verb) if verb else {}
        result = app(
            args=list(arguments),
            prog_name="kinora",
            standalone_mode=False,
            default_map=unless_typed,
        )
        sys.stdout.flush()
    except KeyboardInterrupt:
        fails_first()  # and no other process tells of it
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output went away; a second complaint at interpreter exit helps nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return KinoraError.exit_code
    except Exception as error:  # the outermost frame: everything becomes one line and a code
        told = _as_kinora_error(error, verb=verb)
        return _report(told, as_json="--json" in arguments) if fails_first() else told.exit_code
    return result if isinstance(result, int) else 0


def verb_of(arguments: Sequence[str]) -> str | None:
    """The verb among the words; None where there is none."""
    return next((word for word in arguments if word in VERBS), None)


def application(verb: str | None) -> typer.Typer:
    """The whole command line, with the code of `verb` alone behind it."""
    app = typer.Typer(
        name="kinora",
        help="Words to film, on your own machine.",
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, summary in VERBS.items():
        action = implementation(name) if name == verb else _unreached
        if isinstance(action, typer.Typer):
            app.add_typer(action, name=name, short_help=summary)
        else:
            app.command(name, short_help=summary)(action)
    return app


def implementation(verb: str) -> Callable[..., Any] | typer.Typer:
    """What `kinora.cli.<verb>` defines under the verb's own name."""
    action: Callable[..., Any] | typer.Typer = getattr(import_module(f"kinora.cli.{verb}"), verb)
    return action


def _unreached() -> None:
    """Stand in the list of verbs for one that was not typed."""
    raise AssertionError


def _show_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"kinora {__version__}")
        raise typer.Exit
    return wanted


def _root(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Words to film, on your own machine."""


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    # A polite kill takes the way of Ctrl-C, so that writers remove their unfinished files.
    raise KeyboardInterrupt


def _as_kinora_error(error: Exception, *, verb: str | None) -> KinoraError:
    """The error itself, or the `KinoraError` that says the same, with the original as its cause."""
    if isinstance(error, KinoraError):
        return error
    translated: KinoraError
    if (alone := lost(error)) is not None:
        translated = alone
    elif isinstance(error, typer.TyperException):
        message = error.format_message().rstrip(".")
        command = f"kinora {verb}" if verb else "kinora"
        translated = UsageError(message, remedy=f"See {command} --help")
    elif is_out_of_memory(error):
        translated = OutOfMemoryError(
            "not enough memory", remedy="Try a smaller --size or fewer --seconds"
        )
    elif isinstance(error, BlockingIOError):
        translated = BusyError(str(error))
    else:
        translated = KinoraError(
            f"{type(error).__name__}",
            why=" ".join(str(error).split()) or "no message",
            remedy="Set KINORA_DEBUG=1 to see where",
        )
    translated.__cause__ = error
    return translated


def _report(error: KinoraError, *, as_json: bool) -> int:
    if os.environ.get("KINORA_DEBUG") == "1":
        traceback.print_exception(error)
    if as_json:
        told = {"code": error.code, "what": error.what, "why": error.why, "remedy": error.remedy}
        print(json.dumps({"error": told}), file=sys.stderr)
    else:
        print(f"kinora: {error.line()}", file=sys.stderr)
    return error.exit_code
