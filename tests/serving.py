"""A real server as a process of its own. In: settings. Out: an address, until the test is over."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

PROGRAM = "from kinora.cli.main import run; run()"
PATIENCE = 240.0
WORKER = "kinora.serve.jobs.worker"
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ask: Callable[[], T | None], *, seconds: float = PATIENCE, what: str = "it") -> T:
    """The first answer of `ask` that is neither None nor False."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ask()
        if found is not None and found is not False:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def command(pid: int) -> list[str]:
    """The words that a process was started with; none if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except FileNotFoundError:
        return []


def environment() -> dict[str, str]:
    """This process's, with one thread to a process, so that tests share two cores."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KINORA_")}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}


class Served:
    """`kinora serve` on a free port.

    Args:
        data: its folder.
        model: folder of the model.
        settings: anything else that `Settings` takes.
    """

    def __init__(self, data: Path, model: Path, **settings: Any) -> None:
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = {"data": data, "model": model, "port": self.port, **settings}
        # JSON is how `--set` reads anything that is not plain text.
        self._words = [
            f"--set={key}={value if isinstance(value, str | Path) else json.dumps(value)}"
            for key, value in given.items()
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=self.url, timeout=60.0)

    def at(self, port: int) -> "Served":
        """One that runs already, on `port`, and is somebody else's to stop."""
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=60.0)
        return self

    def start(self) -> "Served":
        data = self.data
        data.mkdir(parents=True, exist_ok=True)
        with (data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "serve", *self._words],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers, what=f"the server ({data / 'server.log'})")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.data / "server.log").read_text()
        try:
            return self.http.get("/kinora/v1/health").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(40)
            self.process = None

    def kill(self) -> None:
        """The server alone, as the kernel would; its workers notice by themselves."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def close(self) -> None:
        self.stop()
        self.http.close()

    def worker_pids(self) -> list[int]:
        """Processes of the workers that this server started; it has other children too."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for path in children for pid in path.read_text().split()]
        return [pid for pid in pids if WORKER in command(pid)]

    def kill_workers(self) -> int:
        """Kill -9; returns how many there were."""
        pids = self.worker_pids()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)

    def create(self, **fields: Any) -> str:
        answer = self.http.post("/v1/videos", json={"prompt": "a red ball rolls", **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def job(self, video: str) -> dict[str, Any]:
        answer = self.http.get(f"/kinora/v1/jobs/{video}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def wait(self, video: str, *states: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The job, as soon as it is in one of `states`."""
        wanted = states or ("done", "failed", "cancelled")

        def ask() -> dict[str, Any] | None:
            job = self.job(video)
            return job if job["state"] in wanted else None

        return until(ask, seconds=seconds, what=f"{video} to be {wanted}")
