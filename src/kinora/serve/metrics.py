"""Numbers for Prometheus. In: requests as they pass, rows when asked. Out: a registry of this server's own."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinora.serve.jobs.database import Database
from kinora.serve.jobs.table import deliveries, videos, workers
from kinora.serve.jobs.watcher import FRESH_SECONDS

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """A registry, and the histogram that `Timed` fills."""

    def __init__(self, database: Database) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "kinora_http_seconds",
            "Time until the head of the answer",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.registry.register(Rows(database))


class Rows(Collector):
    """Counts what is in the tables at the moment of asking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing in advance, so that registering asks no database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Jobs by state, the oldest wait, workers, deliveries by state."""
        jobs = GaugeMetricFamily("kinora_jobs", "Jobs by state", labels=["state"])
        sent = GaugeMetricFamily("kinora_deliveries", "Webhook deliveries", labels=["state"])
        with self._database.read() as connection:
            for table, family in ((videos, jobs), (deliveries, sent)):
                counted = select(table.c.state, func.count()).group_by(table.c.state)
                for state, count in connection.execute(counted):
                    family.add_metric([state], count)
            oldest = connection.execute(
                select(func.min(videos.c.created_at)).where(videos.c.state == "queued")
            ).scalar_one()
            fresh = select(func.count()).where(workers.c.seen_at > time.time() - FRESH_SECONDS)
            alive = connection.execute(fresh).scalar_one()
        yield jobs
        yield sent
        wait = time.time() - oldest if oldest else 0.0
        yield GaugeMetricFamily("kinora_oldest_wait_seconds", "Longest wait in the queue", wait)
        yield GaugeMetricFamily("kinora_workers", "Workers seen lately", alive)


class Timed:
    """Middleware that measures every request by its route."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._requests = app, metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure until the head of the answer is sent; a stream's length is not its latency."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                labels = (scope["method"], route, str(message["status"]))
                self._requests.labels(*labels).observe(time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, sent)
