"""Does a character stay itself? In: a model. Out: how often its colour, hat and size are right, shot after shot.

    python benchmarks/characters.py [MODEL] [--characters 20] [--seconds 2] [--steps N] [--seed 0]

Every character is a Momo with random looks, known by a portrait; it is filmed on three grounds in three lights.
`shown` looks at the portrait while the words only say "momo"; `shown and told` hears its looks too; `told` hears
them and sees no portrait; `neither` is what chance gives. `same in all` counts characters whose colour and hat are
those of the portrait in every shot. The judge on the portraits themselves bounds what can be measured.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from kinora.caption.facts import Seen, SeenThing
from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.core.seed import derive
from kinora.denoise.model import FilmModel
from kinora.generate import Request, generate, load
from kinora.models.store import DEFAULT
from kinora.timeline.characters import Character, Company, reference
from kinora.world.mix import Mix
from kinora.world.portrait import portrait
from kinora.world.sample import sample_scene
from kinora.world.scene import Thing

NAME = "mia"
SHOTS = (
    f"{NAME} hops to the right on grass at noon",
    f"{NAME} turns on sand at sunset",
    f"{NAME} stands still on snow at night",
)
ASKED = ("kind", "colour", "hat", "size")
MIX = Mix(max_things=1, kinds=("momo",), hats=0.5)


@dataclass(frozen=True)
class Arm:
    """Whether the film looks at the portrait, and whether it hears the looks."""

    name: str
    shown: bool
    told: bool


ARMS = (
    Arm("shown", shown=True, told=False),
    Arm("shown and told", shown=True, told=True),
    Arm("told", shown=False, told=True),
    Arm("neither", shown=False, told=False),
)


def sitters(count: int, *, seed: int, height: int, width: int) -> Iterator[tuple[Thing, Clip]]:
    """Momos and their portraits."""
    for number in range(count):
        scene = sample_scene(derive(seed, "characters", number), mix=MIX, frames=1)
        found = portrait(scene, width=width, height=height)
        yield found.scene.things[0], Clip(found.frames, 1.0)


def words(thing: Thing, *, told: bool) -> str:
    """What stands in the prompt for the name."""
    hat = f" with a {thing.hat} hat" if thing.hat else ""
    return f"{thing.size} {thing.colour} {thing.kind}{hat}" if told else thing.kind


def shot(
    model: FilmModel, prompt: str, who: Character, arm: Arm, given: argparse.Namespace
) -> Clip:
    """A film of somebody."""
    likes = model.capabilities
    heard, _ = Company((who,)).cast(prompt)
    looked = (who,) if arm.shown else ()
    wish = Request(
        (heard,), seconds=given.seconds, seed=given.seed, steps=given.steps,
        conditions=reference(model, looked, height=likes.height, width=likes.width),
    )  # fmt: skip
    return generate(model, wish).clip


def right(seen: Seen, thing: Thing) -> dict[str, bool]:
    """Which looks the most seen Momo shares with the character; none where there is no Momo."""
    momos = [each for each in seen.things if each.kind == "momo"]
    if not momos:
        return dict.fromkeys(ASKED, False)
    momo: SeenThing = max(momos, key=lambda each: len(each.spots))
    looks = {"kind": "momo", "colour": thing.colour, "hat": thing.hat or "none", "size": thing.size}
    return {name: momo.answers[name].word == looks[name] for name in ASKED}


def line(name: str, rows: list[list[dict[str, bool]]]) -> str:
    """A row of the table; `rows` holds the shots of every character."""
    shots = [each for row in rows for each in row]
    shares = [f"{sum(each[asked] for each in shots) / len(shots):.0%}" for asked in ASKED]
    same = sum(all(each["colour"] and each["hat"] for each in row) for row in rows) / len(rows)
    return f"| {name} | {' | '.join(shares)} | {same:.0%} |"


def watched(judge: Judge, clip: Clip, thing: Thing) -> dict[str, bool]:
    return right(judge.see(clip), thing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT)
    parser.add_argument("--characters", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    model, judge = load(given.model), load_judge()
    likes = model.capabilities
    found = list(sitters(given.characters, seed=given.seed, height=likes.height, width=likes.width))
    print(
        f"| {len(found)} characters | {' | '.join(ASKED)} | same in all |\n|---|---|---|---|---|---|"
    )
    print(line("the portraits", [[watched(judge, picture, thing)] for thing, picture in found]))
    for arm in ARMS:
        rows = []
        for thing, picture in found:
            who = Character(NAME, words(thing, told=arm.told), picture)
            films = [shot(model, prompt, who, arm, given) for prompt in SHOTS]
            rows.append([watched(judge, film, thing) for film in films])
        print(line(arm.name, rows), flush=True)


if __name__ == "__main__":
    main()
