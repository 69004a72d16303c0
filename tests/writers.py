"""A writer of prompts on this machine. In: questions in OpenAI's form. Out: one paragraph, or what goes wrong."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

TEXT = "a red ball rolls."


def fickle(number: int) -> str:
    """What is answered to that question, from 1 on."""
    return f"{TEXT} the cube falls{' past the cone' * number}."


class Writer(HTTPServer):
    """Answers the model `good`, and `fickle` with other words each time; of `broken` and any other it knows nothing.

    `asked` has every question with its path and key.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class _Answer(BaseHTTPRequestHandler):
    server: Writer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, "key": self.headers["Authorization"], **body})
        text = fickle(len(self.server.asked)) if body["model"] == "fickle" else TEXT
        reply = {"choices": [{"message": {"content": f" {text} "}}]}
        self.send_response(200 if body["model"] != "broken" else 500)
        self.end_headers()
        self.wfile.write(json.dumps(reply if body["model"] in {"good", "fickle"} else {}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def writing() -> Iterator[Writer]:
    """The writer at work."""
    with Writer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
