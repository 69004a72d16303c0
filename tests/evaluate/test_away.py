"""Out of the picture and back: the staging is true to geometry, and the world's own film passes."""

import numpy as np
import pytest

from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.caption.judge import load_judge
from kinora.core.clip import Clip
from kinora.evaluate.away import BACK, GIVEN, NEW, TURN, Turn, away_rows, turns
from kinora.evaluate.away import _back as back
from kinora.evaluate.onward import WITHOUT, Wish
from kinora.evaluate.placing import LAST, NEAR
from kinora.evaluate.staged import trait
from kinora.world.render import Ids
from kinora.world.shot import REACH
from tiny import tiny_bundle

COUNT = 6


@pytest.fixture(scope="module")
def played() -> list[tuple[Turn, Clip, Ids]]:
    """A few scenes and what the world shows of them, small."""
    return [(turn, *turn.play(width=128, height=80)) for turn in turns(COUNT)]


def test_the_thing_is_there_then_gone_then_there_again(
    played: list[tuple[Turn, Clip, Ids]],
) -> None:
    for turn, film, ids in played:
        area = (ids == turn.number + 2).mean((1, 2))
        assert len(film) == GIVEN + NEW == 2 * TURN + 1
        assert area[0] > 0.005 and area[TURN // 2] and not area[TURN - 4 : GIVEN].any()
        assert np.array_equal(film.frames[0], film.frames[-1])
        rows, columns = np.nonzero(ids[-1] == turn.number + 2)
        seen = ((columns.mean() + 0.5) / 128, (rows.mean() + 0.5) / 80)
        assert np.abs(np.subtract(seen, turn.place)).max() < NEAR / 2


def test_words_say_what_the_camera_does(played: list[tuple[Turn, Clip, Ids]]) -> None:
    for turn, _, ids in played:
        camera = turn.scene.camera
        # A pan of the world's own reach, and a third beyond it.
        assert abs(camera.amount) * NEW / TURN <= max(map(abs, REACH[camera.move]))
        there, again = turn.prompts
        assert there.endswith(camera.move.replace("pan", "the camera pans"))
        assert again.endswith(BACK[camera.move].replace("pan", "the camera pans"))
        # By a pan to the right a thing goes to the left, until it leaves there.
        columns = [np.nonzero(ids[t] == turn.number + 2)[1].mean() for t in (0, TURN // 3)]
        assert (columns[1] < columns[0]) == (camera.move == "pan right")
    assert {turn.scene.camera.move for turn, _, _ in played} == set(BACK)


def test_it_must_be_itself_at_the_end_and_in_its_place() -> None:
    (turn,) = turns(1)
    kind, colour = trait(turn.leaver)
    x, y = turn.place

    def numbers(at: float = x, *, colour: str = colour, before: int = 0) -> list[float]:
        answers = {"kind": Answer(kind, 1.0), "colour": Answer(colour, 1.0)}
        spot = Spot(NEW - 1 - before, at, y, 0.1, 0.1, 1.0)
        return [*back(turn, Seen(NEW, 8.0, {}, (SeenThing(answers, (spot,)),)), "").values()]

    assert numbers() == [1.0, 1.0]
    assert numbers(x + 2 * NEAR) == [1.0, 0.0]
    assert numbers(colour="no colour") == numbers(before=LAST + 1) == [0.0, 0.0]


def test_the_worlds_own_film_brings_it_back_and_one_that_stays_away_does_not() -> None:
    (turn,) = turns(1)
    film, _ = turn.play(width=256, height=160)
    judge = load_judge()
    ends, away = film.frames[-8:], film.frames[GIVEN - 4 : GIVEN]
    assert [*back(turn, judge.see(Clip(ends, film.fps)), "").values()] == [1.0, 1.0]
    assert [*back(turn, judge.see(Clip(away, film.fps)), "").values()] == [0.0, 0.0]


def test_noise_brings_nothing_back() -> None:
    rows = [*away_rows(tiny_bundle(), load_judge(), count=1, wish=Wish(steps=1))]
    names = ["back in the picture", "back in its place"]
    floors = [f"{name}, parse floor" for name in names]
    assert [[*row.numbers] for row in rows] == [names + floors, [name + WITHOUT for name in names]]
    for row in rows:
        assert not any(value for name, value in row.numbers.items() if name not in floors)
