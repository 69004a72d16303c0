from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.state import state

FPS, FRAMES = 8.0, 8 * 8


def film(bitten: range, *, others: range = range(FRAMES)) -> Seen:
    """A cookie that shows a bite in some frames, and a Momo that is there in others."""

    def thing(kind: str, at: range) -> SeenThing:
        answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
        answers["kind"] = Answer(kind, 0.9)
        spots = tuple(Spot(t, 0.5, 0.5, 0.1, 0.1, 0.9, bites=int(t in bitten)) for t in at)
        return SeenThing(answers, spots)

    return Seen(FRAMES, FPS, {}, (thing("cookie", range(FRAMES)), thing("momo", others)))


def test_a_bite_that_stays_is_persistent() -> None:
    found = state([(film(range(16, FRAMES)), 2.0)], controls=[film(range(0))])
    assert (found.shown, found.others, found.control, found.persistence) == (1, 1, 1, 1)
    assert found.lasting == {1.0: 1.0, 5.0: 1.0}


def test_a_cookie_that_heals_is_caught() -> None:
    healing = film(range(16, 40))
    found = state([(healing, 2.0), (film(range(16, FRAMES)), 2.0)])
    assert found.lasting == {1.0: 1.0, 5.0: 0.5}
    assert found.persistence == 0.5


def test_a_thing_that_vanishes_beside_the_bite_counts_against_it() -> None:
    assert state([(film(range(16, FRAMES), others=range(20)), 2.0)]).others == 0


def test_the_control_catches_a_judge_that_sees_bites_everywhere() -> None:
    bite = (film(range(16, FRAMES)), 2.0)
    assert state([bite], controls=[film(range(3, FRAMES))]).control == 0
    # One frame is a slip of the eye.
    assert state([bite], controls=[film(range(5, 6))]).control == 1
