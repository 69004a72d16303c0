"""A receiver that verifies with the official client, and one that has to be asked twice."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from serving import Served, until


class Receiver(ThreadingHTTPServer):
    """Refuses every event once, then takes it; keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def about(self, video: str) -> list[tuple[dict[str, str], bytes]]:
        """What it was sent about one film; the server makes those of other tests too."""
        return [each for each in self.seen if json.loads(each[1])["data"]["id"] == video]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        event = self.headers["webhook-id"]
        known = any(headers["webhook-id"] == event for headers, _ in self.server.seen)
        self.server.seen.append((dict(self.headers.items()), body))
        self.send_response(200 if known else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    served = Receiver()
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def test_signed_repeated_and_logged(server: Served, receiver: Receiver) -> None:
    hook = server.http.post("/kinora/v1/webhooks", json={"url": receiver.url}).json()
    video = server.create(steps=1, seconds=1, size="96x64")
    server.wait(video)
    log = f"/kinora/v1/webhooks/{hook['id']}/deliveries"

    def delivered() -> dict[str, object] | None:
        told = server.http.get(log).json()["data"]
        events = {headers["webhook-id"] for headers, _ in receiver.about(video)}
        return next((e for e in told if e["id"] in events and e["state"] == "delivered"), None)

    entry = until(delivered, what="the second attempt")
    assert (entry["attempts"], entry["status"], entry["type"]) == (2, 200, "video.completed")
    (_, first), (headers, second) = receiver.about(video)
    assert first == second, "a repeat is the same event"
    client = openai.OpenAI(api_key="none", webhook_secret=hook["secret"])
    event = client.webhooks.unwrap(second, headers)
    assert (event.type, event.data.id, event.object) == ("video.completed", video, "event")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(second.replace(b"completed", b"complated"), headers)
    assert "secret" not in server.http.get("/kinora/v1/webhooks").text.replace('"secret":null', "")
    server.http.delete(f"/kinora/v1/webhooks/{hook['id']}")
    assert server.http.get(log).status_code == 404


def test_addresses_that_are_none(server: Served) -> None:
    long = f"http://{'a' * 64}.example/"
    bad = ("ftp://x/y", "http://", "http://user:pw@host/", "javascript:alert(1)")
    for url in (*bad, "http://a..b/x", "https://.example.com/", long):
        answer = server.http.post("/kinora/v1/webhooks", json={"url": url})
        assert answer.status_code == 400, url
