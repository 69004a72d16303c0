from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.adherence import score, verdict
from kinora.evaluate.promise import Promise, PromisedThing


def thing(kind: str, colour: str, x0: float = 0.5, x1: float = 0.5) -> SeenThing:
    answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
    answers |= {"kind": Answer(kind, 0.4), "colour": Answer(colour, 0.4)}
    spots = (Spot(0, x0, 0.5, 0.1, 0.1, 0.9), Spot(32, x1, 0.5, 0.1, 0.1, 0.9))
    return SeenThing(answers, spots)


def seen(*things: SeenThing, ground: str = "grass", light: str = "noon") -> Seen:
    frames = {"ground": Answer(ground, 0.9), "light": Answer(light, 0.9)}
    return Seen(33, 8.0, frames, things)


def promise(*things: tuple[str, str], direction: str = "") -> Promise:
    named = tuple(PromisedThing(kind=kind, colour=colour) for kind, colour in things)
    return Promise(
        prompt="p", things=named, ground="grass", light="noon", direction=direction, scene="{}"
    )


def test_a_kept_promise_is_whole_however_unsure_the_judge_is() -> None:
    found = verdict(
        promise(("ball", "red"), direction="right"), seen(thing("ball", "red", 0.1, 0.8))
    )
    assert found.whole and found.recognisable
    assert [fact.name for fact in found.facts] == [
        "thing",
        "colour",
        "ground",
        "light",
        "direction",
    ]


def test_each_wrong_fact_is_counted_once() -> None:
    found = verdict(
        promise(("ball", "red"), direction="right"),
        seen(thing("ball", "blue", 0.8, 0.1), ground="sand"),
    )
    wrong = [(fact.name, fact.wanted, fact.found) for fact in found.facts if not fact.right]
    assert wrong == [
        ("colour", "red", "blue"), ("ground", "grass", "sand"), ("direction", "right", "left"),
    ]  # fmt: skip
    assert not found.recognisable


def test_things_are_matched_in_the_way_that_keeps_most() -> None:
    film = seen(thing("cube", "blue"), thing("ball", "red", 0.9, 0.1), thing("cone", "pink"))
    assert verdict(promise(("ball", "red"), ("cube", "blue"), direction="left"), film).whole


def test_a_missing_thing_costs_its_kind_and_its_colour() -> None:
    found = verdict(promise(("ball", "red"), ("cube", "blue")), seen(thing("cube", "blue")))
    assert [fact.right for fact in found.facts] == [False, False, True, True, True, True]
    assert found.recognisable and not found.whole


def test_a_score_is_the_share_of_facts_prompts_and_films() -> None:
    good = verdict(promise(("ball", "red")), seen(thing("ball", "red")))
    bad = verdict(promise(("ball", "red")), seen(light="night"))
    total = score([good, bad])
    assert (total.facts, total.whole, total.recognisable) == (5 / 8, 0.5, 0.5)
    assert total.by_name == {"thing": 0.5, "colour": 0.5, "ground": 1.0, "light": 0.5}
