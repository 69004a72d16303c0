"""Documents: values that are checked whenever they change."""

import pytest
from pydantic import ValidationError

from kinora.core.errors import UsageError
from kinora.timeline.document import Gap, Shot, Timeline, Track, Transition


def film(*items: object) -> Timeline:
    return Timeline(tracks=(Track(items=items),))  # type: ignore[arg-type]


ONE, TWO = (Shot(id=name, seconds=2, prompt=f"a {name}") for name in ("one", "two"))


def test_a_document_survives_json() -> None:
    whole = film(ONE, Transition(id="t"), TWO, Gap(seconds=1))
    assert Timeline.model_validate_json(whole.model_dump_json()) == whole


def test_a_change_is_a_new_document() -> None:
    old = film(ONE, TWO)
    new = old.with_shot("two", lambda shot: shot.model_copy(update={"prompt": "a cone"}))
    assert [shot.prompt for shot in old.shots()] == ["a one", "a two"]
    assert [shot.prompt for shot in new.shots()] == ["a one", "a cone"]
    with pytest.raises(UsageError, match="there is no shot three"):
        old.shot("three")


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ((ONE, ONE), "used twice: one"),
        ((Transition(id="t"), ONE), "between two shots"),
        ((ONE, Transition(id="t"), Gap(seconds=1), TWO), "between two shots"),
    ],
)
def test_documents_that_make_no_sense_are_refused(items: tuple[object, ...], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        film(*items)


def test_a_shot_must_show_something_and_not_two_things() -> None:
    with pytest.raises(ValidationError, match="says nothing"):
        Shot(id="x", seconds=1)
    with pytest.raises(ValidationError, match="not with both"):
        Shot(id="x", seconds=1, image="a.png", clip="b.mp4")


def test_nothing_can_be_written_into_a_document() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ONE.prompt = "other"  # type: ignore[misc]
