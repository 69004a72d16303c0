from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.evaluate.identity import identity


def shot(*names: str) -> Seen:
    things = []
    for name in names:
        colour, kind = name.split()
        answers = {q: Answer(words[0], 0.9) for q, words in OF_A_THING.items()}
        answers |= {"kind": Answer(kind, 0.9), "colour": Answer(colour, 0.9)}
        things.append(SeenThing(answers, (Spot(0, 0.5, 0.5, 0.1, 0.1, 0.9),)))
    return Seen(1, 8.0, {}, tuple(things))


def test_things_that_stay_themselves() -> None:
    assert identity([shot("red ball", "blue cube"), shot("blue cube", "red ball")]) == 1.0


def test_a_thing_that_changes_in_a_later_shot_is_lost() -> None:
    shots = [shot("red ball", "blue cube"), shot("red ball", "blue cube"), shot("red ball")]
    assert identity(shots) == 0.5
    assert identity([shot("red ball"), shot("red cone")]) == 0.0


def test_one_thing_cannot_stand_for_two() -> None:
    assert identity([shot("red ball", "red ball"), shot("red ball")]) == 0.5
