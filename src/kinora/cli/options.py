"""The options that verbs share: a name means one thing everywhere. In: words. Out: values."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kinora.core.device import VARIABLE, check_device
from kinora.core.prompt import check_guidance


class Quantise(StrEnum):
    """How linear weights are quantised while they are read; the names are those of a placement."""

    INT8 = "int8"


TRIES = 3
"""How often what breaks its words is dreamt at most where nobody says."""


def _cut_off(wanted: bool) -> bool:
    # The hub library reads the variable when it is first imported, and verbs import it late.
    if wanted:
        os.environ["HF_HUB_OFFLINE"] = "1"
    return wanted


def _placed(name: str | None) -> str | None:
    # As above: what loads a model reads it, wherever it is called from.
    if name is not None:
        os.environ[VARIABLE] = check_device(name)
    return name


Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON; progress as JSON lines on stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same film.", show_default="drawn")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Where to write; the suffix chooses the format."),
]
Count = Annotated[int, typer.Option("-n", "--count", min=1, help="How many, with seeds in a row.")]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        callback=_placed,
        help="cpu, cuda or mps.",
        show_default="cpu; of a published model cuda, if there is one",
    ),
]
Offline = Annotated[
    bool,
    typer.Option("--offline", callback=_cut_off, help="Never touch the network."),
]
"""It acts when it is read: a verb lists it and need not look at it."""
NoMetadata = Annotated[
    bool, typer.Option("--no-metadata", help="Leave the prompt out of file and sidecar.")
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting by name; may be repeated."),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", help="A shipped model's name, or a folder.", show_default="kinora-tiny-few"
    ),
]
FilmsModel = Annotated[
    str | None,
    typer.Option(
        "--model", help="A model's name, or a folder.", show_default="the one that made the film"
    ),
]
Loras = Annotated[
    list[str] | None,
    typer.Option(
        "--lora",
        metavar="FILE[:WEIGHT]",
        help="Added weights for a published model; may be repeated.",
    ),
]
StepCache = Annotated[
    float,
    typer.Option(
        "--step-cache",
        min=0,
        help="Published models: reuse a step that changes less than this, such as 0.05; 0 never.",
    ),
]
Compile = Annotated[
    bool, typer.Option("--compile", help="Published models: run their blocks as compiled code.")
]
Attention = Annotated[
    str | None,
    typer.Option(
        "--attention",
        metavar="NAME",
        help="Published models: the kernel that attends, such as _native_math.",
        show_default="the library's choice",
    ),
]
Quantising = Annotated[
    Quantise | None,
    typer.Option(
        "--quantise",
        help="Published models: hold the transformer's linear weights in a byte each; it is another film.",
        show_default="only where nothing else fits",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", min=1, help="Solver steps: more is finer.", show_default="what the model likes"
    ),
]


def _pushing(guidance: float | None) -> float | None:
    return None if guidance is None else check_guidance(guidance)


Guidance = Annotated[
    float | None,
    typer.Option(
        "--guidance", callback=_pushing, help="How hard to follow the words; 1 is not at all."
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Watch the film, and dream again what breaks its words.")
]
Tries = Annotated[
    int,
    typer.Option("--tries", min=1, help="With --verify: how often at most; 1 only watches."),
]
Negative = Annotated[str, typer.Option("--negative", help="What to stay away from.")]
