"""Work that may be stopped. In: a target and a seed. Out: a command that goes on, or one that did.

What is dreamt, and what an endpoint wrote for it, is kept in `.NAME.dream` beside the film. After Ctrl-C the printed
command goes on with it; a process that was killed could print nothing, so the same words typed again find its seed.
"""

import json
import os
import secrets
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kinora.cli.output import note
from kinora.core.team import command, fails_first

SEEDS = 2**31
ORDER = "order.json"


def drawn(seed: int | None, *, folder: Path, quiet: bool = False) -> int:
    """The seed that was typed; else that of a killed process with the very same words, or a new one.

    Args:
        seed: as typed.
        folder: where the film is to lie.
        quiet: say nothing.
    """
    if seed is not None:
        return seed
    for order in sorted(folder.glob(f".*.dream/{ORDER}")):
        found = _left(order)
        if found is not None:
            note(f"Note: going on with what was broken off, seed {found}", quiet=quiet)
            return found
    return secrets.randbelow(SEEDS)


def _left(order: Path) -> int | None:
    """The seed of an order with these very words whose process is gone."""
    from kinora.media.atomic import runs

    try:
        told = json.loads(order.read_text(encoding="utf-8"))
        same = told["words"] == sys.argv[1:] and not runs(int(told["process"]))
        return int(told["seed"]) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def resumable(
    target: Path, seed: int | None, *, again: Sequence[str] | None = None, quiet: bool = False
) -> Iterator[None]:
    """Keep what the block dreams beside `target` until it ends well; on Ctrl-C tell how to go on.

    Args:
        target: the film.
        seed: as drawn or typed; None for a verb that takes none.
        again: the words that go on, if not those that were typed with the seed behind them.
        quiet: print nothing.
    """
    from kinora.denoise.resume import keeping
    from kinora.media.atomic import write_bytes
    from kinora.media.sequence import plain

    name = plain(target)
    folder = name.with_name(f".{name.name}.dream")
    order = folder / ORDER
    told = {"words": sys.argv[1:], "seed": seed, "process": os.getpid()}
    try:
        if folder.parent.is_dir():
            with suppress(OSError):
                folder.mkdir(exist_ok=True)
                write_bytes(order, json.dumps(told).encode())
        with keeping(folder):
            yield
    except KeyboardInterrupt:
        # torchrun stops this process too when another one has failed, and said so.
        if not quiet and fails_first():
            order.unlink(missing_ok=True)
            print(f"Stopped. To go on: {shlex.join(_words(seed, again))}", file=sys.stderr)
        raise
    finally:
        _tidy(folder)


def _words(seed: int | None, again: Sequence[str] | None) -> list[str]:
    if again is not None:
        return [*command(), *again]
    typed = [*command(), *sys.argv[1:]]
    told = any(word == "--seed" or word.startswith("--seed=") for word in typed)
    if seed is None or told:
        return typed
    # What stands behind `--` is no option.
    end = typed.index("--") if "--" in typed else len(typed)
    return [*typed[:end], "--seed", str(seed), *typed[end:]]


def _tidy(folder: Path) -> None:
    """Leave no folder in which nothing was dreamt; words alone stay for a command that was printed."""
    from kinora.denoise.resume import WORDS

    kept = list(folder.glob("*")) if folder.is_dir() else []
    dreamt = any(file.name != ORDER and file.suffix != WORDS for file in kept)
    if dreamt or (kept and not (folder / ORDER).exists()):
        return
    for file in kept:
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
