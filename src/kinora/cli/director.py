"""Who writes a wish out. In: `--endpoint` and `--writer` as typed. Out: whom to ask, if not ourselves."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kinora.prompt.endpoint import Endpoint

WRITER = "gpt-4o-mini"
Address = Annotated[
    str | None,
    typer.Option("--endpoint", help="An OpenAI-compatible address that writes it out instead."),
]
Writer = Annotated[str, typer.Option("--writer", help="The endpoint's model.")]


def endpoint_of(address: str | None, writer: str) -> "Endpoint | None":
    """Whom to ask, with the key of the environment; None where nobody is named."""
    from kinora.prompt.endpoint import Endpoint

    key = os.environ.get("OPENAI_API_KEY", "")
    return None if address is None else Endpoint(address, writer, key=key)
