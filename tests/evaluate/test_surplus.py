from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.promise import Promise, PromisedThing
from kinora.evaluate.surplus import surplus

PROMISE = Promise(
    prompt="a red ball on grass", things=(PromisedThing(kind="ball", colour="red"),),
    ground="grass", light="noon", direction="", scene="{}",
)  # fmt: skip


def thing(frames: int) -> SeenThing:
    answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
    return SeenThing(answers, tuple(Spot(t, 0.5, 0.5, 0.1, 0.1, 0.9) for t in range(frames)))


def film(*lasting: int) -> Seen:
    frames = {"ground": Answer("grass", 0.9), "light": Answer("noon", 0.9)}
    return Seen(32, 8.0, frames, tuple(map(thing, lasting)))


def test_a_second_thing_that_lasts_is_one_too_many() -> None:
    assert surplus(PROMISE, film(32)) == 0
    assert surplus(PROMISE, film(32, 30)) == 1
    assert surplus(PROMISE, film(32, 30, 16)) == 2


def test_what_is_lost_and_found_again_is_not_two() -> None:
    assert surplus(PROMISE, film(20, 12)) == 0
    assert surplus(PROMISE, film(5, 6, 7)) == 0


def test_a_missing_thing_is_no_surplus() -> None:
    assert surplus(PROMISE, film()) == 0
