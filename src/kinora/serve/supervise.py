"""Worker processes of this server. In: settings, a number. Out: that many, begun again when one dies."""

import os
import subprocess
import sys
import threading
import time

from kinora.serve.settings import WORKER_VARIABLE, Settings

LOOK_SECONDS = 0.25
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY_SECONDS = 60.0
END_SECONDS = 20.0


class Supervisor(threading.Thread):
    """Keeps `settings.workers` processes alive, until `stop`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="supervisor", daemon=True)
        self._settings = settings
        self._ending = threading.Event()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._begun: dict[int, float] = {}
        self._wait = dict.fromkeys(range(settings.workers), SHORTEST_WAIT)
        self._due = dict.fromkeys(range(settings.workers), 0.0)

    def run(self) -> None:
        """Begin what is not running, not before its wait is over."""
        while not self._ending.is_set():
            for number in range(self._settings.workers):
                self._look(number)
            self._ending.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """Ask every worker to end and wait; the work at hand is kept for the next start."""
        self._ending.set()
        self.join()
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + END_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _look(self, number: int) -> None:
        now = time.monotonic()
        process = self._processes.get(number)
        if process is not None:
            if process.poll() is None:
                return
            del self._processes[number]
            steady = now - self._begun[number] > STEADY_SECONDS
            self._wait[number] = (
                SHORTEST_WAIT if steady else min(LONGEST_WAIT, 2 * self._wait[number])
            )
            self._due[number] = now + (SHORTEST_WAIT if steady else self._wait[number] / 2)
        if now >= self._due[number]:
            self._begun[number] = now
            self._processes[number] = begin(self._settings, name=f"worker-{number}")


def begin(settings: Settings, *, name: str) -> "subprocess.Popen[bytes]":
    """Start one worker process, which ends when this process does."""
    return subprocess.Popen(
        [sys.executable, "-m", "kinora.serve.jobs.worker", name, str(os.getpid())],
        env={**os.environ, WORKER_VARIABLE: settings.model_dump_json()},
    )
