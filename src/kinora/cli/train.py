"""`kinora train RECIPE`. In: a recipe's name and overrides. Out: a trained network in a folder."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinora.cli.options import Assignments, Json, Quiet
from kinora.cli.output import note, show
from kinora.cli.progress import reporting
from kinora.core.config import merge, parse_assignments, settle
from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.core.progress import OnProgress
from kinora.recipes import RECIPES

if TYPE_CHECKING:
    from kinora.models.bundle import Bundle
    from kinora.recipes.autoencoder import AutoencoderRecipe
    from kinora.recipes.few_steps import FewStepsRecipe
    from kinora.recipes.film import FilmRecipe
    from kinora.recipes.fine import FineRecipe
    from kinora.recipes.judge import JudgeRecipe

    Recipe = AutoencoderRecipe | FewStepsRecipe | FilmRecipe | FineRecipe | JudgeRecipe


@dataclass(frozen=True)
class Run:
    """Where a run lies and what it is made from; see the options of `train`."""

    folder: Path
    data: Path
    autoencoder: Path | None
    bundle: str | None
    resume: bool
    device: str


def train(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help=", ".join(RECIPES))],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the run.", show_default="runs/RECIPE"),
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of the rendered data.")] = Path("runs/data"),
    autoencoder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a trained autoencoder, for a film recipe.", show_default=False
        ),
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="A trained model's name or folder: what film recipes may begin with, few_steps and "
            "fine recipes must.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    assignments: Assignments = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the whole recipe and do nothing.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a network; kill it at any time and go on with --resume."""
    recipe = recipe_named(name, assignments)
    if dry_run:
        show(recipe.model_dump(mode="json"), as_json=True)
        return
    folder = out or Path("runs") / name
    if not resume and any(folder.rglob("checkpoint")):
        raise UsageError(
            f"{folder} already holds a run",
            remedy="Add --resume to go on with it, or choose another --out",
        )
    run = Run(folder, data, autoencoder, bundle, resume, device)
    with reporting(as_json=as_json, quiet=quiet) as on_progress:
        made = _trained(recipe, run, on_progress)
    note(f"Log and samples: {folder}", quiet=quiet)
    show({"recipe": name, "made": str(made)}, as_json=as_json)


def _trained(recipe: "Recipe", run: Run, on_progress: OnProgress) -> Path:
    """Train what the recipe is for; the folder of the network."""
    from kinora.recipes.autoencoder import AutoencoderRecipe
    from kinora.recipes.few_steps import FewStepsRecipe
    from kinora.recipes.film import FilmRecipe
    from kinora.recipes.fine import FineRecipe

    if isinstance(recipe, AutoencoderRecipe):
        return _autoencoder(recipe, run, on_progress)
    if isinstance(recipe, FilmRecipe):
        return _film(recipe, run, on_progress)
    if isinstance(recipe, FewStepsRecipe):
        return _few_steps(recipe, run, on_progress)
    if isinstance(recipe, FineRecipe):
        return _fine(recipe, run, on_progress)
    return _judge(recipe, run, on_progress)


def _autoencoder(recipe: "AutoencoderRecipe", run: Run, on_progress: OnProgress) -> Path:
    from kinora.recipes.autoencoder import train_autoencoder

    train_autoencoder(
        recipe, run.folder, data=run.data, resume=run.resume, device=run.device,
        on_progress=on_progress,
    )  # fmt: skip
    return run.folder / "autoencoder"


def _film(recipe: "FilmRecipe", run: Run, on_progress: OnProgress) -> Path:
    from kinora.recipes.autoencoder import load_autoencoder
    from kinora.recipes.film import train_film

    begin = None if run.bundle is None else _bundle(run)
    if begin is not None and run.autoencoder is not None:
        raise UsageError(
            "--from has an autoencoder of its own",
            remedy="Leave --autoencoder out, or --from to begin with nothing",
        )
    if begin is not None:
        autoencoder = begin.autoencoder
    elif run.autoencoder is not None and (run.autoencoder / "config.json").exists():
        autoencoder = load_autoencoder(run.autoencoder)
    else:
        raise NotFoundError(
            "a film recipe needs a trained autoencoder",
            remedy="First: kinora train autoencoder_tiny, then add "
            "--autoencoder runs/autoencoder_tiny/autoencoder, or --from a trained model",
        )
    train_film(
        recipe, run.folder, data=run.data, autoencoder=autoencoder, begin=begin,
        resume=run.resume, device=run.device, on_progress=on_progress,
    )  # fmt: skip
    return run.folder / "bundle"


def _few_steps(recipe: "FewStepsRecipe", run: Run, on_progress: OnProgress) -> Path:
    from kinora.recipes.few_steps import train_few_steps

    train_few_steps(
        recipe, run.folder, data=run.data, bundle=_bundle(run), resume=run.resume,
        device=run.device, on_progress=on_progress,
    )  # fmt: skip
    return run.folder / "bundle"


def _fine(recipe: "FineRecipe", run: Run, on_progress: OnProgress) -> Path:
    from kinora.recipes.fine import train_fine

    train_fine(
        recipe, run.folder, data=run.data, bundle=_bundle(run), resume=run.resume,
        device=run.device, on_progress=on_progress,
    )  # fmt: skip
    return run.folder / "bundle"


def _bundle(run: Run) -> "Bundle":
    """The trained model that `--from` names."""
    from kinora.generate import load
    from kinora.models.bundle import Bundle
    from kinora.models.store import BASE

    if run.bundle is None:
        raise UsageError(
            "this recipe goes on from a trained model",
            remedy=f"Add --from {BASE}, or the folder of a bundle of yours",
        )
    model = load(run.bundle)
    if not isinstance(model, Bundle):
        raise UnsupportedError(f"{run.bundle} is no model of our own, only those can be taught")
    return model


def _judge(recipe: "JudgeRecipe", run: Run, on_progress: OnProgress) -> Path:
    from kinora.recipes.judge import train_judge

    train_judge(recipe, run.folder, data=run.data, resume=run.resume, on_progress=on_progress)
    return run.folder / "judge"


def recipe_named(name: str, assignments: list[str] | None) -> "Recipe":
    """The recipe with the words of `--set` applied; an unknown name or key is a `UsageError`."""
    if name not in RECIPES:
        raise UsageError(
            f"there is no recipe '{name}'", remedy=f"Name one of: {', '.join(RECIPES)}"
        )
    recipe: Any = getattr(import_module(RECIPES[name]), name)()
    changes = parse_assignments(assignments or ())
    made: Recipe = settle(type(recipe), merge(recipe.model_dump(mode="json"), changes))
    return made
