"""Stories: one shot a sentence; what was established holds."""

import pytest

from kinora.core.errors import UsageError
from kinora.prompt.storyboard import storyboard

STORY = "A small momo with a yellow hat stands on snow. It hops right! Meanwhile a red ball falls."


def test_things_keep_their_looks_and_the_place_stays() -> None:
    shots = storyboard(STORY).shots
    assert len(shots) == 3
    assert all("on snow" in shot.prompt and "a yellow hat" in shot.prompt for shot in shots)
    assert "hops right" in shots[1].prompt and "stands" not in shots[1].prompt
    assert "the red ball falls from above" in shots[2].prompt


def test_cuts_change_the_view() -> None:
    shots = storyboard(STORY).shots
    assert [(shot.enter, shot.view) for shot in shots] == [("cut", 0), ("flow", 0), ("cut", 1)]


def test_after_the_last_camera_comes_the_first() -> None:
    story = "A red ball stands on snow." + " Later it falls." * 6
    assert [shot.view for shot in storyboard(story).shots] == [0, 1, 2, 3, 4, 0, 1]


def test_the_film_is_as_long_as_asked() -> None:
    assert sum(shot.seconds for shot in storyboard(STORY, seconds=60).shots) == pytest.approx(60)


def test_a_story_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="names nothing"):
        storyboard("Once upon a time. They lived happily.")


def test_words_that_cut_are_understood_as_whole_words() -> None:
    assert storyboard(STORY).unknown == ()
    told = storyboard("A red ball lies on snow. A cute blue cube lies beside it. Later it falls.")
    assert [shot.enter for shot in told.shots] == ["cut", "flow", "cut"]
    assert [each.word for each in told.unknown] == ["cute"]
