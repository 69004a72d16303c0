import numpy as np

from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Spot
from kinora.caption.peaks import Peak
from kinora.caption.track import described, follow


def peak(
    frame: int, x: float, *, kind: str, colour: str, sure: float = 0.9, y: float = 0.6
) -> Peak:
    said = {"kind": kind, "colour": colour}
    answers = {}
    for question, words in OF_A_THING.items():
        row = np.full(len(words), 0.1 / len(words), np.float32)
        row[words.index(said.get(question, words[0]))] += 0.9
        answers[question] = row
    spot = Spot(frame=frame, x=x, y=y, width=0.1, height=0.15, sure=sure)
    return Peak(spot=spot, answers=answers, feature=np.zeros(4, np.float32))


def test_things_that_cross_keep_their_identity() -> None:
    frames = [
        [
            peak(t, 0.1 + 0.8 * t / 16, kind="ball", colour="red"),
            peak(t, 0.9 - 0.8 * t / 16, kind="cube", colour="blue"),
        ]
        for t in range(17)
    ]
    tracks = [described(track, {}) for track in follow(frames)]
    assert sorted((t.kind, t.colour, t.heading, len(t.spots)) for t in tracks) == [
        ("ball", "red", "right", 17),
        ("cube", "blue", "left", 17),
    ]


def test_a_thing_that_is_hidden_for_a_while_is_still_the_same() -> None:
    frames = [
        [peak(t, 0.1 + 0.05 * t, kind="ring", colour="pink")] if not 6 <= t < 11 else []
        for t in range(17)
    ]
    (track,) = follow(frames)
    assert len(track) == 12


def test_what_flashes_up_once_is_an_error() -> None:
    frames = [[peak(t, 0.3, kind="cone", colour="green")] for t in range(20)]
    frames[7].append(peak(7, 0.9, kind="momo", colour="white"))
    assert len(follow(frames)) == 1


def test_one_doubtful_frame_does_not_change_the_answer() -> None:
    track = [peak(t, 0.3, kind="cone", colour="green") for t in range(6)]
    track[2] = peak(2, 0.3, kind="ball", colour="green", sure=0.55)
    thing = described(track, {})
    assert thing.kind == "cone"
    assert 0.5 < thing.answers["kind"].sure < 0.95
    assert thing.heading == "none"
