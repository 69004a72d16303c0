from dataclasses import replace

import pytest

from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.ledger import Told, bites, understood, window
from kinora.prompt.vocabulary import load_vocabulary

WORDS = load_vocabulary()
FEAST = "orange momo bites a cookie on grass at noon"
REST = "orange momo stands still beside a cookie on grass at noon"


def thing(kind: str, colour: str, *, bitten: int = 0) -> SeenThing:
    answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
    answers |= {"kind": Answer(kind, 0.9), "colour": Answer(colour, 0.9)}
    spot = Spot(0, 0.5, 0.5, 0.1, 0.1, 0.9)
    return SeenThing(answers, (spot, replace(spot, frame=9, x=0.8, bites=bitten)))


def lasting(one: SeenThing) -> SeenThing:
    """The same, seen in every frame."""
    return replace(one, spots=tuple(replace(one.spots[0], frame=f) for f in range(10)))


def seen(*things: SeenThing) -> Seen:
    frames = {"ground": Answer("grass", 0.9), "light": Answer("noon", 0.9)}
    return Seen(10, 8.0, frames, things)


@pytest.mark.parametrize(
    ("prompt", "direction"),
    [
        ("a red ball rolls to the left on grass", "left"),
        ("a scarlet ball slides right past a blue cube", "right"),
        ("a red ball comes from the left", ""),
        ("a red box glides from right to left past a green cone", "left"),
        ("a red ball stands to the left of a cube", ""),
        ("a red ball on grass", ""),
    ],
)
def test_a_direction_is_only_promised_where_it_is_told(prompt: str, direction: str) -> None:
    assert understood(prompt, WORDS).direction == direction


def test_what_is_not_said_is_not_checked() -> None:
    told = [Told("a red ball rolls to the left", 0, 4)]
    entries = window(told, seen(thing("ball", "blue")), start=0, end=4, words=WORDS)
    assert [(e.name, e.wanted, e.found) for e in entries] == [
        ("thing", "ball", "ball"), ("colour", "red", "blue"), ("direction", "left", "right"),
        ("number of things", "1", "1"),
    ]  # fmt: skip


def test_no_more_things_may_last_than_were_told_so_far() -> None:
    def number(told: list[Told], *things: SeenThing) -> tuple[str, str]:
        entries = window(told, seen(*things), start=4, end=8, words=WORDS)
        return next((e.wanted, e.found) for e in entries if e.name == "number of things")

    ball, cube = thing("ball", "red"), thing("cube", "blue")
    fleeting = replace(ball, spots=ball.spots[:1])
    alone = [Told("a red ball on grass", 0, 8)]
    assert number(alone, ball) == ("1", "1")
    assert number(alone, lasting(ball), lasting(ball)) == ("1", "2")
    assert number(alone, lasting(ball), fleeting) == ("1", "1")
    later = [Told("a red ball on grass", 0, 4), Told("a blue cube", 4, 8)]
    assert number(later, lasting(ball), lasting(cube)) == ("2", "2")
    again = [Told("a red ball on grass", 0, 4), Told("the red ball rolls", 4, 8)]
    assert number(again, lasting(ball), lasting(ball)) == ("1", "2")


def test_where_nothing_is_told_of_things_none_are_counted() -> None:
    entries = window(
        [Told("grass at noon", 0, 4)], seen(thing("ball", "red")), start=0, end=4, words=WORDS
    )
    assert "number of things" not in [entry.name for entry in entries]


def test_a_direction_is_asked_for_in_the_first_window_of_its_prompt_alone() -> None:
    told = [Told("a red ball rolls to the right", 0, 8)]
    later = window(told, seen(thing("ball", "red")), start=4, end=8, words=WORDS)
    assert "direction" not in [entry.name for entry in later]


def test_a_bitten_cookie_must_not_heal_in_a_later_prompt() -> None:
    assert bites(FEAST, WORDS)
    assert not bites(REST, WORDS)
    told = [Told(REST, 0, 2), Told(FEAST, 2, 4), Told(REST, 4, 8)]
    healed, bitten = (
        seen(thing("momo", "orange"), thing("cookie", "brown", bitten=n)) for n in (0, 1)
    )

    def bite(film: Seen, start: float) -> list[bool]:
        entries = window(told, film, start=start, end=start + 2, words=WORDS)
        return [entry.kept for entry in entries if entry.name == "bite"]

    assert bite(healed, 0) == []
    assert bite(healed, 4) == [False]
    assert bite(bitten, 4) == [True]


def test_of_pictures_that_the_judge_does_not_know_nothing_is_said() -> None:
    told = [Told("a red ball on grass", 0, 4)]
    strange = replace(seen(thing("cube", "blue")), worldly=0.1)
    others = window(told, strange, start=0, end=4, words=WORDS, worldly=False)
    assert {entry.found for entry in others} == {"unknown"}
    assert not any(entry.broken for entry in others)
    assert any(e.broken for e in window(told, strange, start=0, end=4, words=WORDS))
