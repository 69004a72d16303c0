"""The card of a server's model. In: what `--model` names. Out: where it lies and what it can do, nothing loaded.

A bundle of our own is read here. What a published model can do is told by its family, whose code needs torch,
which the server does without: so it is read once, in a process of its own. Run as `python -m kinora.serve.card
NAME PATH`.
"""

import json
import subprocess
import sys
from pathlib import Path

from pydantic import TypeAdapter

from kinora.core.errors import KinoraError, NotFoundError, UnsupportedError, UsageError
from kinora.core.shape import Stride
from kinora.open_weights.folder import INDEX, Folder
from kinora.open_weights.hub import absent, locate
from kinora.serve.sizes import ModelCard

WEIGHTS = Path(__file__).parents[1] / "weights"
TOLD = TypeAdapter(ModelCard)
KINDS = (NotFoundError, UnsupportedError, UsageError)
"""What may be wrong with a published model."""


def found(model: str) -> Folder:
    """Where a shipped model, a folder, or a hub id that was pulled lies.

    Raises:
        NotFoundError: there is no such model on this machine.
    """
    for place in (WEIGHTS / model, Path(model)):
        if (place / INDEX).exists():
            # Clients and films read the name; where on this machine it lies is none of their business.
            return Folder(place.resolve().name, place)
    pulled = locate(model)
    if pulled is None:
        raise absent(model)
    return pulled


def owner_of(folder: Folder) -> str:
    """Who published a model: the first half of a hub id, we what ships, and nobody knows of a folder."""
    publisher, slash, _ = folder.name.partition("/")
    if slash:
        return publisher
    return "kinora" if folder.path.parent == WEIGHTS else "local"


def model_card(model: str) -> ModelCard:
    """What the server must know of a shipped model, a folder, or a hub id that was pulled.

    Raises:
        NotFoundError: there is no such model, or files of it are missing.
        UnsupportedError: no family describes it.
        UsageError: its weights are pickled, or the libraries for published models are missing.
    """
    folder = found(model)
    return _published(folder) if folder.pipeline else _own(folder)


def _own(folder: Folder) -> ModelCard:
    told = folder.index
    return ModelCard(
        name=told["name"],
        owner=owner_of(folder),
        fps=told["fps"],
        height=told["height"],
        width=told["width"],
        stride=Stride(patch=folder.config("transformer")["patch"]),
        references=told["references"],
        views=told.get("views", False),
    )


def _published(folder: Folder) -> ModelCard:
    done = subprocess.run(
        [sys.executable, "-m", "kinora.serve.card", folder.name, str(folder.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines() or [""]
    if done.returncode == 0:
        return TOLD.validate_json(lines[-1])
    if not lines[-1]:
        why = (done.stderr.splitlines() or [f"exit code {done.returncode}"])[-1]
        raise KinoraError(f"{folder.name} cannot be read", why=why)
    told = json.loads(lines[-1])
    kind = next((each for each in KINDS if each.code == told["code"]), KinoraError)
    raise kind(told["what"], why=told["why"], remedy=told["remedy"])


def described(folder: Folder) -> ModelCard:
    """The card of a published model, in this very process."""
    from kinora.open_weights.load import load_open

    model = load_open(folder.path, name=folder.name)
    likes = model.capabilities
    return ModelCard(
        name=model.name,
        owner=owner_of(folder),
        fps=likes.fps,
        height=likes.height,
        width=likes.width,
        stride=model.stride,
        references=likes.references,
        views=likes.views,
    )


def main() -> None:
    """The process."""
    name, path = sys.argv[1:]
    try:
        print(TOLD.dump_json(described(Folder(name, Path(path)))).decode())
    except KinoraError as error:
        told = {"code": error.code, "what": error.what, "why": error.why, "remedy": error.remedy}
        print(json.dumps(told))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
