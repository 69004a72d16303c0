"""One film by several processes: what torchrun starts makes the film that one process makes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from crowd import Dream, dreamt
from kinora.cli.main import main
from kinora.core.cost import Cost, count
from kinora.core.errors import UnsupportedError, UsageError
from kinora.core.machine import Machine
from kinora.core.shape import LatentShape, PixelShape
from kinora.core.team import Team, enlisted, fails_first, team
from kinora.denoise.canvas import blank
from kinora.estimate.film import Wish
from kinora.estimate.predict import predict
from kinora.estimate.published import part
from kinora.open_weights.attention import Task, check_backend, usable
from kinora.open_weights.folder import Folder
from kinora.open_weights.load import load_open
from kinora.open_weights.remember import Memory
from kinora.open_weights.share import check_devices, check_even, check_shared
from kinora.open_weights.skeleton import META, heard, skeleton

Tiny = Callable[[str], Path]

TESTS = Path(__file__).parents[1]
FILM = ("--seconds", "0.5", "--size", "64x64", "--seed", "1", "--steps", "3")

# The library warns of its own parts when networks are read or wrapped.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


def torchrun(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Two processes on this processor, without a GPU whatever there is."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*run, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", **environ},
    )  # fmt: skip


def said(stderr: str) -> list[str]:
    """What Kinora says, without torchrun's own report; a library's bar may stand before it in its line."""
    return re.findall(r"(?:kinora:|Stopped\.) .*", stderr)


@pytest.fixture(scope="module")
def crowd(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Dream], Path]:
    """Dreams of every family with a plan, and the file beside which two processes left them."""
    dreams = [
        Dream(str(tiny("wan")), (5, 16, 24)),
        Dream(str(tiny("wan")), (3, 4, 4), attention="native"),
        Dream(str(tiny("wan-ti2v")), (3, 4, 4), held=True),  # a level for each token
        Dream(str(tiny("wan-a14b")), (3, 4, 4), plan="offload"),
        Dream(str(tiny("wan-i2v")), (3, 4, 4), held=True),
        Dream(str(tiny("ltx")), (3, 4, 4)),
        Dream(str(tiny("ltx-condition")), (2, 3, 3), held=True),  # with hidden words too
    ]
    if find_spec("torchao") is not None:
        dreams.append(Dream(str(tiny("wan")), (3, 4, 4), weights="int8"))
    file = tmp_path_factory.mktemp("crowd") / "dreams.json"
    file.write_text(json.dumps([asdict(each) for each in dreams]))
    done = torchrun(str(TESTS / "crowd.py"), str(file), folder=file.parent)
    assert done.returncode == 0, done.stderr
    return dreams, file


def test_dreams_are_those_of_one_process(crowd: tuple[list[Dream], Path]) -> None:
    dreams, file = crowd
    films = load_file(file.with_suffix(".safetensors"))
    for number, dream in enumerate(dreams):
        torch.testing.assert_close(films[str(number)], dreamt(dream), atol=1e-4, rtol=0)


def test_a_part_costs_what_was_foretold(crowd: tuple[list[Dream], Path]) -> None:
    dreams, file = crowd
    real = json.loads(file.with_suffix(".cost").read_text())
    model = skeleton(Folder("wan", Path(dreams[0].folder)), dtype=torch.float32)
    canvas = blank(LatentShape(*dreams[0].sides), channels=model.channels, step=0.25)
    with torch.inference_mode():
        words = heard(model)
    memory, level = Memory(), torch.ones(len(canvas))
    prepared = model.family.prepare(model.shelf, model.codec, canvas)

    def one_pass() -> object:
        x = canvas.latents.to(META)
        return model.one_pass("transformer", x, level, words, prepared, memory, name="")

    count(one_pass)
    told = part(model, count(one_pass), canvas, devices=2)
    assert told.moved == real["moved"]
    assert told.attention == real["attention"]
    # The time is embedded by all of them, and so is the picture: convolutions are not divided.
    assert told.products == pytest.approx(real["products"], rel=0.01)
    assert told.peak == pytest.approx(real["peak"], rel=0.25)


def test_the_command_makes_one_film_once(tiny: Tiny, tmp_path: Path) -> None:
    words = ("generate", "a red ball", "--model", str(tiny("wan")), *FILM)
    done = torchrun("-m", "kinora", *words, "-o", "two.mp4", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "two.mp4\n"
    assert {file.name for file in tmp_path.iterdir()} == {
        "two.mp4", "two.mp4.json", "two.mp4.latents",
    }  # fmt: skip
    assert main([*words, "-o", str(tmp_path / "one.mp4")]) == 0
    one, two = (load_file(tmp_path / f"{name}.mp4.latents") for name in ("one", "two"))
    torch.testing.assert_close(two["latents"], one["latents"], atol=1e-4, rtol=0)


def test_an_error_of_one_process_ends_all_with_one_word(tiny: Tiny, tmp_path: Path) -> None:
    words = ("generate", "a red ball", "--model", str(tiny("wan")), *FILM, "-o", "film.mp4")
    done = torchrun(str(TESTS / "faulty.py"), *words, folder=tmp_path, FAULT="memory")
    assert done.returncode != 0
    assert done.stdout == ""
    (line,) = said(done.stderr)
    assert line.startswith("kinora: process 1 of 2: not enough memory.")
    assert not list(tmp_path.glob("film.mp4*"))


def test_ctrl_c_keeps_what_was_dreamt_for_one_process_too(tiny: Tiny, tmp_path: Path) -> None:
    words = ("generate", "a red ball", "--model", str(tiny("wan")), *FILM, "-o", "film.mp4")
    done = torchrun(str(TESTS / "faulty.py"), *words, folder=tmp_path, FAULT="interrupt")
    (line,) = said(done.stderr)
    assert line.startswith("Stopped. To go on: torchrun --nproc-per-node 2 -m kinora generate")
    assert not list(tmp_path.glob("film.mp4*"))
    assert list(tmp_path.glob(".film.mp4.dream/*-dream.safetensors"))


@pytest.mark.parametrize("name", ["skyreels", "cogvideox", "vace", "wan-causal"])
def test_what_cannot_be_shared_is_refused(tiny: Tiny, name: str) -> None:
    model = load_open(tiny(name))
    with pytest.raises(
        UnsupportedError, match=r"cannot be shared by 2 processes.*without torchrun"
    ):
        check_shared(model.shelf.folder, model.family, size=2)


def test_heads_tokens_and_devices_must_go_round(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    with pytest.raises(UsageError, match=r"3 processes cannot share the 2 attention heads .*: 2"):
        check_shared(model.shelf.folder, model.family, size=3)
    check_even(LatentShape(2, 6, 10), model.stride, size=2)
    with pytest.raises(UsageError, match=r"cannot share 80x48 evenly. Use --size 96x48"):
        check_even(LatentShape(1, 6, 10), model.stride, size=2)
    two = Team(0, 2, 0, 2)
    with pytest.raises(UsageError, match="cannot compute on cuda:1 together"):
        check_devices(torch.device("cuda:1"), two)
    if torch.cuda.device_count() < 2:
        with pytest.raises(UsageError, match="2 processes want a GPU each, and here"):
            check_devices(torch.device("cuda"), two)


def test_a_kernel_must_know_how_to_be_shared() -> None:
    alone, shared = Task(), Task(shared=True)
    assert {"native", "_native_math"} <= set(usable(alone))
    assert "native" in usable(shared)
    with pytest.raises(UsageError, match="does not run here in several processes"):
        check_backend("_native_math", shared)


def test_a_process_of_its_own_is_no_team() -> None:
    assert enlisted({}) is None
    assert enlisted({"WORLD_SIZE": "1", "RANK": "0"}) is None
    assert enlisted({"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"})
    assert team() is None
    assert fails_first()


def test_a_share_of_a_cost() -> None:
    cost = Cost(products=8.0, calls=3.0, peak=100, held=200)
    shared = cost.shared(4, whole=10, moved=5.0)
    assert shared == Cost(products=2.0, calls=3.0, peak=35, held=60, moved=5.0)
    assert cost.shared(1, whole=10, moved=5.0) == cost


def test_several_gpus_hold_all_weights_and_share_the_time(tiny: Tiny) -> None:
    machine = Machine(
        "gpu", 10**9, products=1e9, attention=1e9, convolutions=1e9, traffic=1e9, call=0.0, link=1e9
    )
    folder, shape = Folder("wan", tiny("wan")), PixelShape(9, 128, 128)

    def told(devices: int, machine: Machine = machine) -> dict[str, tuple[float, int, int]]:
        wish = Wish(shape, steps=4, guidance=2.0, devices=devices)
        film = predict(folder, wish, machine=machine, dtype=torch.float32)
        return {each.name: (each.seconds, each.weights, each.working) for each in film.stages}

    one, two = told(1), told(2)
    assert one["text"] == two["text"]
    assert one["decode"] == two["decode"], "the first one alone reads and draws"
    assert one["denoise"][1] == two["denoise"][1]
    assert 0.5 < two["denoise"][0] / one["denoise"][0] < 1
    slow = told(2, Machine(**{**asdict(machine), "link": 1e5}))
    assert slow["denoise"][0] > two["denoise"][0]
    with pytest.raises(UnsupportedError, match="no context-parallel plan"):
        wish = Wish(shape, steps=4, guidance=2.0, devices=2)
        predict(Folder("s", tiny("skyreels")), wish, machine=machine, dtype=torch.float32)
