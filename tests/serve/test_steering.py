"""Cancel, pause, resume, priorities, retry, idempotency: on the wire and in truth."""

import re

import httpx
import pytest

from serving import Served, until

SLOW = {"steps": 80, "seconds": 8, "size": "96x64", "seed": 5}
QUICK = {"steps": 1, "seconds": 1, "size": "96x64"}


def act(server: Served, video: str, verb: str) -> httpx.Response:
    return server.http.post(f"/kinora/v1/jobs/{video}/{verb}")


def running(server: Served) -> str:
    """A slow film that is being dreamt."""
    video = server.create(**SLOW)
    until(lambda: server.job(video)["stage"] == "denoise", what="the work to begin")
    return video


def test_cancel_stops_the_work_and_polls_as_failed(server: Served) -> None:
    video = running(server)
    assert act(server, video, "cancel").status_code == 202
    job = server.wait(video, "cancelled", "done")
    assert job["state"] == "cancelled"
    told = server.http.get(f"/v1/videos/{video}")
    assert told.status_code == 200
    assert (told.json()["status"], told.json()["error"]["code"]) == ("failed", "cancelled")
    assert act(server, video, "cancel").status_code == 202
    assert act(server, video, "pause").status_code == 409
    assert server.http.get(f"/v1/videos/{video}/content").status_code == 400


def test_pause_and_resume_make_the_very_film(server: Served) -> None:
    undisturbed = server.create(**SLOW)
    video = running(server)
    assert act(server, video, "pause").status_code == 202
    paused = server.wait(video, "paused", "done")
    assert paused["state"] == "paused"
    assert server.http.get(f"/v1/videos/{video}").json()["status"] == "queued"
    assert act(server, video, "resume").status_code == 202
    done, twin = server.wait(video), server.wait(undisturbed)
    assert done["state"] == twin["state"] == "done"
    assert done["frames_sha256"] == twin["frames_sha256"]
    events = server.http.get(f"/kinora/v1/jobs/{video}/events").text
    told = [int(share) for share in re.findall(r'"progress": ?(\d+)', events)]
    assert told == sorted(told), "progress never goes back"
    assert len(set(told)) > 3


def test_a_cancelled_job_is_tried_again(server: Served) -> None:
    blocker = running(server)
    video = server.create(**QUICK)
    act(server, video, "cancel")
    assert server.wait(video, "cancelled")["error_code"] == "cancelled"
    assert act(server, video, "retry").status_code == 202
    act(server, blocker, "cancel")
    assert server.wait(video)["state"] == "done"
    assert act(server, video, "retry").status_code == 409


def test_priority_and_place_decide_whose_turn_it_is(server: Served) -> None:
    blocker = running(server)
    # One order waits at the worker already; what follows is still the queue's to decide.
    first = server.create(**QUICK)
    until(lambda: server.job(first)["state"] == "dispatched", what="the order to be given")
    low, middle, high = (server.create(**QUICK, priority=p) for p in (0, 0, 5))
    moved = server.http.patch(f"/kinora/v1/jobs/{middle}", json={"before": low})
    assert moved.status_code == 200, moved.text
    listed = server.http.get("/kinora/v1/jobs", params={"state": "queued"}).json()["data"]
    assert [job["id"] for job in listed] == [high, middle, low]
    assert server.job(low)["ahead"] == 2
    act(server, blocker, "cancel")
    begun = {video: server.wait(video)["started_at"] for video in (low, middle, high)}
    assert begun[high] < begun[middle] < begun[low]


def test_deleting_a_running_job_stops_it(server: Served) -> None:
    video = running(server)
    folder = server.data / "store" / "videos" / video
    assert server.http.delete(f"/v1/videos/{video}").json()["deleted"] is True
    assert server.http.get(f"/v1/videos/{video}").status_code == 404
    until(lambda: not folder.exists(), what="its files to go")
    again = server.create(**QUICK)
    assert server.wait(again)["state"] == "done"


def test_one_key_one_job(server: Served) -> None:
    def send(prompt: str) -> httpx.Response:
        return server.http.post(
            "/v1/videos",
            json={"prompt": prompt, **QUICK},
            headers={"Idempotency-Key": "the-same"},
        )

    first, second, other = send("a red ball"), send("a red ball"), send("a blue ball")
    assert first.json()["id"] == second.json()["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


def test_events_go_on_after_the_last_one_seen(server: Served) -> None:
    video = server.create(**QUICK)
    server.wait(video)
    path = f"/kinora/v1/jobs/{video}/events"
    text = server.http.get(path).text
    kinds = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event")]
    assert kinds[0] == "queued"
    assert kinds[-1] == "completed"
    assert "progress" in kinds
    ids = [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")]
    rest = server.http.get(path, headers={"Last-Event-ID": ids[2]}).text
    assert [line[4:] for line in rest.splitlines() if line.startswith("id: ")] == ids[3:]


def test_progress_grows_and_the_poller_is_told_when_to_come_back(server: Served) -> None:
    video = running(server)
    seen = []
    while True:
        answer = server.http.get(f"/v1/videos/{video}")
        assert 250 <= int(answer.headers["openai-poll-after-ms"]) <= 10_000
        seen.append(answer.json()["progress"])
        if answer.json()["status"] == "completed":
            break
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_estimate_knows_the_past(server: Served) -> None:
    server.wait(server.create(**QUICK))
    sent = {"prompt": "a red ball", "seconds": 4, "size": "96x64"}
    short = server.http.post("/kinora/v1/estimate", json=sent).json()
    long = server.http.post("/kinora/v1/estimate", json={**sent, "seconds": 8}).json()
    assert short["samples"] > 0
    assert long["seconds"] == pytest.approx(2 * short["seconds"], rel=0.1)


def test_a_batch_is_taken_whole_or_not_at_all(server: Served) -> None:
    line = (
        '{"custom_id": "%s", "method": "POST", "url": "/v1/videos", "body": {"prompt": "a red ball",'
        ' "seconds": "1", "size": "96x64", "steps": 1}}'
    )
    good = "\n".join(line % name for name in "abc")

    def batch(text: str) -> httpx.Response:
        uploaded = server.http.post(
            "/v1/files", data={"purpose": "batch"}, files={"file": ("b.jsonl", text.encode())}
        ).json()
        sent = {
            "input_file_id": uploaded["id"],
            "endpoint": "/v1/videos",
            "completion_window": "24h",
        }
        return server.http.post("/v1/batches", json=sent)

    wrong = batch(good + "\n" + (line % "d").replace("prompt", "prompd"))
    assert wrong.status_code == 400
    assert "Line 4" in wrong.json()["error"]["message"]
    made = batch(good).json()
    assert made["request_counts"] == {"total": 3, "completed": 0, "failed": 0}

    def finished() -> dict[str, object] | None:
        told = server.http.get(f"/v1/batches/{made['id']}").json()
        return told if told["status"] == "completed" else None

    done = until(finished)
    output = server.http.get(f"/v1/files/{done['output_file_id']}/content").text
    assert output.count('"completed"') == 3
    assert [output.index(f'"custom_id": "{name}"') for name in "abc"] == sorted(
        output.index(f'"custom_id": "{name}"') for name in "abc"
    )


def test_files_and_batches_are_listed_in_pages(server: Served) -> None:
    line = '{"custom_id": "a", "url": "/v1/videos", "body": {"prompt": "a red ball", "seconds": 1}}'
    sent: list[tuple[str, str]] = []
    for _ in range(3):
        uploaded = server.http.post("/v1/files", files={"file": ("b.jsonl", line.encode())}).json()
        wanted = {"input_file_id": uploaded["id"], "endpoint": "/v1/videos"}
        batch = server.http.post("/v1/batches", json=wanted).json()
        assert server.http.post(f"/v1/batches/{batch['id']}/cancel").status_code == 200
        sent.insert(0, (uploaded["id"], batch["id"]))
    for place, path in enumerate(("/v1/files", "/v1/batches")):
        first = server.http.get(path, params={"limit": 2}).json()
        assert [each["id"] for each in first["data"]] == [each[place] for each in sent[:2]]
        assert first["has_more"] is True
        rest = server.http.get(path, params={"after": first["last_id"], "limit": 1}).json()
        assert rest["data"][0]["id"] == sent[2][place]
    gone = sent[0][0]
    assert server.http.delete(f"/v1/files/{gone}").json()["deleted"] is True
    assert server.http.get(f"/v1/files/{gone}/content").status_code == 404
    assert not (server.data / "store" / "files" / gone).exists()
    assert server.http.get(f"/v1/batches/{sent[0][1]}").status_code == 200
    output = server.http.delete(f"/v1/files/file_out_{sent[0][1]}")
    assert (output.status_code, output.json()["error"]["code"]) == (400, "unsupported")
