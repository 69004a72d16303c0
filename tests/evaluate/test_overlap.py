from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.overlap import overlap
from kinora.evaluate.views import view_agreement


def thing(kind: str, *xs: float, size: float = 0.2) -> SeenThing:
    answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
    answers |= {"kind": Answer(kind, 0.9)}
    return SeenThing(answers, tuple(Spot(t, x, 0.5, size, size, 0.9) for t, x in enumerate(xs)))


def seen(*things: SeenThing, frames: int = 2, ground: str = "grass") -> Seen:
    return Seen(frames, 8.0, {"ground": Answer(ground, 1), "light": Answer("noon", 1)}, things)


def test_things_that_touch_do_not_overlap() -> None:
    assert overlap(seen(thing("ball", 0.3, 0.3), thing("cube", 0.5, 0.5))) < 1e-9


def test_a_thing_half_in_another_overlaps_by_half_of_it() -> None:
    found = overlap(seen(thing("ball", 0.5, 0.9), thing("cube", 0.4, 0.4, size=0.2)))
    assert abs(found - 0.5 / 2) < 1e-9  # in one of two frames


def test_one_thing_alone_overlaps_nothing() -> None:
    assert overlap(seen(thing("ball", 0.5, 0.5))) == 0


def test_views_agree_by_what_they_share() -> None:
    ball, cube = thing("ball", 0.5), thing("cube", 0.2)
    both = seen(ball, cube)
    assert view_agreement([both]) == 1
    assert view_agreement([both, seen(cube, ball)]) == 1
    assert view_agreement([both, seen(ball)]) == 3 / 4
    assert view_agreement([both, seen(ball, cube, ground="sand")]) == 3 / 5
