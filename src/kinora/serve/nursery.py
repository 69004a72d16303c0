"""A small process that bears one child for each file. In: sockets, one a file. Out: a child's answer on each.

Run by `kinora.serve.sandbox` as `python -m kinora.serve.nursery FD`. The libraries that decode are loaded once,
here; this process touches no file of anybody, has one thread, and outlives its caller by one errand at most.
"""

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from kinora.serve.errand import Errand, run

PATIENCE = struct.Struct("d")
"""What comes with every socket: the seconds after which its child is killed."""
ANSWER = 3
"""Descriptor of a child's socket, the only thing that it has open."""
SHORTEST_WAIT = 0.05
"""Seconds between two looks at a child that is killed and does not die at once."""
END = b"\n"
ENDED = "ended"


@dataclass(frozen=True)
class Child:
    """One at work: where its end is told, and when it is killed (monotonic seconds)."""

    line: socket.socket
    deadline: float


class Nursery:
    """Bears children until the channel is closed and the last of them is dead.

    Args:
        channel: gives sockets.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._children = channel, dict[int, Child]()
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        # A handler must be there, or no signal comes at all; the pipe is what ends the waiting.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def run(self) -> None:
        """Until nobody asks any more."""
        asked = True
        while asked or self._children:
            watched: list[int | socket.socket] = [self._woken]
            watched += [self._channel] if asked else []
            ready, _, _ = select.select(watched, [], [], self._left())
            if self._woken in ready:
                os.read(self._woken, 1 << 12)
            if self._channel in ready:
                asked = self._bear()
            self._end_late()
            self._bury()

    def _left(self) -> float | None:
        """Seconds until the next child is late."""
        if not self._children:
            return None
        first = min(child.deadline for child in self._children.values())
        return max(SHORTEST_WAIT, first - time.monotonic())

    def _bear(self) -> bool:
        """A child for the next socket; False if the channel is closed."""
        try:
            told, given, _, _ = socket.recv_fds(self._channel, PATIENCE.size, 1)
        except ConnectionError:
            return False
        if len(told) != PATIENCE.size or len(given) != 1:
            return False
        line = socket.socket(fileno=given[0])
        try:
            pid = os.fork()
        except OSError:
            # Whoever asked sees that no end was told.
            line.close()
            return True
        if pid == 0:
            serve(line)
        self._children[pid] = Child(line, time.monotonic() + PATIENCE.unpack(told)[0])
        return True

    def _end_late(self) -> None:
        now = time.monotonic()
        for pid, child in self._children.items():
            if now >= child.deadline:
                os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Tell of those that have ended, and end what they left behind."""
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            # Whatever it has begun itself; numbers are given out in turn, so that this is its group still.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            with self._children.pop(pid).line as line:
                tell(line, json.dumps({ENDED: os.waitstatus_to_exitcode(status)}))


def serve(line: socket.socket) -> NoReturn:
    """A child's whole life: nothing of its parent or its siblings is open to it."""
    status = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(line.fileno(), ANSWER)
        os.closerange(ANSWER + 1, most_files())
        with socket.socket(fileno=ANSWER) as own, own.makefile("rb") as sent:
            errand = Errand.model_validate_json(sent.readline())
            tell(own, run(errand))
            status = 0
    finally:
        os._exit(status)


def most_files() -> int:
    """One more than the largest descriptor that is open."""
    return 1 + max(int(name) for name in os.listdir("/dev/fd"))


def tell(line: socket.socket, words: str) -> None:
    """Send a line; whoever has gone need not be told."""
    try:
        line.sendall(words.encode() + END)
    except OSError:
        return


def preload() -> None:
    """Load what decoding needs, so that children begin with it."""
    import av
    import numpy
    from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    import kinora.media.read

    del av, numpy, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin, kinora
    # What is there now is never collected, so that children share its memory.
    gc.freeze()


def main() -> None:
    """The process."""
    preload()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        Nursery(channel).run()


if __name__ == "__main__":
    main()
