"""The straight path between noise and data."""

import torch

from kinora.flow.guidance import classifier_free, rescaled
from kinora.flow.path import point, sample_path, to_data
from kinora.flow.schedule import levels, logit_normal, shift

DATA, NOISE = torch.randn(2, 3, 4, 5, 6), torch.randn(2, 3, 4, 5, 6)


def test_the_ends_of_the_path_are_exact() -> None:
    assert torch.equal(point(DATA, NOISE, torch.zeros(2, 3)), DATA)
    assert torch.allclose(point(DATA, NOISE, torch.ones(2, 3)), NOISE, atol=1e-6)


def test_every_frame_or_position_has_its_own_level() -> None:
    by_frame = torch.rand(2, 3)
    by_region = by_frame[..., None, None].expand(2, 3, 5, 6)
    assert torch.equal(point(DATA, NOISE, by_frame), point(DATA, NOISE, by_region))


def test_the_velocity_leads_to_the_data() -> None:
    sample = sample_path(DATA, NOISE, torch.rand(2, 3))
    assert torch.allclose(to_data(sample.x, sample.velocity, sample.level), DATA, atol=1e-5)


def test_guidance_of_one_is_the_conditional_velocity() -> None:
    assert torch.allclose(classifier_free(DATA, NOISE, 1.0), DATA)
    assert torch.allclose(classifier_free(DATA, NOISE, 3.0), NOISE + 3 * (DATA - NOISE), atol=1e-5)
    assert torch.allclose(rescaled(3 * DATA, DATA, 1.0), DATA, atol=1e-5)


def test_schedules_run_from_one_to_zero_and_shift_towards_noise() -> None:
    plain, shifted = levels(10), levels(10, amount=3.0)
    assert plain[0] == shifted[0] == 1
    assert plain[-1] == shifted[-1] == 0
    assert (shifted[1:-1] > plain[1:-1]).all()
    assert torch.equal(shift(plain, 1.0), plain)


def test_training_levels_are_centred_where_the_mean_says() -> None:
    drawn = logit_normal(20000, torch.Generator().manual_seed(0), mean=1.0)
    assert abs(float(drawn.median()) - float(torch.sigmoid(torch.tensor(1.0)))) < 0.02
