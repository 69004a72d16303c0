"""What training never sees. In: a scene. Out: whether a rule of `heldout.toml` holds it back."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from kinora.world.scene import Scene

Rule = Mapping[str, str]


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in the order of the file; each maps a fact of a scene to a word."""
    text = files("kinora.world").joinpath("heldout.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["rule"])


def is_held_out(scene: Scene) -> bool:
    """Whether any thing of the scene meets all words of any rule."""
    return any(
        all(words.get(key) == word for key, word in rule.items())
        for rule in rules()
        for words in _words(scene)
    )


def _words(scene: Scene) -> list[Rule]:
    """Per thing and happening, the facts a rule can name."""
    rows: list[Rule] = []
    for index, thing in enumerate(scene.things):
        names = {h.name for h in scene.happenings if h.actor == index} or {thing.stance}
        rows += [
            {
                "kind": thing.kind,
                "colour": thing.colour,
                "size": thing.size,
                "finish": thing.finish,
                "ground": scene.ground,
                "light": scene.light,
                "happening": name,
            }
            for name in sorted(names)
        ]
    return rows
