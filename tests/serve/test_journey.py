"""The official client, unchanged but for its base URL, goes through everything the API has."""

import io
import warnings
from collections.abc import Iterator

import av
import numpy as np
import openai
import pytest
from PIL import Image

from serving import Served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROMPT = "a red ball rolls on grass"


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[openai.OpenAI]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


@pytest.fixture(scope="module")
def film(client: openai.OpenAI) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        video = client.videos.create_and_poll(
            prompt=PROMPT, seconds="4", size="96x64", extra_body={"seed": 7, "steps": 2}
        )
    assert video.status == "completed", video
    return video.id


def frames_of(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def download(client: openai.OpenAI, video: str, variant: str = "video") -> bytes:
    return client.videos.download_content(video, variant=variant).read()  # type: ignore[arg-type]


def test_create_and_poll(client: openai.OpenAI, film: str) -> None:
    video = client.videos.retrieve(film)
    assert (video.status, video.progress, video.seconds, video.size) == (
        "completed",
        100,
        "4",
        "96x64",
    )
    assert video.prompt == PROMPT
    assert video.completed_at and video.expires_at and video.expires_at > video.completed_at


def test_the_film_has_the_length_and_size_asked_for(client: openai.OpenAI, film: str) -> None:
    frames = frames_of(download(client, film))
    assert len(frames) == 32
    assert frames[0].shape == (64, 96, 3)


def test_variants(client: openai.OpenAI, film: str) -> None:
    thumbnail = Image.open(io.BytesIO(download(client, film, "thumbnail")))
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (96, 64))
    sheet = Image.open(io.BytesIO(download(client, film, "spritesheet")))
    assert (sheet.format, sheet.size) == ("JPEG", (4 * 240, 3 * 160))


def test_the_same_seed_makes_the_same_film(client: openai.OpenAI, film: str) -> None:
    again = client.videos.create_and_poll(
        prompt=PROMPT, seconds="4", size="96x64", extra_body={"seed": 7, "steps": 2}
    )
    one, other = (np.stack(frames_of(download(client, video))) for video in (film, again.id))
    assert np.array_equal(one, other)


def test_input_reference_is_the_first_frame(client: openai.OpenAI) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), (250, 10, 10)).save(picture, "PNG")
    made = {}
    for name, reference in (
        ("with", ("a.png", picture.getvalue(), "image/png")),
        ("without", None),
    ):
        more = {"input_reference": reference} if reference else {}
        video = client.videos.create_and_poll(
            prompt=PROMPT, size="96x64", extra_body={"seed": 3, "steps": 2}, **more
        )
        assert video.status == "completed", video
        made[name] = frames_of(download(client, video.id))
    # An untrained network draws no red, but it draws another first frame, and hears of it later.
    assert not np.array_equal(made["with"][0], made["without"][0])


def test_list_pages_in_both_orders(client: openai.OpenAI, film: str) -> None:
    for order in ("asc", "desc"):
        ids = [video.id for video in client.videos.list(limit=2, order=order)]
        assert film in ids
        assert len(ids) == len(set(ids)) >= 3
        times = [client.videos.retrieve(each).created_at for each in ids]
        assert times == sorted(times, reverse=order == "desc")


def test_remix_tells_where_it_came_from(client: openai.OpenAI, film: str) -> None:
    remixed = client.videos.remix(film, prompt="a blue cube falls")
    assert remixed.remixed_from_video_id == film
    done = client.videos.poll(remixed.id)
    assert done.status == "completed", done
    assert len(frames_of(download(client, done.id))) == 32
    assert download(client, done.id) != download(client, film)


def test_edit_by_id_and_by_file(client: openai.OpenAI, server: Served, film: str) -> None:
    sent = {"prompt": "a green cone", "video": {"id": film}}
    by_id = server.http.post("/v1/videos/edits", json=sent).json()
    by_file = client.videos.edit(
        prompt="a green cone", video=("film.mp4", download(client, film), "video/mp4")
    )
    for video in (by_id["id"], by_file.id):
        done = client.videos.poll(video)
        assert done.status == "completed", done
        assert len(frames_of(download(client, video))) == 32


def test_extend_keeps_what_is_there(client: openai.OpenAI, server: Served, film: str) -> None:
    sent = {"prompt": PROMPT, "video": {"id": film}, "seconds": "2", "steps": 2}
    made = server.http.post("/v1/videos/extensions", json=sent).json()
    assert made["seconds"] == "6"
    assert client.videos.poll(made["id"]).status == "completed"
    source, longer = frames_of(download(client, film)), frames_of(download(client, made["id"]))
    assert len(longer) == 48
    assert psnr(source, longer[:32]) > 35
    assert psnr(source[:16], longer[32:]) < 30


def test_extend_by_file(client: openai.OpenAI, film: str) -> None:
    video = client.videos.extend(
        prompt=PROMPT, seconds="4", video=("film.mp4", download(client, film), "video/mp4")
    )
    assert video.seconds == "8"
    assert client.videos.poll(video.id).status == "completed"
    assert len(frames_of(download(client, video.id))) == 64


def test_characters(client: openai.OpenAI, film: str) -> None:
    data = download(client, film)
    hero = client.videos.create_character(name="Rolly", video=("a.mp4", data, "video/mp4"))
    assert client.videos.get_character(hero.id).name == "Rolly"
    video = client.videos.create_and_poll(
        prompt="Rolly rolls on grass",
        size="96x64",
        extra_body={"characters": [{"id": hero.id}], "seed": 7, "steps": 2},
    )
    assert video.status == "completed", video
    with pytest.raises(openai.BadRequestError, match="does not name the character"):
        client.videos.create(prompt=PROMPT, extra_body={"characters": [{"id": hero.id}]})


def test_delete_takes_row_and_files(client: openai.OpenAI, server: Served) -> None:
    video = client.videos.create_and_poll(prompt=PROMPT, size="96x64", extra_body={"steps": 1})
    folder = server.data / "store" / "videos" / video.id
    assert folder.exists()
    assert client.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)
    from serving import until

    until(lambda: not folder.exists(), what="the files to go")


def test_errors_have_the_shape_the_client_reads(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.videos.retrieve("video_none")
    assert missing.value.code == "not_found"
    with pytest.raises(openai.BadRequestError) as wrong:
        client.videos.create(prompt="x", extra_body={"sedd": 1})
    assert wrong.value.param == "sedd"
    with pytest.raises(openai.BadRequestError, match="prompt"):
        client.videos.create(prompt="")


def psnr(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    error = np.mean((np.stack(one).astype(float) - np.stack(other).astype(float)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_models_by_name(client: openai.OpenAI) -> None:
    (name,) = [model.id for model in client.models.list()]
    assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("another")


def test_files_and_batches_through_the_client(client: openai.OpenAI) -> None:
    line = (
        b'{"custom_id": "a", "url": "/v1/videos", "body": {"prompt": "a red ball", "seconds": 1}}'
    )
    file = client.files.create(file=("b.jsonl", line), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/videos",
        completion_window="24h",
        metadata={"night": "shift"},
    )
    assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    assert next(iter(client.batches.list(limit=1))).id == batch.id
    assert next(iter(client.files.list(limit=1))).id == file.id
    assert client.files.content(file.id).read() == line
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


def test_the_head_of_a_film_tells_its_size(server: Served, film: str) -> None:
    path = f"/v1/videos/{film}/content"
    whole, head = server.http.get(path), server.http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    part = server.http.head(path, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
