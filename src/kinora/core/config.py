"""Settings as frozen values. In: flags, environment, TOML. Out: a valid model, or what to type.

Precedence: flag, environment `KINORA_*`, project file `kinora.toml`, user file, default. The same
models validate recipes, the command line, files and HTTP.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from kinora.core.errors import NotFoundError, UsageError

FILE_NAME = "kinora.toml"
PREFIX = "KINORA_"

Values = Mapping[str, Any]


class Config(BaseModel):
    """The base of every settings model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


C = TypeVar("C", bound=Config)


def settle(model: type[C], *layers: Values) -> C:
    """Validate the merged layers.

    Args:
        model: what the settings must fit.
        layers: plain mappings, the strongest last; nested mappings are merged key by key.

    Raises:
        UsageError: for an unknown key (names the nearest one) or a value that does not fit.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        values = merge(values, layer)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _explain(model, error) from error


def gather(
    model: type[C],
    *,
    section: str,
    flags: Values,
    assignments: Iterable[str] = (),
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> C:
    """The settings of one verb from everywhere they may be given.

    Args:
        model: what the settings must fit.
        section: the table of `kinora.toml` that is read, usually the verb.
        flags: what was typed; an entry that is `None` was not typed.
        assignments: `a.b=c` words of `--set`, as strong as flags.
        environ: the environment; `KINORA_STEPS` sets the field `steps`.
        folder: where the search for the project file starts, the working folder by default.
    """
    typed = {key: value for key, value in flags.items() if value is not None}
    files = [table(path, section=section) for path in config_files(environ, folder=folder)]
    from_environ = environment(model, environ=environ)
    return settle(model, *files, from_environ, typed, parse_assignments(assignments))


def config_files(environ: Mapping[str, str], *, folder: Path | None = None) -> list[Path]:
    """The user's file and the nearest project file at or above `folder`, the weaker first."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kinora" / FILE_NAME
    start = (folder or Path.cwd()).resolve()
    project = (each / FILE_NAME for each in (start, *start.parents))
    nearest = next((path for path in project if path.is_file()), None)
    return [path for path in (home, nearest) if path is not None and path.is_file()]


def table(path: Path, *, section: str) -> Values:
    """One table of a TOML file, empty if it has none of that name."""
    values = read_toml(path).get(section, {})
    if not isinstance(values, dict):
        raise UsageError(f"[{section}] in {path} is not a table")
    return values


def read_toml(path: Path) -> dict[str, Any]:
    """A whole TOML file; raises `NotFoundError` or, where it is not TOML, `UsageError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFoundError(f"cannot read {path}", why=error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML", why=str(error)) from error


def environment(model: type[Config], *, environ: Mapping[str, str]) -> Values:
    """The fields of `model` that a variable `KINORA_<FIELD>` sets."""
    named = {field: f"{PREFIX}{field.upper()}" for field in model.model_fields}
    return {field: literal(environ[name]) for field, name in named.items() if environ.get(name)}


def parse_assignments(assignments: Iterable[str]) -> Values:
    """`["a.b=3"]` -> `{"a": {"b": 3}}`; raises `UsageError` for a word without a key or `=`."""
    values: Values = {}
    for word in assignments:
        name, equals, text = word.partition("=")
        keys = name.strip().split(".")
        if not equals or not all(keys):
            raise UsageError(f"'{word}' is not an assignment", remedy="Write --set name=value")
        nested: Any = literal(text)
        for key in reversed(keys):
            nested = {key: nested}
        values = merge(values, nested)
    return values


def literal(text: str) -> Any:
    """A list, table or quoted string as TOML spells it, else the text itself.

    Numbers and truths stay text: the model knows which of its fields want one.
    """
    if not text.lstrip().startswith(("[", "{", '"', "'")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def merge(below: Values, above: Values) -> dict[str, Any]:
    """A new mapping in which `above` wins; mappings on both sides are merged in turn."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(under, value) if both else value  # type: ignore[arg-type]
    return merged


def _explain(model: type[Config], error: ValidationError) -> UsageError:
    # What was typed wrongly is told before what is therefore missing.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    if first["type"] == "value_error" and not first["loc"]:
        return UsageError(str(first["ctx"]["error"]))
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return UsageError(f"'{path}' is missing")
    if first["type"] != "extra_forbidden":
        place, why = _complaint(model, error)
        path = ".".join(str(part) for part in place)
        return UsageError(f"{path or 'the settings'} = {first['input']!r} does not fit", why=why)
    known = list(_fields_beside(model, first["loc"]))
    unknown = str(first["loc"][-1])
    near = difflib.get_close_matches(unknown, known, n=1, cutoff=0.5)
    parent = path[: len(path) - len(unknown)]
    remedy = f"Did you mean {parent}{near[0]}?" if near else f"Known are: {', '.join(known)}"
    return UsageError(f"unknown setting '{path}'", remedy=remedy)


def _complaint(model: type[Config], error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Where the first value stands that does not fit, and everything that it might have been instead."""
    first, *others = error.errors()
    place, last = first["loc"][:-1], first["loc"][-1] if first["loc"] else ""
    # Where a field takes one of several types, every one complains under a name of its own.
    if isinstance(last, int) or not place or last in _fields_beside(model, first["loc"]):
        return first["loc"], first["msg"]
    same = [other["msg"] for other in others if other["loc"][:-1] == place]
    return place, "; or: ".join((first["msg"], *same))


def _fields_beside(
    model: type[BaseModel], location: tuple[str | int, ...]
) -> Mapping[str, FieldInfo]:
    """The fields of the model in which the last part of `location` was looked up."""
    fields: Mapping[str, FieldInfo] = model.model_fields
    for part in location[:-1]:
        inner = _model_in(fields[str(part)].annotation) if part in fields else None
        fields = fields if inner is None else inner.model_fields
    return fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first settings model that an annotation speaks of, as `Card` in `tuple[Card, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
