"""Staged films: what is asked of a model's film is answered rightly by the world's own."""

from dataclasses import replace

from kinora.caption.facts import Answer, Seen, SeenThing, Spot
from kinora.caption.judge import load_judge
from kinora.evaluate.elsewhere import angle_rows
from kinora.evaluate.onward import Wish
from kinora.evaluate.placing import NEAR
from kinora.evaluate.questions import per_scene, staged_rows
from kinora.evaluate.staged import _comes_out as comes_out
from kinora.evaluate.staged import occluded_row, shots_row, staged
from tiny import tiny_bundle

WISH = Wish(steps=1)


def test_a_bite_is_staged_where_it_happens() -> None:
    (one,) = staged("eats", 1)
    before, after = (one.truth.moments[t].things[1].bites for t in (one.frame - 1, one.frame))
    assert (before, after) == (0, 1)
    assert one.scene.camera.move == "still" and not one.scene.cuts


def test_a_thing_that_comes_out_again_must_be_itself_and_in_its_place() -> None:
    (one,) = staged("passes behind", 1)
    thing, last = one.scene.things[0], len(one.truth.moments) - 1
    colour = "brown" if thing.kind == "cookie" else thing.colour
    x, y = one.truth.moments[last].things[0].centre

    def seen(at: float, *, colour: str = colour) -> Seen:
        answers = {"kind": Answer(thing.kind, 1.0), "colour": Answer(colour, 1.0)}
        spot = Spot(last, at, y, 0.1, 0.1, 1.0)
        return Seen(last + 1, 8.0, {}, (SeenThing(answers, (spot,)),))

    assert comes_out(one, seen(x)) == 1.0
    assert comes_out(one, seen(x + 2 * NEAR)) == 0.0
    assert comes_out(one, seen(x, colour="no colour")) == 0.0


def test_what_another_camera_should_see_is_known_from_geometry() -> None:
    model = tiny_bundle()
    model = replace(model, index=model.index.model_copy(update={"views": True}))
    (row,) = angle_rows(model, load_judge(), count=1, steps=1)
    told = row.numbers
    assert told["in place from another camera, parse floor"] == 1.0
    assert told["in place from another camera"] == 0.0
    assert told["view agreement"] < told["view agreement, parse floor"] <= 1.0


def test_noise_loses_what_passes_behind_and_what_shots_share() -> None:
    model, judge = tiny_bundle(), load_judge()
    (one,) = staged("passes behind", 1)
    assert occluded_row(model, judge, one, wish=WISH).numbers["comes out again"] == 0.0
    assert shots_row(model, judge, one, wish=WISH).numbers["identity across shots"] == 0.0


def test_it_is_known_beforehand_how_many_rows_there_will_be() -> None:
    model = tiny_bundle()
    rows = [*staged_rows(model, load_judge(), count=1, wish=WISH)]
    assert len(rows) == len({row.key for row in rows}) == per_scene(model)
    with_views = replace(model, index=model.index.model_copy(update={"views": True}))
    assert per_scene(with_views) == per_scene(model) + 1
