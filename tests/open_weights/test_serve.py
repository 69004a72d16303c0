"""A server with a published model: real classes at tiny size, films over HTTP."""

import base64
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from kinora.core.errors import NotFoundError, UnsupportedError, UsageError
from kinora.core.progress import Progress
from kinora.open_weights.load import load_open
from kinora.serve.card import model_card
from kinora.serve.foresight import Question, count, memory
from kinora.serve.jobs.previews import SHARE, Previews
from serving import Served, environment, until

Tiny = Callable[[str], Path]
ID, COMMIT = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers", "c" * 40

# The library warns of its own parts when a pipeline is written.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers"),
]


@pytest.fixture(scope="module")
def server(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose model is a hub id, in the hub library's cache as if it had been pulled."""
    cache = tmp_path_factory.mktemp("cache")
    there = cache / f"models--{ID.replace('/', '--')}"
    shutil.copytree(tiny("wan"), there / "snapshots" / COMMIT)
    (there / "refs").mkdir()
    (there / "refs" / "main").write_text(COMMIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(cache))
        served = Served(tmp_path_factory.mktemp("server"), Path(ID), checkpoint_seconds=0.2)
        yield served.start()
        served.close()


def test_the_server_tells_what_the_model_is(server: Served) -> None:
    told = server.http.get(f"/v1/models/{ID}").json()
    assert (told["id"], told["size"], told["fps"]) == (ID, "832x480", 16.0)
    assert told["owned_by"] == "Wan-AI"
    assert server.http.get("/v1/models").json()["data"] == [told]
    assert not told["characters"]


def test_a_folder_is_known_by_its_own_name(tiny: Tiny) -> None:
    """Where it lies is told to nobody."""
    card = model_card(str(tiny("ltx")))
    assert (card.name, card.fps, card.height, card.width) == ("ltx", 25.0, 512, 704)
    assert card.owner == "local"
    assert card.stride == load_open(tiny("ltx")).stride


def test_a_server_does_without_torch(tiny: Tiny) -> None:
    program = f"""if True:
        import sys
        import kinora.serve.app
        from kinora.serve.card import model_card
        assert model_card({str(tiny("wan"))!r}).stride.grain == 16
        assert not {{"torch", "diffusers", "transformers"}} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", program], env=environment(), check=True)


def test_a_film(server: Served) -> None:
    """Its length and size as asked for, made larger where the model's grain says so."""
    video = server.create(steps=2, seconds=0.5, size="72x64", seed=3)
    job = server.wait(video)
    assert job["state"] == "done", job
    assert job["notes"] == ["made at 80x64 and cut to 72x64"]
    film = server.http.get(f"/v1/videos/{video}").json()
    assert (film["model"], film["size"], float(film["seconds"])) == (ID, "72x64", 0.5)
    content = server.http.get(f"/v1/videos/{video}/content").content
    assert content[4:8] == b"ftyp"
    assert ID.encode() in content, "the recipe travels in the file"


def test_an_edit_goes_on_from_it(server: Served) -> None:
    film = {"steps": 2, "seconds": 0.5, "size": "64x64", "seed": 3}
    first = server.create(**film)
    assert server.wait(first)["state"] == "done"
    body = {"video": {"id": first}, "prompt": "a blue ball", "strength": 0.5, "steps": 2}
    edited = server.http.post("/v1/videos/edits", json=body).json()["id"]
    job = server.wait(edited)
    assert job["state"] == "done", job


def test_a_killed_worker_goes_on_from_its_last_checkpoint(server: Served) -> None:
    film = {"steps": 60, "seconds": 1, "size": "64x64", "seed": 11}
    twin, video = server.create(**film), server.create(**film)
    until(lambda: server.job(video)["stage"] == "denoise" and server.job(video)["done"] > 5)
    assert server.kill_workers() == 1
    job, undisturbed = server.wait(video), server.wait(twin)
    assert job["state"] == "done", job
    assert job["frames_sha256"] == undisturbed["frames_sha256"]
    events = server.http.get(f"/kinora/v1/jobs/{video}/events").text
    after_death = events.split("event: begun")[2]
    assert int(after_death.split('"stage": "denoise", "done": ')[1].split(",")[0]) > 1


def test_a_film_of_a_picture(tiny: Tiny, tmp_path: Path) -> None:
    """A model that needs one says so in the job."""
    film = {"steps": 2, "seconds": 0.5, "size": "64x64", "seed": 3}
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    first = {"image_url": f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"}
    served = Served(tmp_path / "server", tiny("wan-i2v"))
    try:
        server = served.start()
        without, shown = server.create(**film), server.create(**film, input_reference=first)
        job = server.wait(without)
        assert (job["state"], job["error_code"]) == ("failed", "unsupported"), job
        assert "turns pictures into video" in job["error_message"]
        assert server.wait(shown)["state"] == "done"
    finally:
        served.close()


def test_pictures_on_the_way_take_a_small_part_of_the_time(tiny: Tiny) -> None:
    model = load_open(tiny("wan"))
    seen = Progress("denoise", 1, 9, preview=torch.zeros(5, model.channels, 8, 8))
    assert Previews(model, seconds=0.0)(seen) is None
    assert Previews(model, seconds=1.0)(seen) is not None, "the first one also loads the decoder"
    draw = Previews(model, seconds=1e-6)
    begun = time.monotonic()
    first = draw(seen)
    took = time.monotonic() - begun
    assert first is not None
    assert draw(seen) is None, "so soon"
    time.sleep(took / SHARE)
    assert draw(seen) is not None


def test_memory_is_foretold(server: Served, tiny: Tiny) -> None:
    """Longer than a window costs no more than a window: the film is made in windows."""
    sent = {"prompt": "a red ball", "seconds": 0.5, "size": "64x64", "steps": 2}
    answer = server.http.post("/kinora/v1/estimate", json=sent).json()
    question = Question(model=str(tiny("wan")), frames=9, height=64, width=64, steps=2)
    assert answer["memory"] == memory(question)
    weights = sum(file.stat().st_size for file in tiny("wan").rglob("*.safetensors"))
    large = question.model_copy(update={"height": 256, "width": 256})
    window, longer = (large.model_copy(update={"frames": frames}) for frames in (81, 161))
    assert weights < count(large) < count(window) == count(longer)


def test_a_model_that_was_not_pulled_is_told_how(tmp_path: Path) -> None:
    other = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
    with pytest.raises(NotFoundError, match=f"kinora models pull {other}"):
        model_card(other)
    with pytest.raises(NotFoundError, match="Name a hub id"):
        model_card(str(tmp_path))


def test_what_is_wrong_with_a_folder_is_told(tiny: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("wan"), tmp_path / "wan")
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(UsageError, match="pickled"):
        model_card(str(folder))
    index = folder / "model_index.json"
    told = {**json.loads(index.read_text()), "_class_name": "OtherPipeline"}
    index.write_text(json.dumps(told))
    with pytest.raises(UnsupportedError, match="OtherPipeline"):
        model_card(str(folder))
