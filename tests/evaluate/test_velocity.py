import numpy as np

from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.velocity import nearest, velocity_error

FPS = 8.0
WAY = np.stack([np.linspace(0.1, 0.9, 33), np.full(33, 0.6)], axis=1)


def spots(way: np.ndarray, at: range = range(33)) -> tuple[Spot, ...]:
    return tuple(Spot(t, float(way[t, 0]), float(way[t, 1]), 0.1, 0.1, 0.9) for t in at)


def test_the_true_way_has_no_error_wherever_it_lies() -> None:
    found = velocity_error(spots(WAY + 0.05), WAY, fps=FPS)
    assert found["velocity error"] < 1e-9
    assert found["thing followed"] == 1


def test_standing_still_is_wrong_by_the_whole_speed() -> None:
    still = np.repeat(WAY[:1], 33, axis=0)
    found = velocity_error(spots(still), WAY, fps=FPS)
    assert abs(found["velocity error"] - 0.8 / 32 * FPS) < 1e-9


def test_frames_in_which_the_thing_is_hidden_do_not_count_and_are_told() -> None:
    seen = spots(WAY, range(10)) + spots(WAY + 0.3, range(20, 33))
    found = velocity_error(seen, WAY, fps=FPS)
    assert found["velocity error"] < 1e-9
    assert found["thing followed"] == 21 / 32
    assert velocity_error(seen[:1], WAY, fps=FPS) == {"thing followed": 0}


def test_given_frames_are_nobodys_merit() -> None:
    stops = np.concatenate([WAY[:5], np.repeat(WAY[4:5], 28, axis=0)])
    found = velocity_error(spots(stops), WAY, fps=FPS, first=4)
    assert abs(found["velocity error"] - 0.8 / 32 * FPS) < 1e-9
    assert found["thing followed"] == 1


def test_the_thing_on_the_true_way_is_picked() -> None:
    answers = {q: Answer(words[0], 1.0) for q, words in OF_A_THING.items()}
    other = SeenThing(answers, spots(np.full((33, 2), 0.5)))
    mine = SeenThing(answers, spots(WAY + 0.02))
    assert nearest(Seen(33, FPS, {}, (other, mine)), WAY) is mine
    assert nearest(Seen(33, FPS, {}, ()), WAY) is None
