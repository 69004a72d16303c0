"""Settings come from five places in a fixed order, and a slip of the pen is told what was meant."""

from pathlib import Path
from typing import Annotated, Literal, Self

import pytest
from pydantic import Field, ValidationError, model_validator

from kinora.core.config import Config, gather, literal, merge, parse_assignments, read_toml, settle
from kinora.core.errors import NotFoundError, UsageError


class Optimizer(Config):
    rate: float = 1e-3
    decay: float = 0.0


class Run(Config):
    steps: int = 25
    size: str = "256x160"
    optimizer: Optimizer = Optimizer()


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A project folder inside a home; the user file says 1 step, the project file 2."""
    user = tmp_path / "config" / "kinora"
    user.mkdir(parents=True)
    (user / "kinora.toml").write_text('[run]\nsteps = 1\nsize = "32x32"\n')
    project = tmp_path / "project"
    (project / "deep").mkdir(parents=True)
    (project / "kinora.toml").write_text("[run]\nsteps = 2\n[other]\nanything = 1\n")
    return project / "deep", {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def test_precedence(places: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    deep, environ = places
    with_steps = environ | {"KINORA_STEPS": "3"}

    def steps(folder: Path, environ: dict[str, str], flag: int | None = None) -> int:
        flags = {"steps": flag}
        return gather(Run, section="run", flags=flags, environ=environ, folder=folder).steps

    assert steps(deep, {"XDG_CONFIG_HOME": str(tmp_path / "nowhere")}) == 2
    assert steps(tmp_path, environ) == 1
    assert steps(deep, environ) == 2
    assert steps(deep, with_steps) == 3
    assert steps(deep, with_steps, flag=4) == 4
    assert gather(Run, section="run", flags={}, environ=environ, folder=deep).size == "32x32"
    assert gather(Run, section="none", flags={}, environ=environ, folder=deep) == Run()


def test_assignments_reach_nested_settings(tmp_path: Path) -> None:
    run = gather(
        Run,
        section="run",
        flags={},
        assignments=["optimizer.rate=0.5", "size=64x64"],
        environ={"XDG_CONFIG_HOME": str(tmp_path)},
        folder=tmp_path,
    )
    assert run == Run(size="64x64", optimizer=Optimizer(rate=0.5))


def test_words_become_what_their_field_wants(tmp_path: Path) -> None:
    class Wish(Config):
        prompt: str = ""
        steps: int = 1
        loud: bool = False
        guidance: float | None = None

    environ = {
        "XDG_CONFIG_HOME": str(tmp_path),
        "KINORA_PROMPT": "2001",
        "KINORA_STEPS": "8",
        "KINORA_LOUD": "true",
    }
    wish = gather(
        Wish,
        section="wish",
        flags={},
        assignments=["guidance=3.5"],
        environ=environ,
        folder=tmp_path,
    )
    assert wish == Wish(prompt="2001", steps=8, loud=True, guidance=3.5)


@pytest.mark.parametrize("word", ["steps", "=3", "a..b=3"])
def test_a_word_that_assigns_nothing(word: str) -> None:
    with pytest.raises(UsageError, match="--set name=value"):
        parse_assignments([word])


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", "3"), ('"3"', "3"), ("[1, 2]", [1, 2]), ("{a = 1}", {"a": 1}), ("[1", "[1"), ("", "")],
)
def test_literal(text: str, value: object) -> None:
    assert literal(text) == value


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"stepps": 3}, "unknown setting 'stepps'. Did you mean steps?"),
        ({"optimizer": {"rat": 3}}, "'optimizer.rat'. Did you mean optimizer.rate?"),
        ({"qqq": 3}, "Known are: steps, size, optimizer"),
        ({"steps": "many"}, "steps = 'many' does not fit"),
    ],
)
def test_what_to_type_instead(values: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        settle(Run, values)
    assert says in caught.value.line()
    assert "\n" not in caught.value.line()


class Piece(Config):
    strength: Literal["mild", "strong"] | Annotated[float, Field(ge=0, le=1)] = "mild"
    width: int = Field(default=16, ge=16)
    height: int = Field(default=16, ge=16)


class Board(Config):
    strength: Literal["mild", "strong"] | Annotated[float, Field(ge=0, le=1)] = "mild"
    piece: tuple[Piece, ...] = ()


@pytest.mark.parametrize("value", ["2", 2, "odd"])
def test_a_field_of_several_types_says_them_all(value: object) -> None:
    for values, place in (
        ({"strength": value}, ""),
        ({"piece": [{"strength": value}]}, "piece.0."),
    ):
        with pytest.raises(UsageError) as caught:
            settle(Board, values)
        line = caught.value.line()
        assert f"{place}strength = {value!r} does not fit: " in line
        assert "'mild' or 'strong'; or: Input should be" in line
        assert "literal" not in line


def test_a_list_of_tables_knows_its_own_fields() -> None:
    with pytest.raises(UsageError, match=r"'piece\.1\.widht'\. Did you mean piece\.1\.width\?"):
        settle(Board, {"piece": [{}, {"widht": 3}]})
    with pytest.raises(UsageError, match=r"piece\.0\.width = 3 does not fit: [^;]*$"):
        settle(Board, {"piece": [{"width": 3, "height": 3}]})


def test_values_that_do_not_go_together_are_told_in_the_words_of_their_model() -> None:
    class Window(Config):
        start: int = 0
        stop: int = 1

        @model_validator(mode="after")
        def _in_order(self) -> Self:
            if self.start >= self.stop:
                raise ValueError("the window is empty")
            return self

    with pytest.raises(UsageError) as caught:
        settle(Window, {"start": 3})
    assert caught.value.line() == "the window is empty."


def test_what_is_wrong_is_told_before_what_is_missing() -> None:
    class Board(Config):
        seconds: float
        card: int = 0

    with pytest.raises(UsageError, match=r"unknown setting 'cards'\. Did you mean card\?"):
        settle(Board, {"cards": 1})
    with pytest.raises(UsageError, match="'seconds' is missing"):
        settle(Board, {"card": 1})


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Run().steps = 3  # type: ignore[misc]


def test_merge_leaves_its_arguments_alone() -> None:
    below, above = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merge(below, above) == {"a": {"b": 1, "c": 2}}
    assert (below, above) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_toml(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("steps = ")
    with pytest.raises(UsageError, match="not valid TOML"):
        read_toml(tmp_path / "bad.toml")
