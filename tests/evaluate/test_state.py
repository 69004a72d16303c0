from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.state import state

FPS, FRAMES = 8.0, 8 * 8
MOMO = [("momo", OF_A_THING["colour"][0])]


def film(bitten: range, *, others: range = range(FRAMES)) -> Seen:
    """A cookie that shows a bite in some frames, and a Momo that is there in others."""

    def thing(kind: str, at: range) -> SeenThing:
        answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
        answers["kind"] = Answer(kind, 0.9)
        spots = tuple(Spot(t, 0.5, 0.5, 0.1, 0.1, 0.9, bites=int(t in bitten)) for t in at)
        return SeenThing(answers, spots)

    return Seen(
        FRAMES,
        FPS,
        {},
        tuple(thing(kind, at) for kind, at in (("cookie", range(FRAMES)), ("momo", others)) if at),
    )


def test_a_bite_that_stays_is_persistent() -> None:
    found = state([(film(range(16, FRAMES)), 2.0)], controls=[film(range(0))], others=MOMO)
    assert (found.shown, found.others, found.control, found.persistence) == (1, 1, 1, 1)
    assert found.lasting == {1.0: 1.0, 5.0: 1.0}


def test_a_cookie_that_heals_is_caught() -> None:
    healing = film(range(16, 40))
    found = state([(healing, 2.0), (film(range(16, FRAMES)), 2.0)], others=MOMO)
    assert found.lasting == {1.0: 1.0, 5.0: 0.5}
    assert found.persistence == 0.5


def test_a_thing_that_vanishes_beside_the_bite_counts_against_it() -> None:
    def others(at: range) -> float:
        return state([(film(range(16, FRAMES), others=at), 2.0)], others=MOMO).others

    assert others(range(FRAMES)) == 1
    assert others(range(20)) == 0
    assert others(range(0)) == 0


def test_a_thing_that_becomes_another_counts_against_it() -> None:
    seen = film(range(16, FRAMES))
    assert state([(seen, 2.0)], others=[("ball", MOMO[0][1])]).others == 0
    assert state([(seen, 2.0)], others=[]).others == 0


def test_the_control_catches_a_judge_that_sees_bites_everywhere() -> None:
    bite = (film(range(16, FRAMES)), 2.0)
    assert state([bite], controls=[film(range(3, FRAMES))], others=MOMO).control == 0
    # One frame is a slip of the eye.
    assert state([bite], controls=[film(range(5, 6))], others=MOMO).control == 1
