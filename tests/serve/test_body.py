"""Forms and ranges, as they come over the wire."""

import pytest
from pydantic import ValidationError

from kinora.serve.body import _json, nested
from kinora.serve.errors import ApiError, invalid
from kinora.serve.routes.content import byte_range
from kinora.serve.wire import CreateVideo


@pytest.mark.parametrize(
    ("items", "fields"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("a", "2")], {"a": "2"}),
        ([("video[id]", "x")], {"video": {"id": "x"}}),
        ([("a[][id]", "x"), ("a[][id]", "y")], {"a": [{"id": "x"}, {"id": "y"}]}),
        (
            [("a[][id]", "x"), ("a[][n]", "1"), ("a[][id]", "y")],
            {"a": [{"id": "x", "n": "1"}, {"id": "y"}]},
        ),
        (
            [("a[][id]", "x"), ("a[][id]", "y"), ("b", "2"), ("a[][n]", "1"), ("a[][n]", "0")],
            {"a": [{"id": "x", "n": "1"}, {"id": "y", "n": "0"}], "b": "2"},
        ),
        ([("a[]", "x"), ("a[]", "y")], {"a": ["x", "y"]}),
        ([("a[0][id]", "x"), ("a[1][id]", "y")], {"a": {"0": {"id": "x"}, "1": {"id": "y"}}}),
    ],
)
def test_brackets(items: list[tuple[str, str]], fields: dict[str, object]) -> None:
    assert nested(items) == fields


@pytest.mark.parametrize(
    "items",
    [
        [("a", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a[]", "2")],
        [("]", "1")],
        [("a[b][c][d][e]", "1")],
        [("a[][id]", "x"), ("a[][id]", "y"), ("a[][n]", "1")],
    ],
)
def test_contradictions(items: list[tuple[str, str]]) -> None:
    with pytest.raises(ApiError) as wrong:
        nested(items)
    assert wrong.value.status == 400


@pytest.mark.parametrize(
    ("wanted", "span"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=50-1000", (50, 100)),
        ("bytes=9-3", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-9", None),
        ("bytes=-", None),
    ],
)
def test_ranges(wanted: str | None, span: tuple[int, int] | None) -> None:
    assert byte_range(wanted, size=100) == span


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=-0"])
def test_ranges_behind_the_end(wanted: str) -> None:
    with pytest.raises(ApiError) as wrong:
        byte_range(wanted, size=100)
    assert wrong.value.status == 416


@pytest.mark.parametrize("text", ['{"prompt": "a\\u0000b"}', '{"prompt": "a\\ud800b"}', "[1]", "{"])
def test_text_that_cannot_be_kept(text: str) -> None:
    with pytest.raises(ApiError) as wrong:
        _json(text.encode())
    assert wrong.value.status == 400


def test_a_backslash_is_no_nul() -> None:
    assert _json(b'{"prompt": "\\\\\\\\u0000"}') == {"prompt": "\\\\u0000"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "a prompt is required"),
        ({"prompt": "a ball", "seconds": 0}, "seconds: Input should be greater than 0"),
        ({"prompt": "a ball", "foo": 1}, "foo: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_told_as_it_is(body: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        CreateVideo.model_validate(body)
    assert invalid(wrong.value.errors()).message == message
