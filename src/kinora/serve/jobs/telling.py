"""Progress into the row. In: reports of the work. Out: stage, percent, remaining time, previews.

Told at most four times a second; a database that is away costs nothing but the telling.
"""

import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from kinora.core.progress import Progress
from kinora.serve.jobs import rows
from kinora.serve.jobs.announce import record, show
from kinora.serve.jobs.control import Control
from kinora.serve.jobs.database import Database

PAUSE_SECONDS = 0.25
SHARES = {
    "expand": (0.0, 0.01), "text": (0.01, 0.02), "denoise": (0.02, 0.7), "draw": (0.7, 0.98),
    "caption": (0.02, 0.02),
}  # fmt: skip
"""Which part of the whole each stage is; decode and encode run hand in hand and are one here, and to
look at what was dreamt is no progress, since it may be dreamt again."""


class Teller:
    """Listens to the work on one video.

    Args:
        database: where the row is.
        control: may stop the work.
        video, generation: which row.
        begun: how much of the whole was told before, 0 to 1.
        previews: draws what there is to see so far.
    """

    def __init__(
        self,
        database: Database,
        control: Control,
        video: str,
        generation: int,
        *,
        begun: float,
        previews: Callable[[Progress], str | None],
    ) -> None:
        self._database, self._control = database, control
        self._video, self._generation = video, generation
        self._previews = previews
        self._start: tuple[float, float] | None = None
        self._told, self._part = 0.0, begun

    def __call__(self, progress: Progress) -> None:
        """Take note; raises if the work shall stop."""
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
        # An edit may dream and draw several times, and a job be paused; what is told never goes back.
        part = max(self._part, low + (high - low) * progress.done / max(1, progress.total))
        self._part = part
        start, first = self._start = self._start or (now, part)
        left = (now - start) / (part - first) * (1 - part) if part > first else None
        told = {"stage": progress.stage, "done": progress.done, "total": progress.total}
        telling = {
            "progress": int(100 * part + 1e-6),
            "eta": None if left is None else round(left, 1),
        }
        seen = self._previews(progress)
        try:
            with self._database.write() as connection:
                if not rows.advance(connection, self._video, self._generation, **told, **telling):
                    self._control.stop(self._video)
                    return
                record(connection, self._video, "progress", **told, **telling)
                if seen is not None:
                    show(connection, self._video, image=seen, **told)
        except SQLAlchemyError:
            return
