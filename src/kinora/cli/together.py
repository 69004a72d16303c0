"""The command line under torchrun. In: a team. Out: the first process runs the command, the others follow it."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from kinora.core.errors import KinoraError, UsageError
from kinora.core.team import Team, assembled, fails_first

FILMING = frozenset({
    "generate", "animate", "extend", "loop", "blend", "remix", "retake", "edit", "recut", "angles",
    "storyboard", "rerun",
})  # fmt: skip
"""The verbs whose films several processes can make."""

Main = Callable[[Sequence[str]], int]
Explain = Callable[[Exception], KinoraError]


def together(
    mine: Team, arguments: Sequence[str], *, verb: str | None, main: Main, explain: Explain
) -> int:
    """Run a command line as one of several processes.

    Args:
        mine: which.
        arguments: the words after `kinora`.
        verb: the one among them.
        main: runs them in the first process.
        explain: any error as one for users.

    Returns:
        The exit code.
    """
    if verb is None or {"--help", "-h"} & set(arguments):
        return main(arguments) if mine.leads else 0
    if verb not in FILMING:
        if mine.leads:
            error = UsageError(f"kinora {verb} is one process", remedy="Run it without torchrun")
            print(f"kinora: {error.line()}", file=sys.stderr)
        return UsageError.exit_code
    return _lead(mine, arguments, main) if mine.leads else _follow(mine, explain)


def _lead(mine: Team, arguments: Sequence[str], main: Main) -> int:
    with assembled(mine):
        code = main(arguments)
    return code if mine.free else _gone(code)


def _follow(mine: Team, explain: Explain) -> int:
    """Obey in silence, but for an error of its own."""
    # A terminal sends Ctrl-C to all: the first process tells the others what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    speak = _silent()
    try:
        with assembled(mine):
            from kinora.open_weights.follow import follow

            try:
                follow(mine)
            except Exception as error:
                told = explain(error)
                if fails_first():
                    speak(f"kinora: process {mine.rank} of {mine.size}: {told.line()}")
                _gone(told.exit_code)
    except Exception:  # the first process is gone, and has said why
        return KinoraError.exit_code
    return 0


def _silent() -> Callable[[str], None]:
    """Nothing is printed from here on, what the libraries say neither; given back is what still speaks."""
    if os.environ.get("KINORA_DEBUG") == "1":
        return lambda line: print(line, file=sys.stderr, flush=True)
    voice = os.fdopen(os.dup(2), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    return lambda line: print(line, file=voice, flush=True)


def _gone(code: int) -> int:
    """End now: the libraries would wait for processes that do not answer any more."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
