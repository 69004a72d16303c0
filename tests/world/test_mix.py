import pytest

from kinora.core.errors import UsageError
from kinora.world.mix import Mix, parse_mix


def test_dials_are_read_from_words() -> None:
    mix = parse_mix(["max_things=1", "kinds=ball, cube", "still_camera=0.5", "heldout=any"])
    expected = Mix(max_things=1, kinds=("ball", "cube"), still_camera=0.5, heldout="any")
    assert mix == expected


@pytest.mark.parametrize(
    "text",
    [
        "max_things",
        "shape=ball",
        "max_things=many",
        "max_things=9",
        "kinds=dog",
        "cuts=2",
        "kinds=",
    ],
)
def test_what_is_no_dial_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        parse_mix([text])
