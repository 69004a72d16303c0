"""Webhooks on their way. In: waiting deliveries. Out: signed requests, each repeated until it is taken.

Signed as Standard Webhooks has it (https://www.standardwebhooks.com): `v1,` and the base64 of
HMAC-SHA256 over `id.timestamp.body`. Delivered at least once; receivers know a repeat by its id.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks.webhooks import Webhook

from kinora.serve import outbound
from kinora.serve.jobs.control import Control
from kinora.serve.jobs.database import Database, away
from kinora.serve.jobs.lock import lock
from kinora.serve.jobs.table import deliveries, webhooks
from kinora.serve.settings import Settings

TICK_SECONDS = 0.5
AT_ONCE = 8
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 3600.0
ATTEMPTS = 12
"""With doubling waits from five seconds up to an hour: about five hours."""

ANSWER_BYTES = 65_536
log = logging.getLogger("kinora.serve")


class Courier(threading.Thread):
    """Every worker runs one; whichever holds the lock delivers."""

    def __init__(self, database: Database, control: Control, *, settings: Settings) -> None:
        super().__init__(name="courier", daemon=True)
        self._database, self._control = database, control
        # A worker of a server elsewhere listens nowhere, which is no leave to call its own network.
        alone = settings.loopback and database.sqlite
        self._private = settings.private_urls or alone
        self._away = dict[Future[None], str]()
        self._lock = lock(database, "courier", folder=settings.data)

    def run(self) -> None:
        """Until the process ends."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier") as pool:
            while not self._control.ending.wait(TICK_SECONDS):
                try:
                    if self._lock.take():
                        self._send(pool)
                except SQLAlchemyError as error:
                    if not away(error):
                        log.exception("the courier stumbled")
                except Exception:  # the courier must not die of one bad row
                    log.exception("the courier stumbled")
        self._lock.free()

    def _send(self, pool: ThreadPoolExecutor) -> None:
        """Begin what is due, one delivery of a webhook at a time: nobody waits for a slow receiver but itself."""
        self._away = {future: hook for future, hook in self._away.items() if not future.done()}
        for row in self._due():
            if row.webhook not in self._away.values():
                self._away[pool.submit(self._deliver, row)] = row.webhook

    def _due(self) -> list[Row[Any]]:
        """As many as there are hands for."""
        columns = (deliveries, webhooks.c.url, webhooks.c.secret)
        busy = set(self._away.values())
        with self._database.read() as connection:
            return list(
                connection.execute(
                    select(*columns)
                    .join(webhooks, webhooks.c.id == deliveries.c.webhook)
                    .where(deliveries.c.state == "waiting", deliveries.c.next_at <= time.time())
                    .where(deliveries.c.webhook.not_in(busy))
                    .order_by(deliveries.c.next_at)
                    .limit(AT_ONCE - len(self._away))
                ).all()
            )

    def _deliver(self, row: Row[Any]) -> None:
        status, error = None, None
        try:
            status = outbound.request(
                "POST",
                row.url,
                headers=signed(row.id, row.body, secret=row.secret),
                body=row.body.encode(),
                private=self._private,
                max_bytes=ANSWER_BYTES,
            ).status
        except (
            Exception
        ) as problem:  # whatever it was, the delivery is tried again and then given up
            error = str(problem)
        values = outcome(row.attempts + 1, status=status, error=error)
        with self._database.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(values))


def signed(event: str, body: str, *, secret: str) -> dict[str, str]:
    """The headers of one delivery."""
    now = datetime.now(tz=UTC)
    return {
        "content-type": "application/json",
        "user-agent": "kinora",
        "webhook-id": event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event, now, body),
    }


def outcome(attempts: int, *, status: int | None, error: str | None) -> dict[str, Any]:
    """What becomes of a delivery after its attempt number `attempts`."""
    told = {"attempts": attempts, "status": status, "error": error}
    now = time.time()
    if status is not None and 200 <= status < 300:
        return told | {"state": "delivered", "delivered_at": now}
    if attempts >= ATTEMPTS:
        return told | {"state": "given up"}
    wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempts - 1))
    return told | {"next_at": now + wait}
