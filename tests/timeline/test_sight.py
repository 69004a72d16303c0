"""Words that nobody said: what the captioner sees in pictures of the world, and what a film hears of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinora.caption.facts import Seen
from kinora.caption.judge import Judge, load_judge
from kinora.core.clip import Clip
from kinora.generate import Film
from kinora.media.image import save_still
from kinora.media.read import read
from kinora.media.sidecar import read_sidecar
from kinora.media.write import save
from kinora.models.bundle import Bundle
from kinora.timeline.again import Same, again
from kinora.timeline.animate import Animate
from kinora.timeline.blend import Blend
from kinora.timeline.deliver import deliver, latents_path, sidecar_of
from kinora.timeline.direct import joined, lines_of
from kinora.timeline.document import Shot, Timeline, Track
from kinora.timeline.edit import Edit
from kinora.timeline.extend import Extend
from kinora.timeline.filmmaker import filmmaker
from kinora.timeline.fulfil import Delivered, fulfil
from kinora.timeline.opening import files_of
from kinora.timeline.order import Order
from kinora.timeline.project import Project
from kinora.timeline.recut import Recut
from kinora.timeline.region import Change
from kinora.timeline.sight import described, missing, sighted, sighted_shots
from kinora.timeline.studio import make_film, prepare
from kinora.world import Mix, render_clip

FIRST = 41_000_000
PLACE = "all this is on snow at noon."


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


def world(ground: str, light: str, *, frames: int = 1) -> Clip:
    mix = Mix(
        min_things=1, max_things=1, kinds=("ball",), colours=("red",), grounds=(ground,),
        lights=(light,), happenings=("rolls",), still_camera=1.0, cuts=0.0, heldout="any",
    )  # fmt: skip
    return Clip(render_clip(FIRST, mix=mix, frames=frames).frames, 8.0)


@pytest.fixture(scope="module")
def snow() -> Clip:
    return world("snow", "noon")


@pytest.fixture(scope="module")
def on_snow(judge: Judge, snow: Clip) -> Seen:
    return judge.see(snow)


def completed(typed: str, seen: list[Seen]) -> str:
    return joined(typed, missing(typed, seen))


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("a red ball rolls", f"a red ball rolls. {PLACE}"),
        ("there is a ball. it rolls.", f"there is a ball. it rolls. {PLACE}"),
        ("a red ball rolls on the beach", "a red ball rolls on the beach. all this is at noon."),
        ("a red ball at night", "a red ball at night. all this is on snow."),
        ("a red ball on wood at dusk.", "a red ball on wood at dusk."),
        ("", ""),
    ],
)
def test_only_what_was_not_said_is_added(typed: str, heard: str, on_snow: Seen) -> None:
    assert completed(typed, [on_snow]) == heard


def test_what_pictures_do_not_agree_on_is_not_added(judge: Judge, on_snow: Seen) -> None:
    other = judge.see(world("grass", "noon"))
    assert completed("a ball", [on_snow, other]) == "a ball. all this is at noon."
    assert described([on_snow, other]) == "a red ball at noon"
    assert described([on_snow]) == "a red ball on snow at noon"


def test_of_what_is_no_world_nothing_is_said(judge: Judge, on_snow: Seen) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 80, 128, 3), np.uint8)
    for frames in (noise, np.full_like(noise, 128)):
        seen = judge.see(Clip(frames, 8.0))
        assert completed("a ball", [seen]) == completed("a ball", [on_snow, seen]) == "a ball"
        assert described([seen]) == ""


def nobody() -> Judge:
    raise AssertionError("somebody was asked to look")


def test_nobody_looks_where_nothing_was_left_unsaid(model: Bundle, film: Film, snow: Clip) -> None:
    for edit, given in (
        (Extend(seconds=1), film),
        (Extend(seconds=1, prompt="a ball on snow at noon"), snow),
        (Extend(seconds=1, prompt=""), snow),
        (Recut(), snow),
    ):
        assert sighted(model, edit, [given], judge=nobody).edit == edit


def test_words_belong_to_what_carries_none(model: Bundle, film: Film, snow: Clip) -> None:
    told = sighted(model, Blend(), [film, snow])
    assert told.words == ("", "a red ball on snow at noon")
    assert told.edit == Blend()
    told = sighted(model, Extend(seconds=1, prompt="it jumps."), [replace(film, clip=snow)])
    assert (told.edit.prompt, told.words) == (f"it jumps. {PLACE}", ())


def test_an_extension_hears_what_is_at_its_end(model: Bundle, snow: Clip) -> None:
    night = world("grass", "night")
    both = Clip(np.repeat(np.concatenate([snow.frames, night.frames]), 16, axis=0), 8.0)
    (forward,) = sighted(model, Extend(seconds=1), [both]).words
    (backward,) = sighted(model, Extend(seconds=1, backward=True), [both]).words
    assert forward == "a red ball on grass at night"
    assert backward == "a red ball on snow at noon"


def made(model: Bundle, edit: Edit, file: Path, target: Path) -> tuple[Delivered, Same]:
    """What came of an order, and of doing it again."""
    (done,) = fulfil(model, Order(type(edit).__name__.lower(), edit, (file,)), target)
    same = again(model, read_sidecar(target), target, target.with_name("again.mp4"))
    return done, same


def test_both_prompts_are_kept_and_the_film_is_made_again(
    model: Bundle, snow: Clip, tmp_path: Path
) -> None:
    picture, target = tmp_path / "snow.png", tmp_path / "b.mp4"
    save_still(picture, snow.frames[0], kind="PNG")
    wish = Animate(seconds=0.5, prompt="a red ball rolls", steps=1, height=64, width=64)
    done, same = made(model, wish, picture, target)
    told = read_sidecar(target)
    assert (told.shots[0].prompt, told.shots[0].expansion) == (
        "a red ball rolls", f"a red ball rolls. {PLACE}"
    )  # fmt: skip
    assert done.notes[0].startswith("Seen and added: all this is on snow at noon; name a ground")
    assert same.latents
    done, same = made(model, wish.model_copy(update={"prompt": None}), picture, target)
    (shot,) = read_sidecar(target).shots
    assert (shot.prompt, shot.expansion) == ("", "a red ball on snow at noon")
    assert done.notes[0] == "Seen: a red ball on snow at noon; say otherwise in the prompt"
    assert same.latents


def test_a_film_of_others_gets_words_and_one_of_ours_keeps_its_own(
    model: Bundle, film: Film, tmp_path: Path
) -> None:
    file, own, target = tmp_path / "a.mp4", tmp_path / "own.mp4", tmp_path / "b.mp4"
    save(world("snow", "noon", frames=9), file)
    done, same = made(model, Extend(seconds=0.5, steps=1), file, target)
    told = read_sidecar(target)
    (words,) = {shot.expansion for shot in told.shots}
    assert words.startswith("a red ball")
    assert words.endswith("on snow at noon")
    assert told.options["seen"] == [words]
    assert f"Seen: {words}; say otherwise in the prompt" in done.notes
    assert same.latents
    box = Change(box=(0, 0, 64, 64), action="remove", what="red ball", steps=1)
    _, same = made(model, box, file, target)
    assert same.latents
    deliver(film, sidecar_of(film, model, verb="generate"), own)
    done, same = made(model, Extend(seconds=0.5, steps=1), own, target)
    told = read_sidecar(target)
    assert [(each.prompt, each.expansion) for each in told.shots] == [("a red ball", "")]
    assert "seen" not in told.options
    assert not any(note.startswith("Seen") for note in done.notes)


def board(snow: Clip, folder: Path) -> Timeline:
    """Cards that begin with a picture and with a clip, with words and without."""
    picture, clip = folder / "snow.png", folder / "snow.mp4"
    save_still(picture, snow.frames[0], kind="PNG")
    save(Clip(snow.frames.repeat(9, 0), 8.0), clip)
    shots = (
        Shot(id="said", seconds=1, prompt="a red ball on sand at dusk", image=str(picture)),
        Shot(id="half", seconds=1, prompt="a red ball rolls", image=str(picture)),
        Shot(id="mute", seconds=1, image=str(picture)),
        Shot(id="longer", seconds=2, prompt="it jumps", clip=str(clip)),
        Shot(id="shown", seconds=1, clip=str(clip)),
        Shot(id="dreamt", seconds=1, prompt="a red ball"),
    )
    return Timeline(height=64, width=96, steps=1, tracks=(Track(items=shots),))


def test_cards_hear_what_they_begin_with(model: Bundle, snow: Clip, tmp_path: Path) -> None:
    target, home = tmp_path / "film.mp4", Project(tmp_path / ".kinora")
    timeline = board(snow, tmp_path)
    made = make_film(timeline, home, target, model=model)
    there = PLACE.removesuffix(".")
    name = "name a ground and a light in the prompt for others"
    assert [note for note in made.notes if "Seen" in note] == [
        f"half: Seen and added: {there}; {name}",
        "mute: Seen: a red ball on snow at noon; say otherwise in the prompt",
        f"longer: Seen and added: {there}; {name}",
    ]
    told = read_sidecar(target)
    assert [shot.expansion for shot in told.shots] == [
        "", f"a red ball rolls. {PLACE}", "a red ball on snow at noon", f"it jumps. {PLACE}", "", ""
    ]  # fmt: skip
    assert again(model, told, target, tmp_path / "again.mp4").latents
    plain = timeline.model_copy(update={"seen": dict.fromkeys(("half", "mute", "longer"), "")})
    one, other = (prepare(model, each, home) for each in (timeline, plain))
    assert (one.timeline.seen["half"], other.timeline) == (there, plain)
    pairs = zip(one.paint(one.timeline), other.paint(other.timeline), strict=True)
    heard = [not torch.equal(a.latents, b.latents) for a, b in pairs]
    assert heard == [False, True, True, True, False, False]


def test_a_card_that_flows_on_keeps_its_ground_and_light(model: Bundle, snow: Clip) -> None:
    flowing = ("it jumps", "it rolls at night", "it falls on sand at dusk", "it stands still", "")
    shots = [Shot(id="first", seconds=1, prompt="a red ball on snow at noon")]
    shots += [
        Shot(id=f"s{number}", seconds=1, prompt=words, enter="flow", image=None if words else "x")
        for number, words in enumerate(flowing)
    ]
    shots += [Shot(id="cut", seconds=1, prompt="a blue cube")]
    timeline = Timeline(height=64, width=96, steps=1, tracks=(Track(items=tuple(shots)),))
    told, notes = sighted_shots(model, timeline, {"x": snow}, cast=None)
    heard = lines_of(told, cast=None)
    assert heard["s0"] == f"it jumps. {PLACE}"
    assert heard["s1"] == "it rolls at night. all this is on snow."
    assert heard["s2"] == "it falls on sand at dusk"
    assert heard["s3"] == "it stands still. all this is on sand at sunset."
    assert heard["s4"] == "a red ball on snow at noon", "what the card begins with goes before"
    assert heard["cut"] == "a blue cube"
    assert notes[0].startswith("s0: Kept from first: all this is on snow at noon; name a ground")
    assert len(notes) == 4


def test_a_card_is_written_out_with_what_it_begins_with(
    model: Bundle, snow: Clip, tmp_path: Path
) -> None:
    """A director who did not hear of the snow would choose a ground."""
    timeline = board(snow, tmp_path).model_copy(update={"expand": True})
    seen = prepare(model, timeline, Project(tmp_path / ".kinora")).timeline
    heard = lines_of(seen, cast=None)
    assert heard["half"].startswith("on snow")
    assert heard["said"].startswith("on sand")
    timeline = timeline.model_copy(update={"written": {"a red ball rolls": "A ball at night."}})
    seen = prepare(model, timeline, Project(tmp_path / ".kinora")).timeline
    assert lines_of(seen, cast=None)["half"] == "A ball at night. all this is on snow."


def test_nobody_looks_at_cards_that_go_on_from_nothing(
    model: Bundle, snow: Clip, tmp_path: Path
) -> None:
    timeline = board(snow, tmp_path)
    shots = tuple(each for each in timeline.items if each.kind == "shot")
    timeline = timeline.with_items((shots[0], *shots[4:]))
    clips = {str(file): Clip(snow.frames.repeat(9, 0), 8.0) for file in files_of(timeline)}
    assert sighted_shots(model, timeline, clips, cast=None, judge=nobody) == (timeline, ())


def test_a_film_of_ours_keeps_its_words_without_its_latents(
    model: Bundle, film: Film, tmp_path: Path
) -> None:
    own, target = tmp_path / "own.mp4", tmp_path / "b.mp4"
    deliver(film, sidecar_of(film, model, verb="generate"), own)
    latents_path(own).unlink()
    done, same = made(model, Extend(seconds=0.5, steps=1), own, target)
    assert [shot.prompt for shot in read_sidecar(target).shots] == ["a red ball"]
    assert done.notes[0] == f"{own} has no latents beside it: its frames are encoded"
    assert not any(note.startswith("Seen") for note in done.notes)
    assert same.latents


def test_a_picture_of_snow_stays_one(judge: Judge, snow: Clip, tmp_path: Path) -> None:
    """The model that ships makes a ground of its own where the words name none."""
    picture, target = tmp_path / "snow.png", tmp_path / "b.mp4"
    save_still(picture, snow.frames[0], kind="PNG")
    wish = Animate(seconds=1, prompt="a red ball rolls to the right", seed=1)
    fulfil(filmmaker().model, Order("animate", wish, (picture,)), target)
    frames = read(target).clip.frames
    last = judge.see(Clip(frames[-1:], 8.0))
    assert (last.ground, last.light) == ("snow", "noon")
    assert np.sqrt(np.square(frames[1].astype(float) - frames[0]).mean()) < 40
