"""The durable-execution engine: every call to DBOS is here. In: orders by id. Out: they are carried out.

An order is `(video, generation)`. Once it is committed, some worker runs its stages in order, each at
least once, and goes on after the last finished one when a worker dies.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    run_dbos_database_migrations,
)
from sqlalchemy import Connection

QUEUE = "gpu"
WORKFLOW = "film"
APPLICATION = "kinora"
VERSION = "1"
"""Raised only when the sequence of stages changes; work of another version is left to its workers."""

POLLING_SECONDS = 0.25
NEVER = 1_000_000
"""Attempts are counted on the row, where progress resets them; the engine shall not give up."""

Order = tuple[str, int]
Stage = tuple[str, Callable[[str, int], str]]
"""A name, and what is done; the answer is "on" to go on to the next stage, anything else ends the work."""

ALIVE = frozenset({"ENQUEUED", "PENDING", "DELAYED"})


def identifier(order: Order) -> str:
    """The engine's own name for an order."""
    return f"{order[0]}.{order[1]}"


def quiet() -> None:
    """Keep the engine's chatter out of the log; a database that is away would fill it."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)


def prepare(url: str) -> None:
    """Make or bring up to date the engine's tables."""
    quiet()
    run_dbos_database_migrations(system_database_url=url)


class Orders:
    """The side that gives orders and asks after them."""

    def __init__(self, url: str) -> None:
        self._client = DBOSClient(
            system_database_url=url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,
            lazy=True,
        )

    def give(self, connection: Connection, order: Order) -> None:
        """Give an order in the caller's own transaction."""
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": identifier(order),
                "app_version": VERSION,
            },
            *order,
        )

    def states(self, orders: Iterable[Order]) -> Mapping[Order, str]:
        """The engine's word on each order; one it does not know is missing."""
        names = {identifier(order): order for order in orders}
        if not names:
            return {}
        found = self._client.list_workflows(
            workflow_ids=list(names), load_input=False, load_output=False
        )
        return {names[status.workflow_id]: status.status for status in found}

    def holders(self) -> set[str]:
        """Every worker that the engine believes to be at work."""
        found = self._client.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {status.executor_id for status in found if status.executor_id}

    def forget(self, video: str) -> None:
        """Remove every trace of a video's orders."""
        found = self._client.list_workflows(
            workflow_id_prefix=f"{video}.", load_input=False, load_output=False
        )
        if found:
            self._client.delete_workflows([status.workflow_id for status in found])

    def close(self) -> None:
        """Give the connections back."""
        self._client.destroy()


def start(
    url: str,
    *,
    worker: str,
    slots: int,
    opening: Callable[[str, int], bool],
    stages: Sequence[Stage],
) -> None:
    """Make this process a worker: from now on it takes orders, `slots` at a time.

    Args:
        url: the database.
        worker: its name, held under a lock by this process alone; orders that an earlier process of
            that name left behind are queued again.
        slots: films made at once.
        opening: asked at every attempt whether there is still something to do; never recorded.
        stages: what is done for each order.
    """
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": url,
        "executor_id": worker,
        "application_version": VERSION,
        "serializer": DBOSPortableJSONSerializer(),
        "use_listen_notify": False,
        "log_level": "CRITICAL",
        "enable_otlp": False,
    }
    DBOS(config=config)

    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=NEVER)
    def film(video: str, generation: int) -> str:
        answer = "on" if opening(video, generation) else "nothing to do"
        for name, act in stages:
            if answer != "on":
                break
            answer = DBOS.run_step({"name": name}, act, video, generation)
        return answer

    DBOS.listen_queues([QUEUE])
    DBOS.launch()
    quiet()
    DBOS.register_queue(QUEUE, worker_concurrency=slots, polling_interval_sec=POLLING_SECONDS)


def recover(workers: Sequence[str]) -> None:
    """Queue again what these workers, known to be dead, left behind. Only inside a started process."""
    # The public way is a short-lived process launched under the dead one's name, which calls this.
    DBOS._recover_pending_workflows(list(workers))


def end(*, seconds: int) -> None:
    """Take no more orders; wait for those at work at most `seconds`."""
    DBOS.destroy(workflow_completion_timeout_sec=seconds)
