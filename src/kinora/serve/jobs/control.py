"""Stop flags. In: what clients want, seen by a watcher thread. Out: an exception inside the work.

A running step notices nothing by itself, so the work asks at every solver step, decoder chunk and
encoded frame. `ShuttingDown` is no `Exception`: the engine then leaves the order open for a successor.
"""

import threading

from kinora.core.errors import CancelledError


class ShuttingDown(BaseException):
    """This process has been asked to end; what is stored so far is enough to go on from."""


class StoppedError(CancelledError):
    """A client wants this job paused, cancelled or deleted, or it is no longer ours."""


class Control:
    """What the jobs of this process are told."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: dict[str, int] = {}
        self._stopped: set[str] = set()
        self.ending = threading.Event()

    def enter(self, video: str, generation: int) -> None:
        """The work on a video begins or goes on."""
        with self._guard:
            self._running[video] = generation
            self._stopped.discard(video)

    def leave(self, video: str) -> None:
        """The work on it is over, one way or the other."""
        with self._guard:
            self._running.pop(video, None)
            self._stopped.discard(video)

    def running(self) -> dict[str, int]:
        """Video -> generation of everything at work."""
        with self._guard:
            return dict(self._running)

    def stop(self, video: str) -> None:
        """Stop it at the next opportunity."""
        with self._guard:
            if video in self._running:
                self._stopped.add(video)

    def check(self, video: str) -> None:
        """Raise if the work on `video` shall stop here."""
        if self.ending.is_set():
            raise ShuttingDown
        with self._guard:
            if video in self._stopped:
                raise StoppedError("the job was stopped")
