"""Every way a stage can end, as one word for the engine. In: a stage. Out: "on", or why the work is over.

What is wrong with the wish fails the job at once; what is wrong around it (disk, store, database) puts
it back into the queue, where it waits and goes on by itself.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from kinora.core.errors import KinoraError, is_out_of_memory
from kinora.serve.jobs import rows
from kinora.serve.jobs.control import Control, ShuttingDown, StoppedError
from kinora.serve.jobs.database import Database, away

ON, STOPPED, FAILED, BACK = "on", "stopped", "failed", "put back"
WAIT_SECONDS = 5.0
RETRY_SECONDS = 0.5

log = logging.getLogger("kinora.serve")
T = TypeVar("T")


class Guard:
    """Runs stages and settles the row when one does not end well.

    Args:
        database, control: of the row.
        over: called with a job that goes no further here.
    """

    def __init__(
        self, database: Database, control: Control, *, over: Callable[[str], None]
    ) -> None:
        self._database, self._control, self._over = database, control, over

    def run(self, act: Callable[[str, int], None], video: str, generation: int) -> str:
        """Run one stage; `ShuttingDown` alone comes through."""
        self._control.enter(video, generation)
        try:
            self._control.check(video)
            act(video, generation)
        except StoppedError:
            self._over(video)
            self._write(lambda connection: rows.stop(connection, video, generation))
            return STOPPED
        except ShuttingDown:
            self._quietly_forgive(video, generation)
            raise
        except Exception as error:
            return self._settle(error, video, generation)
        finally:
            self._control.leave(video)
        return ON

    def _settle(self, error: Exception, video: str, generation: int) -> str:
        self._over(video)
        if outside(error):
            reason = f"waiting, because {reason_of(error)}"
            self._write(
                lambda connection: rows.put_back(
                    connection, video, generation, seconds=WAIT_SECONDS, reason=reason
                )
            )
            return BACK
        code, message = explain(error)
        if not (isinstance(error, KinoraError) or is_out_of_memory(error)):
            log.exception("video %s failed", video)
        self._write(
            lambda connection: rows.fail(connection, video, generation, code=code, message=message)
        )
        return FAILED

    def _quietly_forgive(self, video: str, generation: int) -> None:
        # A polite end is not the job's fault, and must not wait for a database that is away.
        try:
            with self._database.write() as connection:
                rows.kept(connection, video, generation)
        except SQLAlchemyError:
            return

    def _write(self, change: Callable[[Connection], T]) -> T:
        return persist(self._database, self._control, change)


def persist(database: Database, control: Control, change: Callable[[Connection], T]) -> T:
    """Commit a change, waiting for the database as long as it takes."""
    while True:
        try:
            with database.write() as connection:
                return change(connection)
        except SQLAlchemyError as error:
            if not away(error):
                raise
            if control.ending.is_set():
                raise ShuttingDown from error
            time.sleep(RETRY_SECONDS)


def outside(error: BaseException) -> bool:
    """Whether an error comes from the disk, the store or the database rather than from the job."""
    if isinstance(error, KinoraError):
        return error.__cause__ is not None and isinstance(error.__cause__, OSError)
    return isinstance(error, OSError) or away(error)


def reason_of(error: BaseException) -> str:
    """The reason in words, without the server's folders."""
    cause = error.__cause__ if isinstance(error, KinoraError) else error
    return (getattr(cause, "strerror", None) or type(cause).__name__).lower()


def explain(error: Exception) -> tuple[str, str]:
    """Code and message for the client."""
    if isinstance(error, KinoraError):
        return error.code, error.line()
    if is_out_of_memory(error):
        return (
            "out_of_memory",
            "The film does not fit into the memory; ask for a smaller or shorter one",
        )
    return "internal_error", f"The server made a mistake ({type(error).__name__})"
