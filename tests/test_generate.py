"""The path of a prompt, end to end, on a tiny bundle."""

import numpy as np
import pytest
import torch

from kinora.core.errors import CancelledError, UsageError
from kinora.core.machine import PRECISION, computes_bf16
from kinora.core.progress import Progress
from kinora.denoise.condition import Hold
from kinora.flow.solver.heun import heun
from kinora.generate import Request, generate
from kinora.models.bundle import Bundle
from tiny import tiny_bundle

WISH = Request(prompts=("a red ball rolls past the blue cube",), seconds=1.0, steps=2, seed=3)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return tiny_bundle()


def wish(**changes: object) -> Request:
    return Request(**{**vars(WISH), **changes})  # type: ignore[arg-type]


def test_a_film_has_the_size_and_length_asked_for(bundle: Bundle) -> None:
    film = generate(bundle, wish(height=96, width=64))
    assert film.clip.frames.shape == (9, 96, 64, 3)
    assert film.latents.shape == (3, 48, 6, 4)
    assert not film.notes
    assert set(film.timings) == {"text", "denoise", "decode"}


def test_same_seed_same_film(bundle: Bundle) -> None:
    one, two, other = (generate(bundle, wish(seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(one.clip.frames, two.clip.frames)
    assert not np.array_equal(one.clip.frames, other.clip.frames)


def test_what_was_snapped_and_not_understood_is_told(bundle: Bundle) -> None:
    film = generate(bundle, wish(prompts=("a red dragon",), height=50, width=100, seconds=1.1))
    assert (film.clip.height, film.clip.width) == (64, 96)
    assert "96x64" in film.notes[0]
    assert film.notes[2:] == (
        "'dragon' is not a word this model knows",
        "things this model knows: ball, cube, cone",
    )


@pytest.mark.parametrize("guidance", [0.0, -3.0, float("nan"), float("inf")])
def test_a_guidance_out_of_range_is_refused(guidance: float, bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="guidance of"):
        generate(bundle, wish(guidance=guidance))


def test_a_still_is_one_frame(bundle: Bundle) -> None:
    assert len(generate(bundle, wish(seconds=0.0)).clip) == 1


def test_image_to_video_is_a_hold_on_the_first_latent_frame(bundle: Bundle) -> None:
    picture = generate(bundle, wish(seconds=0.0))
    film = generate(bundle, wish(conditions=(Hold(picture.latents),), seed=9))
    assert torch.equal(film.latents[:1], picture.latents)
    assert np.array_equal(film.clip.frames[0], picture.clip.frames[0])


def test_extension_is_a_hold_on_everything_so_far(bundle: Bundle) -> None:
    first = generate(bundle, WISH)
    longer = generate(bundle, wish(seconds=2.0, conditions=(Hold(first.latents),), seed=9))
    assert torch.equal(longer.latents[:3], first.latents)
    assert np.array_equal(longer.clip.frames[:9], first.clip.frames)
    assert len(longer.clip) == 17


def test_two_shots_hear_their_own_words(bundle: Bundle) -> None:
    two = generate(bundle, wish(prompts=("a red ball", "a blue cube")))
    assert np.array_equal(
        two.clip.frames, generate(bundle, wish(prompts=("a red ball",))).clip.frames
    )


def test_solver_and_guidance_change_the_film(bundle: Bundle) -> None:
    plain = generate(bundle, WISH)
    for other in (generate(bundle, WISH, solver=heun), generate(bundle, wish(guidance=1.0))):
        assert not torch.allclose(plain.latents, other.latents, atol=1e-4)


def test_every_step_and_chunk_is_told_and_can_stop_the_work(bundle: Bundle) -> None:
    seen: list[tuple[str, int, int]] = []
    generate(bundle, WISH, on_progress=lambda p: seen.append((p.stage, p.done, p.total)))
    assert [s for s in seen if s[0] == "denoise"] == [("denoise", 1, 2), ("denoise", 2, 2)]
    assert seen[-1] == ("decode", 9, 9)

    def stop(report: Progress) -> None:
        if report.stage == "decode":
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        generate(bundle, WISH, on_progress=stop)


@pytest.mark.parametrize(
    "changes",
    [
        {"prompts": ("",)},
        {"prompts": ("x" * 40_000,)},
        {"prompts": ("\x00\x01",)},
        {"seconds": -1.0},
        {"height": 100_000},
        {"height": 0},
        {"steps": 0},
    ],
)
def test_a_wish_that_cannot_be_understood_is_refused(
    bundle: Bundle, changes: dict[str, object]
) -> None:
    with pytest.raises(UsageError):
        generate(bundle, wish(**changes))


@pytest.mark.parametrize("seconds", [1.0, 12.0], ids=["in one piece", "streamed"])
def test_what_is_held_stays_and_the_rest_hardly_changes_in_bfloat16(
    bundle: Bundle, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = generate(bundle, wish(seconds=0)).latents
    held = wish(seconds=seconds, conditions=(Hold(first, at=0),))

    def film(precision: str) -> torch.Tensor:
        monkeypatch.setenv(PRECISION, precision)
        return generate(tiny_bundle(), held).latents

    whole, brief = film("fp32"), film("bf16")
    assert torch.equal(brief[:1], first)
    assert brief.dtype == torch.float32
    assert not torch.equal(whole, brief), "nothing was computed in bfloat16"
    assert (whole - brief).norm() < 0.02 * whole.norm()


def test_a_model_computes_in_bfloat16_where_that_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    def film(precision: str) -> torch.Tensor:
        monkeypatch.setenv(PRECISION, precision)
        return generate(tiny_bundle(), wish()).latents

    fast = "bf16" if computes_bf16(torch.device("cpu")) else "fp32"
    assert torch.equal(film("auto"), film(fast))
    with pytest.raises(UsageError, match=r"fp16 is no precision.*fp32, bf16, auto"):
        film("fp16")
