import numpy as np
import pytest

from kinora.core.view import VIEWS, relative
from kinora.world.camera import MOVES, pose, stand
from kinora.world.scene import Camera


@pytest.mark.parametrize("aspect", [1.6, 1.0, 0.625])
def test_horizon_and_stage_stand_where_they_were_put(aspect: float) -> None:
    camera = stand(aspect=aspect, horizon=0.35, stage=0.7, distance=6.0, focal=1.1)
    points = np.array([[0.0, 1e7, 0.0], [0.0, 0.0, 0.0]])
    far, stage = pose(camera).project(points, aspect=aspect)
    assert far[1] == pytest.approx(0.35, abs=1e-4)
    assert stage[:2] == pytest.approx([0.5, 0.7], abs=1e-4)


def moved(move: str, amount: float) -> tuple[np.ndarray, np.ndarray]:
    """Column, row, depth of a point right of the middle, at the start and the end of the move."""
    camera = stand(aspect=1.6, horizon=0.35, stage=0.7, distance=6.0, focal=1.1)
    camera = Camera(camera.eye, camera.yaw, camera.pitch, camera.focal, move=move, amount=amount)
    point = np.array([[0.5, 0.0, 0.5]])
    return tuple(pose(camera, p).project(point, aspect=1.6)[0] for p in (0.0, 1.0))


def test_moves_do_what_they_say() -> None:
    before, after = moved("pan left", 0.3)
    assert after[0] > before[0]
    before, after = moved("pan right", -0.3)
    assert after[0] < before[0]
    before, after = moved("dolly in", 0.4)
    assert after[2] < before[2]
    before, after = moved("dolly out", -0.4)
    assert after[2] > before[2]


def test_a_rise_goes_up_and_an_orbit_around() -> None:
    camera = stand(aspect=1.6, horizon=0.35, stage=0.7, distance=6.0, focal=1.1)
    rise = Camera(camera.eye, 0.0, camera.pitch, camera.focal, move="rise", amount=0.4)
    assert pose(rise, 1.0).eye[2] > pose(rise, 0.0).eye[2]
    orbit = Camera(camera.eye, 0.0, camera.pitch, camera.focal, move="orbit left", amount=-1.0)
    assert pose(orbit, 1.0).eye[0] < pose(orbit, 0.0).eye[0]
    assert np.hypot(*pose(orbit, 1.0).eye[:2]) == pytest.approx(6.0, abs=1e-3)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_sees_the_middle_of_the_stage(view: str) -> None:
    camera = stand(aspect=1.6, horizon=0.35, stage=0.7, distance=6.0, focal=1.1)
    column, row, depth = pose(camera, view=view).project(np.zeros((1, 3)), aspect=1.6)[0]
    assert column == pytest.approx(0.5, abs=1e-3)
    assert 0.4 < row < 0.8
    assert 5.0 < depth < 7.0


def test_a_camera_is_where_it_is_seen_from_another() -> None:
    """Numbers turned by `relative` stand to each other as the cameras do."""
    camera = stand(aspect=1.6, horizon=0.35, stage=0.7, distance=6.0, focal=1.1)

    def angle(view: int) -> float:
        x, y = pose(camera, view=VIEWS[view]).eye[:2]
        return float(np.arctan2(y, x))

    for base in range(4):
        for view in range(4):
            apart = angle(view) - angle(base) - (angle(relative(view, base)) - angle(0))
            assert np.cos(apart) == pytest.approx(1.0, abs=1e-6), (view, base)
    above = VIEWS.index("above")
    assert [relative(above, view) for view in range(5)] == [above] * 4 + [0]
    assert [relative(view, above) for view in range(4)] == [above] * 4


def test_half_way_every_move_stands_where_the_camera_was_put() -> None:
    camera = stand(aspect=1.6, horizon=0.35, stage=0.7, distance=6.0, focal=1.1)
    for move in MOVES:
        half = Camera(camera.eye, 0.0, camera.pitch, camera.focal, move=move, amount=0.3)
        assert pose(half, 0.5) == pose(camera)
