from kinora.caption.facts import Spot
from kinora.caption.happen import Happening, happenings

FPS = 8.0


def spot(frame: int, *, x: float = 0.5, y: float = 0.6, bites: int = 0) -> Spot:
    return Spot(frame, x, y, 0.1, 0.1, 0.9, bites=bites)


def told(spots: list[Spot], frames: int = 33) -> tuple[Happening, ...]:
    return happenings(spots, frames=frames, fps=FPS)


def test_what_stands_does_nothing_even_if_the_eye_trembles() -> None:
    assert told([spot(t, x=0.5 + 0.002 * (t % 2)) for t in range(33)]) == ()


def test_a_way_has_its_side_and_its_time() -> None:
    spots = [spot(t, x=0.2 + 0.02 * min(max(t - 8, 0), 16)) for t in range(33)]
    assert told(spots) == (Happening("moves right", 1.0, 3.0),)
    back = [spot(t, x=1 - each.x) for t, each in enumerate(spots)]
    assert told(back) == (Happening("moves left", 1.0, 3.0),)


def test_a_fall_ends_where_the_bounce_begins() -> None:
    down = [spot(t, y=0.1 + 0.008 * t * t) for t in range(9)]
    up = [spot(9 + t, y=0.612 - 0.04 * (t + 1)) for t in range(4)]
    rest = [spot(t, y=0.45) for t in range(13, 33)]
    assert told(down + up + rest) == (
        Happening("falls", 0.0, 1.0),
        Happening("bounces", 1.0, 1.0),
    )
    still = [spot(t, y=0.612) for t in range(9, 33)]
    assert [each.name for each in told(down + still)] == ["falls"]


def test_a_bite_has_its_moment_and_one_doubtful_frame_is_none() -> None:
    bitten = [spot(t, bites=int(t >= 16) + int(t >= 24)) for t in range(33)]
    assert told(bitten) == (Happening("is bitten", 2.0, 2.0), Happening("is bitten", 3.0, 3.0))
    doubtful = [spot(t, bites=int(t == 7)) for t in range(33)]
    assert told(doubtful) == ()


def test_what_was_bitten_before_the_film_was_not_bitten_in_it() -> None:
    assert told([spot(t, bites=1) for t in range(33)]) == ()


def test_a_thing_that_is_hidden_is_out_of_sight_for_that_time() -> None:
    seen = [spot(t) for t in range(33) if not 10 <= t < 18]
    assert told(seen) == (Happening("is out of sight", 1.25, 2.125),)
    late = [spot(t) for t in range(8, 33)]
    assert told(late) == (Happening("is out of sight", 0.0, 0.875),)
    assert told([]) == ()
