"""Errors a user can act on. In: what went wrong. Out: one line with what, why and what to type.

Every `KinoraError` carries the process exit code of its kind, so the command line needs no table.
"""

from typing import ClassVar

NO_ROOM = ("out of memory", "can't allocate memory")
"""How the allocators of accelerators and of the processor put it."""


class KinoraError(Exception):
    """Something the user can put right.

    Args:
        what: what went wrong, in one sentence without a full stop.
        why: the reason, if the sentence does not say it.
        remedy: what to do or type instead.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        self.what = what
        self.why = why
        self.remedy = remedy
        super().__init__(self.line())

    def line(self) -> str:
        """The whole message on one line: `what: why. remedy`."""
        head = f"{self.what}: {self.why}" if self.why else self.what
        return f"{head}. {self.remedy}" if self.remedy else f"{head}."


class UsageError(KinoraError):
    """The request itself cannot be understood or is outside what is possible."""

    exit_code = 2
    code = "invalid_request"


class NotFoundError(KinoraError):
    """A model, file, character or job that was named does not exist, or its bytes have changed."""

    exit_code = 3
    code = "not_found"


class OutOfMemoryError(KinoraError):
    """The work does not fit into the memory or the disk that is there."""

    exit_code = 4
    code = "out_of_memory"


class CancelledError(KinoraError):
    """The user asked to stop; what was finished has been kept."""

    exit_code = 5
    code = "cancelled"


class BadMediaError(KinoraError):
    """A video or image that was handed in cannot be decoded or used."""

    exit_code = 6
    code = "bad_media"


class BusyError(KinoraError):
    """A quota, a rate limit or another process holds what is needed."""

    exit_code = 7
    code = "busy"


class UnsupportedError(UsageError):
    """The chosen model lacks the capability; never replaced silently by an approximation."""

    code = "unsupported"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, of Python's or of torch's, says that the memory is used up.

    torch has a class of its own for accelerators only; of the rest, the words alone tell.
    """
    told = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in told for words in NO_ROOM)
    )
