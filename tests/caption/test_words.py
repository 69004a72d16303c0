from dataclasses import replace

from kinora.caption.answers import OF_A_THING
from kinora.caption.facts import Answer, Seen, SeenShot, SeenThing, Spot
from kinora.caption.words import in_words


def thing(x0: float, x1: float, *, sure: float = 0.9, bites: int = 0, **words: str) -> SeenThing:
    answers = {q: Answer(words.get(q, choice[0]), sure) for q, choice in OF_A_THING.items()}
    ends = ((0, x0), (32, x1))
    spots = tuple(Spot(t, x, 0.6, 0.1, 0.1, 0.9, bites=bites) for t, x in ends)
    return SeenThing(answers=answers, spots=spots)


def seen(*things: SeenThing, light: float = 0.9) -> Seen:
    frames = {"ground": Answer("snow", 0.9), "light": Answer("night", light)}
    return Seen(frames=33, fps=8.0, of_frames=frames, things=things)


def test_a_sentence_names_things_motion_ground_and_light() -> None:
    told = in_words(seen(thing(0.1, 0.9, kind="cube", colour="orange"), thing(0.5, 0.5)))
    moving = "an orange cube moves to the right on snow at night"
    assert told.sentence == f"{moving}; there is also a red ball"
    assert told.tags == "orange cube, red ball, snow, night"


def test_what_is_unsure_stays_unsaid() -> None:
    told = in_words(seen(thing(0.5, 0.5, sure=0.4), light=0.4))
    assert told.sentence == "a thing on snow"
    assert "night" not in told.paragraph and "red" not in told.paragraph


def test_bites_are_told_and_brown_is_not() -> None:
    told = in_words(seen(thing(0.5, 0.5, kind="cookie", colour="brown", bites=2)))
    assert "2 bites taken out of it" in told.paragraph
    assert "brown" not in told.paragraph


def test_facts_as_json_name_unsure_answers_unknown() -> None:
    told = seen(thing(0.1, 0.9, sure=0.4)).as_json()
    assert told["things"][0]["colour"] == {"answer": "unknown", "sure": 0.4}
    assert told["things"][0]["heading"] == "right"
    assert told["ground"]["answer"] == "snow"


def test_nothing_known_is_said_to_be_nothing() -> None:
    assert in_words(seen()).sentence == "nothing that is known on snow at night"


def test_what_happens_is_told_with_its_second() -> None:
    falling = thing(0.5, 0.5, kind="ball", colour="red")
    spots = tuple(Spot(t, 0.5, 0.1 + 0.01 * max(0, t - 8) ** 2, 0.1, 0.1, 0.9) for t in range(16))
    told = in_words(seen(SeenThing(answers=falling.answers, spots=spots)))
    assert "at 1.0 seconds it falls." in told.paragraph
    assert "bitten" not in told.paragraph


def test_the_camera_is_told_at_every_length() -> None:
    pan = SeenShot(0, 33, Answer("pan left", 0.9))
    told = in_words(replace(seen(thing(0.5, 0.5)), shots=(pan,)))
    assert told.tags == "red ball, snow, night, pan left"
    assert told.sentence == "a red ball on snow at night, the camera pans left"
    assert told.paragraph.endswith("the camera pans left.")


def test_cuts_are_told_with_their_second_and_a_still_camera_only_at_length() -> None:
    first, second = SeenShot(0, 12, Answer("still", 0.9)), SeenShot(12, 33, Answer("still", 0.9))
    told = in_words(replace(seen(thing(0.5, 0.5)), shots=(first, second)))
    assert told.paragraph.endswith("the camera is still. at 1.5 seconds there is a cut.")
    assert "camera" not in told.sentence
    unsure = SeenShot(0, 33, Answer("rise", 0.4))
    assert "camera" not in in_words(replace(seen(thing(0.5, 0.5)), shots=(unsure,))).paragraph


def test_of_what_is_not_the_world_nothing_is_told() -> None:
    strange = replace(
        seen(thing(0.1, 0.9)), worldly=0.3, shots=(SeenShot(0, 33, Answer("rise", 1)),)
    )
    told = in_words(strange)
    assert told.tags == "unknown" and told.sentence == "nothing that is known"
    plain = strange.as_json()
    assert plain["ground"]["answer"] == plain["camera"]["answer"] == "unknown"
    assert plain["things"][0]["colour"] == {"answer": "unknown", "sure": 0.27}
