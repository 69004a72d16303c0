"""Progress into the row. In: reports of the work. Out: stage, percent and remaining time; checkpoints.

Told at most four times a second; a database that is away costs nothing but the telling.
"""

import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from kinora.core.progress import Progress
from kinora.serve.jobs import rows
from kinora.serve.jobs.announce import record
from kinora.serve.jobs.control import Control
from kinora.serve.jobs.database import Database

PAUSE_SECONDS = 0.25
SHARES = {"expand": (0.0, 0.01), "text": (0.01, 0.02), "denoise": (0.02, 0.7), "draw": (0.7, 0.98)}
"""Which part of the whole each stage is; decode and encode run hand in hand and are one here."""


class Teller:
    """Listens to the work on one video.

    Args:
        database: where the row is.
        control: may stop the work.
        video, generation: which row.
        on_step: called with every report of a solver step, before anything else.
    """

    def __init__(
        self,
        database: Database,
        control: Control,
        video: str,
        generation: int,
        *,
        on_step: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._database, self._control = database, control
        self._video, self._generation = video, generation
        self._on_step = on_step
        self._start: tuple[float, float] | None = None
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        """Take note; raises if the work shall stop."""
        if progress.stage == "denoise":
            self._on_step(progress)
        self._control.check(self._video)
        if progress.stage == "encode":
            return
        now = time.monotonic()
        last = progress.done >= progress.total
        if now - self._told < PAUSE_SECONDS and not last:
            return
        self._told = now
        self._tell(progress, now)

    def _tell(self, progress: Progress, now: float) -> None:
        low, high = SHARES["draw" if progress.stage == "decode" else progress.stage]
        part = low + (high - low) * progress.done / max(1, progress.total)
        start, first = self._start = self._start or (now, part)
        left = (now - start) / (part - first) * (1 - part) if part > first else None
        told = {"stage": progress.stage, "done": progress.done, "total": progress.total}
        told |= {"progress": int(100 * part), "eta": round(left, 1) if left is not None else None}
        try:
            with self._database.write() as connection:
                if rows.advance(connection, self._video, self._generation, **told):
                    record(connection, self._video, "progress", **told)
                else:
                    self._control.stop(self._video)
        except SQLAlchemyError:
            return
