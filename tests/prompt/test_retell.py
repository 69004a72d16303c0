"""The same scene with a thing more or less."""

import pytest

from kinora.core.errors import UsageError
from kinora.prompt.retell import with_thing, without

SCENE = "a red ball rolls past a blue cube on grass at sunset"


def test_a_thing_goes_with_all_it_did() -> None:
    assert without(SCENE, "cube") == "on grass there is a red ball. it is sunset."
    assert without(SCENE, "the red ball") == "on grass there is a blue cube. it is sunset."
    with pytest.raises(UsageError, match="there is no green cube"):
        without(SCENE, "green cube")


def test_a_thing_comes_with_what_it_does() -> None:
    assert with_thing("a red ball on grass", "a green cone falls") == (
        "on grass there are a red ball and a green cone. the green cone falls from above."
    )
