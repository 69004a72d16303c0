"""Rendering: only what changed is dreamt, and what flows on from it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.core.clip import Clip
from kinora.core.errors import UsageError
from kinora.core.progress import Progress
from kinora.denoise.canvas import Canvas
from kinora.denoise.model import Read
from kinora.flow.solver import Field
from kinora.generate import Film
from kinora.models.bundle import Bundle
from kinora.timeline.cache import Cache, Piece
from kinora.timeline.characters import Cast
from kinora.timeline.document import Gap, Shot, Timeline, Track, Transition
from kinora.timeline.render import assemble, render

Render = Callable[..., tuple[tuple[Piece, ...], int]]


def five(enter: str) -> Timeline:
    shots = tuple(
        Shot(id=f"s{i}", seconds=1, prompt=f"a {c} ball", enter=enter if i else "cut", seed=i)  # type: ignore[arg-type]
        for i, c in enumerate(("red", "blue", "green", "red", "blue"))
    )
    return Timeline(height=64, width=64, steps=1, tracks=(Track(items=shots),))


@pytest.fixture
def rendered(model: Bundle, tmp_path: Path) -> Render:
    def run(timeline: Timeline, **files: Clip | Film) -> tuple[tuple[Piece, ...], int]:
        told: list[Progress] = []
        pieces = render(
            model, timeline, Cache(tmp_path / "cache"), clips=files,
            digests=dict.fromkeys(files, "0"), on_progress=told.append,
        )  # fmt: skip
        return pieces, sum(each.stage == "denoise" for each in told)

    return run


@pytest.mark.parametrize(("enter", "dreamt"), [("cut", 1), ("flow", 3)])
def test_changing_card_three_leaves_one_and_two(rendered: Render, enter: str, dreamt: int) -> None:
    old, steps = rendered(five(enter))
    assert steps == 5
    new = five(enter).with_shot("s2", lambda s: s.model_copy(update={"prompt": "a cone"}))
    pieces, steps = rendered(new)
    assert steps == dreamt
    for one, two in zip(old[:2], pieces[:2], strict=True):
        assert torch.equal(one.latents, two.latents)
        assert np.array_equal(one.frames, two.frames)
    assert not torch.equal(old[2].latents, pieces[2].latents)


def test_nothing_changed_is_nothing_dreamt(rendered: Render) -> None:
    rendered(five("flow"))
    assert rendered(five("flow"))[1] == 0


def test_shots_that_flow_are_as_long_as_they_say(rendered: Render, model: Bundle) -> None:
    pieces, _ = rendered(five("flow"))
    assert [len(piece.frames) for piece in pieces] == [9, 8, 8, 8, 8]
    whole = np.concatenate(list(model.decode(torch.cat([piece.latents for piece in pieces]))))
    apart = assemble(pieces, 8.0).frames.astype(int) - whole
    assert np.abs(apart).max() <= 1, "but for rounding, the shots are one film"


def test_what_is_cut_begins_when_it_says(rendered: Render, model: Bundle) -> None:
    fps = round(model.capabilities.fps)
    pieces, _ = rendered(five("cut"))
    assert [len(piece.frames) for piece in pieces] == [fps, fps, fps, fps, fps + 1]
    entries = ("cut", "flow", "cut", "cut")
    shots = [
        Shot(id=f"s{i}", seconds=1, prompt="a red ball", enter=enter, seed=i)
        for i, enter in enumerate(entries)
    ]
    items = (*shots[:3], Gap(seconds=1), shots[3])
    mixed = Timeline(height=64, width=64, steps=1, tracks=(Track(items=items),))
    assert [len(piece.frames) for piece in rendered(mixed)[0]] == [
        fps + 1, fps - 1, fps, fps, fps + 1
    ]  # fmt: skip


def test_gaps_are_black_and_bridges_join_what_is_there(rendered: Render) -> None:
    one, two, *_ = five("cut").items
    plain, _ = rendered(five("cut"))
    items = (Gap(seconds=0.5), one, Transition(id="t", seconds=1), two)
    pieces, _ = rendered(five("cut").with_items(items))
    assert [len(piece.frames) for piece in pieces] == [4, 9, 7, 9]
    assert not pieces[0].frames.any()
    # Before a cut the last frame of a clip is not shown, before a bridge it is.
    assert np.array_equal(pieces[1].frames[:-1], plain[0].frames)
    assert np.array_equal(pieces[3].frames[:-1], plain[1].frames)


def test_a_film_of_ours_keeps_its_latents(rendered: Render, film: Film) -> None:
    timeline = five("cut").with_items((Shot(id="d", seconds=1, clip="b.mp4"),))
    (decoded,), _ = rendered(timeline, **{"b.mp4": film.clip})
    (stored,), _ = rendered(timeline, **{"b.mp4": film})
    assert torch.equal(stored.latents, film.latents[: len(stored.latents)])
    assert not torch.equal(decoded.latents, stored.latents)
    assert np.array_equal(decoded.frames, stored.frames)


def test_words_are_written_out_where_that_is_wanted(rendered: Render) -> None:
    plain = five("cut").with_items((Shot(id="a", seconds=1, prompt="red ball"),))
    wide = plain.model_copy(update={"expand": True})
    (short,), _ = rendered(plain)
    (long,), steps = rendered(wide)
    assert steps == 1
    assert not torch.equal(short.latents, long.latents)


def test_a_bridge_hears_what_its_shots_heard(rendered: Render) -> None:
    one, two, *_ = five("cut").items
    said = five("cut").with_items((one, Transition(id="t", seconds=1), two))
    wish = one.model_copy(update={"prompt": "my ball"})
    meant = said.with_items((wish, *said.items[1:])).model_copy(
        update={"written": {"my ball": "a red ball"}}
    )
    for told, heard in zip(rendered(said)[0], rendered(meant)[0], strict=True):
        assert torch.equal(told.latents, heard.latents)


def test_shots_may_begin_with_pictures_and_clips(
    rendered: Render, film: Film, model: Bundle
) -> None:
    picture = Shot(id="p", seconds=1, prompt="a red ball", image="a.png")
    clip = Shot(id="c", seconds=4, prompt="a red ball", clip="b.mp4")
    short = Shot(id="d", seconds=1, clip="b.mp4")
    timeline = five("cut").with_items((picture, clip, short))
    still = Clip(film.clip.frames[:1], 1.0)
    pieces, _ = rendered(timeline, **{"a.png": still, "b.mp4": film.clip})
    assert torch.equal(pieces[0].latents[:1], model.encode(still))
    assert np.array_equal(pieces[1].frames[:25], film.clip.frames)
    assert len(pieces[1].frames) == 32, "the frame at 4 s is the next one's"
    assert np.array_equal(pieces[2].frames, film.clip.frames[: len(pieces[2].frames)])


def test_a_card_shows_all_of_its_clip_and_its_very_picture(rendered: Render, film: Film) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (32, 64, 64, 3), dtype=np.uint8)
    for seconds in (1, 2, 4):
        clip = Clip(frames[: 8 * seconds], 8.0)
        items = (Shot(id="c", seconds=seconds, clip="b.mp4"), Shot(id="d", seconds=1, prompt="a"))
        pieces, steps = rendered(five("cut").with_items(items), **{"b.mp4": clip})
        assert steps == (seconds == 1), "the other card alone is dreamt, once"
        assert np.array_equal(pieces[0].frames, clip.frames)
    still = Clip(film.clip.frames[-1:], 1.0)
    begun = Shot(id="p", seconds=1, prompt="a red ball", image="a.png")
    items = (begun, begun.model_copy(update={"id": "q", "enter": "flow"}))
    pieces, _ = rendered(five("cut").with_items(items), **{"a.png": still})
    assert np.array_equal(pieces[0].frames[0], still.frames[0])
    assert np.array_equal(pieces[1].frames[3], still.frames[0])


def test_cards_begin_when_they_say(rendered: Render) -> None:
    def lengths(*items: Shot | Gap) -> list[int]:
        return [len(piece.frames) for piece in rendered(five("cut").with_items(items))[0]]

    def shots(count: int, seconds: float, enter: str) -> list[Shot]:
        return [
            Shot(id=f"s{i}", seconds=seconds, prompt="a red ball", enter=enter if i else "cut")  # type: ignore[arg-type]
            for i in range(count)
        ]

    last = Shot(id="z", seconds=1, prompt="a cone")
    assert sum(lengths(*shots(10, 1.2, "flow"))) == 97
    assert lengths(*shots(4, 1.25, "cut"), last) == [10, 10, 10, 10, 9]
    assert sum(lengths(*shots(10, 1.3, "flow"), last)[:-1]) == 104
    one, two = shots(2, 2, "flow")
    assert lengths(one, Gap(seconds=1), two, last) == [16, 8, 16, 9]


def test_cameras_are_told_from_where_the_scene_began(
    model: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[int]] = []
    real = Bundle.velocity

    def velocity(self: Bundle, canvas: Canvas, text: Read, *, guidance: float) -> Field:
        told.append(canvas.view.tolist())
        return real(self, canvas, text, guidance=guidance)

    monkeypatch.setattr(Bundle, "velocity", velocity)
    several = replace(model, index=model.index.model_copy(update={"views": True}))

    def views(which: Bundle, *of: int) -> list[int]:
        told.clear()
        shots = [Shot(id=f"s{i}", seconds=1, prompt="a ball", view=v) for i, v in enumerate(of)]
        flowing = [shots[0], *(s.model_copy(update={"enter": "flow"}) for s in shots[1:])]
        cache = Cache(tmp_path / f"{of}{which.index.views}")
        render(which, five("cut").with_items(tuple(flowing)), cache, clips={}, digests={})
        return told[-1]

    assert views(several, 1, 1) == [0] * 5
    assert views(several, 1, 0) == [0, 0, 0, 2, 2]
    assert views(several, 0, 1, 1)[-4:] == [1, 1, 1, 1]
    assert set(views(model, 0, 1, 1)) == {0}


def test_a_character_is_seen_in_every_shot_that_names_it(
    model: Bundle, film: Film, tmp_path: Path
) -> None:
    cast, cache = Cast(tmp_path / "cast"), Cache(tmp_path / "cache")
    shots = tuple(
        Shot(id=name, seconds=1, prompt=words)
        for name, words in (("one", "mia bounces"), ("two", "a blue cube"))
    )
    timeline = five("cut").with_items(shots)

    def run() -> tuple[Piece, ...]:
        return render(model, timeline, cache, clips={}, digests={}, cast=cast)

    nobody = run()
    cast.add("mia", film.clip, words="red ball")
    somebody = run()
    assert not torch.equal(nobody[0].latents, somebody[0].latents)
    assert torch.equal(nobody[1].latents, somebody[1].latents)
    assert len(somebody[0].latents) == 3


def test_a_character_is_seen_behind_a_clip_and_on_a_bridge(
    model: Bundle, film: Film, other: Film, tmp_path: Path
) -> None:
    clip = Shot(id="c", seconds=3, prompt="mia bounces", clip="b.mp4")
    items = (clip, Transition(id="t", seconds=1), Shot(id="d", seconds=1, prompt="a cone"))
    timeline = five("cut").with_items(items)

    def run(picture: Clip, name: str) -> tuple[Piece, ...]:
        cast = Cast(tmp_path / name)
        cast.add("mia", picture, words="red ball")
        return render(
            model, timeline, Cache(tmp_path / f"{name}-cache"),
            clips={"b.mp4": Clip(other.clip.frames, 8.0)}, digests={"b.mp4": "0"}, cast=cast,
        )  # fmt: skip

    one, two = run(film.clip, "one"), run(Clip(255 - film.clip.frames, 8.0), "two")
    assert torch.equal(one[0].latents[:5], two[0].latents[:5])
    assert not torch.equal(one[0].latents[5:], two[0].latents[5:])
    assert not torch.equal(one[1].latents, two[1].latents)


def test_a_shot_may_begin_within_its_clip(rendered: Render) -> None:
    frames = np.arange(33, dtype=np.uint8)[:, None, None, None].repeat(64, 1).repeat(64, 2)
    clip = Clip(np.ascontiguousarray(frames.repeat(3, 3)), 8.0)

    def board(start: float) -> Timeline:
        shot = Shot(id="s", seconds=1, prompt="a ball", clip="c", start=start)
        return Timeline(height=64, width=64, steps=1, tracks=(Track(items=(shot,)),))

    (piece,), steps = rendered(board(1.25), c=clip)
    assert steps == 0
    assert piece.frames[:, 0, 0, 0].tolist() == list(range(10, 19))
    with pytest.raises(UsageError, match=r"4\.125 s long: shot s begins 5 s into it"):
        rendered(board(5.0), c=clip)
