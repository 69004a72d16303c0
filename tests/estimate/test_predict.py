"""Films of our own: the large ones are counted before anything is made of them, the others cost nothing."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from kinora.cli.main import main
from kinora.core.errors import OutOfMemoryError
from kinora.core.machine import PRECISION, Machine
from kinora.core.shape import PixelShape
from kinora.estimate.film import Wish
from kinora.estimate.own import blank_of, counted, enough, own
from kinora.estimate.predict import fitted_windows
from kinora.models.bundle import Bundle
from kinora.models.store import save_bundle
from kinora.transformer.memory import MemoryConfig
from tiny import tiny_bundle

MACHINE = Machine("cpu", 10**9, products=1e9, attention=1e9, convolutions=1e9, traffic=1e9, call=0)
LARGE = Wish(PixelShape(17, 2048, 2048), steps=1, guidance=1.0)
SMALL = Wish(PixelShape(17, 64, 96), steps=2, guidance=1.0)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    one = tiny_bundle()
    memory = MemoryConfig(chunk=3, sinks=1, window=3, middle=0, far=0)
    return replace(one, index=one.index.model_copy(update={"causal": True, "memory": memory}))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the calibration of this machine is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "kinora" / "machine.json"


def remember(home: Path, *, memory: int) -> None:
    home.parent.mkdir()
    home.write_text(json.dumps({"cpu": asdict(replace(MACHINE, memory=memory))}))


def test_a_small_film_needs_no_calibration(bundle: Bundle, home: Path) -> None:
    wish = Wish(PixelShape(33, 160, 256), steps=4, guidance=1.0)
    assert fitted_windows(bundle, wish) is bundle
    assert not home.exists()


def test_a_large_film_is_let_through_if_it_fits(bundle: Bundle, home: Path) -> None:
    remember(home, memory=2**40)
    assert fitted_windows(bundle, LARGE) is bundle
    home.write_text(json.dumps({"cpu": asdict(replace(MACHINE, memory=2**29))}))
    with pytest.raises(OutOfMemoryError, match=r"at 2048x2048x17 needs .*would fit: 2048x2048x9"):
        fitted_windows(bundle, LARGE)


def test_a_loaded_bundle_is_counted_as_its_folder_is(bundle: Bundle, tmp_path: Path) -> None:
    wish = Wish(PixelShape(41, 64, 96), steps=2, guidance=1.0)
    folder = save_bundle(bundle, tmp_path / "model")
    empty = blank_of(bundle)
    assert {each.device for each in empty.transformer.parameters()} == {torch.device("meta")}
    assert counted(empty, wish, machine=MACHINE) == own(folder, wish, machine=MACHINE)


def test_a_film_that_is_written_while_it_is_made_costs_the_memory_of_its_beginning(
    bundle: Bundle,
) -> None:
    empty = blank_of(bundle)

    def drawing(frames: int, *, whole: bool) -> int:
        wish = Wish(PixelShape(frames, 128, 128), 1, 1.0, whole)
        told = counted(empty, wish, machine=MACHINE, most=enough(bundle))
        return told.stages[2].working

    assert drawing(481, whole=False) == drawing(65, whole=False)
    assert drawing(481, whole=True) - drawing(481, whole=False) == 2 * (481 - 9) * 3 * 128 * 128


def test_what_is_too_large_is_refused_before_any_work(
    bundle: Bundle, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    remember(home, memory=2**29)
    model, out = save_bundle(bundle, tmp_path / "model"), tmp_path / "film.mp4"
    words = ["--size", "2048x2048", "--seconds", "2", "--steps", "1"]
    assert main(["generate", "a red ball", *words, "--model", str(model), "-o", str(out)]) == 4
    assert "This would fit: 2048x2048x9" in capsys.readouterr().err
    assert not list(tmp_path.glob("*film*"))


def test_only_dreaming_is_counted_as_fast_as_bfloat16(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = replace(MACHINE, brief_products=4.0, brief_attention=4.0)

    def seconds(precision: str, machine: Machine) -> dict[str, float]:
        monkeypatch.setenv(PRECISION, precision)
        told = counted(blank_of(bundle), SMALL, machine=machine)
        return {stage.name: stage.seconds for stage in told.stages}

    plain = seconds("fp32", fast)
    assert plain == seconds("bf16", MACHINE)
    brief = seconds("bf16", fast)
    assert brief["denoise"] < 0.75 * plain["denoise"]
    assert brief | {"denoise": 0.0} == plain | {"denoise": 0.0}
