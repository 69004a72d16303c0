"""Expansion: deterministic, in the world's own phrases, and honest about what it did not understand."""

from collections.abc import Iterator

import pytest

from kinora.core.errors import KinoraError, UsageError
from kinora.prompt.endpoint import Endpoint
from kinora.prompt.expand import expand
from writers import Writer, writing


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (
            "a red ball rolls past a blue cube on grass at sunset",
            "on grass there are a medium matte red ball and a medium matte blue cube. "
            "the red ball rolls past the blue cube. it is sunset. the camera is still.",
        ),
        (
            "Tiny crimson sphere bouncing on the beach, the camera pans left",
            "on sand there is a small matte red ball. the red ball bounces up and down. "
            "it is noon. the camera pans left.",
        ),
        (
            "a momo with a yellow hat hops to the left and then eats a cookie at night in the snow",
            "on snow there are a medium matte red momo with a yellow hat and a medium matte cookie. "
            "the red momo hops to the left. the red momo eats the cookie. it is night. "
            "the camera is still.",
        ),
    ],
)
def test_a_wish_becomes_a_paragraph(wish: str, text: str) -> None:
    assert expand(wish).text == text
    assert expand(wish) == expand(wish)


def test_a_paragraph_is_left_as_it_is() -> None:
    text = expand("two large shiny green cones at night on stone").text
    assert expand(text).text == text


def test_unknown_words_are_named_with_near_ones() -> None:
    told = [unknown.line() for unknown in expand("a rde ballz and a dragon on grass").unknown]
    assert told == [
        "'rde' is not a word this model knows; did you mean red?",
        "'dragon' is not a word this model knows",
    ] or told[0].startswith("'rde'")


def test_a_wish_for_nothing_known_is_refused() -> None:
    with pytest.raises(UsageError, match="names nothing that can be filmed"):
        expand("happiness")


@pytest.fixture
def server() -> Iterator[Writer]:
    with writing() as server:
        yield server


def test_an_endpoint_may_write_it(server: Writer) -> None:
    made = expand("a ball", endpoint=Endpoint(server.url, "good", key="k"))
    assert (made.text, made.by) == ("a red ball rolls.", "good")
    (asked,) = server.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["key"] == "Bearer k"
    assert asked["messages"][1] == {"role": "user", "content": "a ball"}


def test_endpoints_that_fail_are_told(server: Writer) -> None:
    url = server.url
    with pytest.raises(KinoraError, match="it answered 500"):
        expand("a ball", endpoint=Endpoint(url, "broken"))
    with pytest.raises(KinoraError, match="no message"):
        expand("a ball", endpoint=Endpoint(url, "empty"))
    with pytest.raises(UsageError, match="not the address"):
        expand("a ball", endpoint=Endpoint("file:///etc/passwd", "good"))
    with pytest.raises(KinoraError, match="did not expand"):
        expand("a ball", endpoint=Endpoint("http://127.0.0.1:9/v1", "good", timeout=2))
