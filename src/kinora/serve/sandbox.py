"""Files from somebody else, each decoded by a process that may die of it. In: an errand. Out: what was decoded.

The processes are children of a `kinora.serve.nursery`, which has loaded what they need; should it die, another
is begun.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from pydantic import ValidationError

from kinora.core.errors import BadMediaError
from kinora.serve.errand import GRACE_SECONDS, Decoded, Errand
from kinora.serve.nursery import END, ENDED, PATIENCE

START_SECONDS = 30.0
"""What a nursery may take to begin, on a machine that has other things to do."""
ANSWER_BYTES = 1 << 16
KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""What children see of our environment: nothing that is secret."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
CRASHES = frozenset(
    -number
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
)
TRIES = 2


class BrokenError(Exception):
    """The nursery died or hung; what became of the file is not known."""


class Sandbox:
    """Where uploads are decoded. Nothing runs before the first of them; `close` ends what runs.

    `begun` counts the nurseries so far.
    """

    def __init__(self) -> None:
        self.begun = 0
        self._closed = False
        self._guard = threading.Lock()
        self._nursery: Nursery | None = None

    def __enter__(self) -> "Sandbox":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @property
    def pid(self) -> int | None:
        """The process that has the libraries, if it runs."""
        with self._guard:
            return None if self._nursery is None else self._nursery.pid

    def close(self) -> None:
        """End the nursery, and with it whatever is being decoded; nothing is any more."""
        with self._guard:
            self._closed = True
            nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()

    def decode(self, errand: Errand) -> Decoded:
        """Decode a file in a process of its own.

        Raises:
            BadMediaError: it cannot be decoded, or not within the limits.
        """
        refused = BadMediaError("the upload cannot be decoded within the limits")
        try:
            told = self._ask(errand)
        except BrokenError as error:
            raise refused from error
        if "refused" in told:
            raise BadMediaError("the upload cannot be used", why=str(told["refused"]))
        try:
            return Decoded.model_validate(told)
        except ValidationError as error:
            raise refused from error

    def _ask(self, errand: Errand) -> dict[str, Any]:
        """A child's answer, empty if it ended without one; raises `BrokenError`.

        What a nursery takes with it when it dies is asked once more: it need not have been this file.
        """
        for left in reversed(range(TRIES)):
            nursery = self._living()
            try:
                told, ended = nursery.ask(errand)
            except BrokenError:
                self._drop(nursery).close()
                if not left:
                    raise
            else:
                if ended in CRASHES:
                    # Children have the addresses of their parent; nobody shall find them by trying.
                    self._drop(nursery).leave()
                return {} if ended else told
        raise AssertionError("the last try answers or raises")

    def _living(self) -> "Nursery":
        with self._guard:
            if self._closed:
                raise BrokenError
            if self._nursery is None or not self._nursery.living:
                if self._nursery is not None:
                    self._nursery.close()
                self._nursery = Nursery()
                self.begun += 1
            return self._nursery

    def _drop(self, nursery: "Nursery") -> "Nursery":
        """This nursery, asked no more; another errand may have dropped it already."""
        with self._guard:
            if self._nursery is nursery:
                self._nursery = None
        return nursery


class Nursery:
    """The process, as seen from here."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._channel, far = socket.socketpair()
        seen = {name: os.environ[name] for name in KEPT if name in os.environ}
        with far:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kinora.serve.nursery", str(far.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**seen, **ONE_THREAD},
                pass_fds=[far.fileno()],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def living(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, errand: Errand) -> tuple[dict[str, Any], int]:
        """Have a child do an errand.

        Returns:
            Its answer, and its exit status, as `subprocess` counts it.

        Raises:
            BrokenError: no end was told.
        """
        patience = errand.time + GRACE_SECONDS
        own, given = socket.socketpair()
        with own:
            with given:
                self._send(own, given, errand, patience=patience)
            told = everything(own, seconds=patience + START_SECONDS)
        if len(told) >= ANSWER_BYTES:
            return {}, 1
        first, *rest = [each for each in told.split(END) if each] or [b""]
        ended = read(rest[-1] if rest else first).get(ENDED)
        if not isinstance(ended, int):
            raise BrokenError
        return (read(first) if rest else {}), ended

    def leave(self) -> None:
        """Ask no more: it ends with the last of its children, which is soon."""
        with self._guard:
            self._channel.close()
        threading.Thread(target=self._process.wait, name="sandbox", daemon=True).start()

    def close(self) -> None:
        """End it now."""
        with self._guard:
            self._channel.close()
        self._process.kill()
        self._process.wait()

    def _send(
        self, own: socket.socket, given: socket.socket, errand: Errand, *, patience: float
    ) -> None:
        try:
            own.sendall(errand.model_dump_json().encode() + END)
            with self._guard:
                socket.send_fds(self._channel, [PATIENCE.pack(patience)], [given.fileno()])
        except OSError as error:
            raise BrokenError from error


def everything(line: socket.socket, *, seconds: float) -> bytes:
    """What is sent until the other side closes, but no more than any answer has.

    Raises:
        BrokenError: that takes longer than `seconds`.
    """
    deadline, told = time.monotonic() + seconds, b""
    try:
        while len(told) < ANSWER_BYTES:
            line.settimeout(max(0.001, deadline - time.monotonic()))
            piece = line.recv(1 << 12)
            if not piece:
                break
            told += piece
    except OSError as error:
        raise BrokenError from error
    return told


def read(line: bytes) -> dict[str, Any]:
    """A line as JSON; empty for anything else, which only a child says that is no longer our own program."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
