"""The documentation says what is there: every verb, option, exit code, variable and file."""

import importlib
import pkgutil
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import kinora
from kinora.cli.main import VERBS, application
from kinora.core import errors
from kinora.core.config import Config

VARIABLE = re.compile(r"\bKINORA_[A-Z][A-Z0-9_]*\b")
LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def reference(root: Path) -> str:
    """The page `docs/cli.md`."""
    return (root / "docs" / "cli.md").read_text()


def section(reference: str, verb: str) -> str:
    """What the page says under the heading of a verb."""
    match = re.search(rf"^### kinora {verb}$(.*?)(?=^### |^## |\Z)", reference, re.M | re.S)
    assert match, f"docs/cli.md has no section 'kinora {verb}'"
    return match[1]


def options(command: Any) -> Iterator[str]:
    """The long options of a command and of the commands below it."""
    for parameter in command.params:
        yield from (name for name in parameter.opts if name.startswith("--"))
    for below in getattr(command, "commands", {}).values():
        yield from options(below)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option(verb: str, reference: str) -> None:
    said = section(reference, verb)
    command: Any = typer.main.get_command(application(verb))
    below = command.commands[verb]
    for name in getattr(below, "commands", {}):
        assert f"kinora {verb} {name}" in said, f"kinora {verb} {name} is not in docs/cli.md"
    for option in set(options(below)) - {"--help"}:
        assert f"`{option}" in reference or f"[{option}" in said, f"{option} is not in docs/cli.md"


def test_every_shared_option_is_on_a_verb(reference: str) -> None:
    """What the page promises of all verbs, at least one keeps."""
    table = reference.partition("## Conventions")[2].partition("A verb takes those")[0]
    told = set(
        re.findall(r"`(--[a-z-]+)[^`]*`", "".join(re.findall(r"^\| (`.*?) \|", table, re.M)))
    )
    assert len(told) > 7, "the table is read"
    commands: Any = [typer.main.get_command(application(verb)) for verb in VERBS]
    there = {
        option
        for command, verb in zip(commands, VERBS, strict=True)
        for option in options(command.commands[verb])
    }
    assert told - there <= {"--help"}


def test_no_verb_that_is_not_there(reference: str) -> None:
    told = re.findall(r"^### kinora (\S+)$", reference, re.M)
    assert told == list(VERBS)


def shown(root: Path) -> Iterator[tuple[str, str]]:
    """Every command of ours in a block of code, or whole in a cell of a table: the page and the line."""
    pages = (root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md")))
    for page in pages:
        text = page.read_text()
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
        lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
        typed = [part for line in lines for part in re.split(r"&&|\|", line)]
        cells = re.findall(r"(?<=\| )`(kinora [^`]+)`(?= \|)", text)
        for line in (*typed, *cells):
            if re.match(r"\s*(\$ )?kinora [a-z]", line):
                yield page.name, line.strip().removeprefix("$ ")


def test_every_command_that_is_shown_can_be_typed(root: Path) -> None:
    """Verbs, options and their values are understood; nothing is run."""
    found = list(shown(root))
    assert len(found) > 40, "the pages show commands"
    wrong = []
    for page, line in found:
        verb, *words = shlex.split(line, comments=True)[1:]
        try:
            group: Any = typer.main.get_command(application(verb))
            command = group.commands[verb]
            context = command.make_context(verb, list(words))
            if below := getattr(command, "commands", None):
                name, *rest = [*context._protected_args, *context.args]
                below[name].make_context(name, rest)
        except Exception as error:
            wrong.append(f"{page}: {line}: {error!r}")
    assert not wrong, "\n".join(wrong)


def test_every_exit_code(reference: str) -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    codes = {each.exit_code for each in kinds if issubclass(each, errors.KinoraError)}
    for code in codes | {0, 130}:
        assert re.search(rf"^\| {code} \|", reference, re.M), f"exit code {code}"


def test_every_environment_variable(root: Path, reference: str) -> None:
    folders = (root / each for each in ("src", "scripts", "benchmarks", "runs", ".ci"))
    files = [path for folder in folders for path in folder.rglob("*")]
    read = {
        name
        for path in [*files, root / "tests" / "conftest.py"]
        if path.is_file() and path.suffix in {".py", ".sh", ""}
        for name in VARIABLE.findall(path.read_text(errors="replace"))
    }
    assert "KINORA_DEBUG" in read
    settings = {f"KINORA_{field.upper()}" for field in _setting_names()}
    missing = sorted(name for name in read - settings - EXAMPLES if f"`{name}`" not in reference)
    assert not missing, f"not in docs/cli.md: {missing}"


EXAMPLES = {"KINORA_STEPS"}
"""Variables that stand for any setting in a docstring."""


def _setting_names() -> set[str]:
    """The fields of every settings model; the page covers them with `KINORA_<NAME>`."""
    for module in pkgutil.walk_packages(kinora.__path__, "kinora."):
        if module.name.startswith("kinora.cli."):
            importlib.import_module(module.name)
    return {field for model in Config.__subclasses__() for field in model.model_fields}


@pytest.mark.parametrize(
    "page",
    ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs"],
)
def test_links_lead_somewhere(page: str, root: Path) -> None:
    start = root / page
    pages = sorted(start.rglob("*.md")) if start.is_dir() else [start]
    for each in pages:
        for target in LINK.findall(each.read_text()):
            if "://" not in target:
                assert (each.parent / target).exists(), f"{each.name} links to {target}"


def test_the_path_visits_every_folder(root: Path) -> None:
    path = (root / "docs" / "path.md").read_text()
    for init in sorted((root / "src" / "kinora").glob("*/__init__.py")):
        assert f"src/kinora/{init.parent.name}/" in path, f"docs/path.md passes by {init.parent}"


def test_one_version(root: Path) -> None:
    assert f"version: {kinora.__version__}\n" in (root / "CITATION.cff").read_text()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["dynamic"] == ["version"]


def test_every_page_is_in_the_contents(root: Path) -> None:
    contents = (root / "zensical.toml").read_text()
    for page in sorted((root / "docs").rglob("*.md")):
        assert f'"{page.relative_to(root / "docs")}"' in contents, page


def test_every_requirement_is_pinned(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = [re.split(r"[<>=\[; ]", each)[0] for group in groups for each in group]
    names = {each.replace("_", "-").lower() for each in wanted}
    pins = (root / "constraints.txt").read_text().lower().replace("_", "-")
    for name in sorted(names - {"kinora"}):
        assert re.search(rf"^{re.escape(name)}==", pins, re.M), f"{name} is not in constraints.txt"
