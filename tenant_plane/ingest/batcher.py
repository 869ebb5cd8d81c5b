"""Group commit: requests of a tenant that arrive while a commit is under way share the next one.

Nobody waits for a timer: a lone request is written at once, a storm is written in batches as large as the database is
slow. Each caller gets its own answer, after the commit that made it durable.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.database import runs_twice
from shared.errors import AppError, Unavailable
from shared.tx import Database, Tenant
from tenant_plane.alerts.schemas import IncomingAlert
from tenant_plane.core.tenancy import system_actor
from tenant_plane.ingest import service
from tenant_plane.ingest.errors import MustBeHeld
from tenant_plane.ingest.schemas import AlertOutcome

log = structlog.get_logger()
MOST_IN_A_BATCH = 500
MOST_WAITING = 20_000
BATCH_SIZE = Histogram(
    "opsplane_ingest_batch_alerts", "Alerts in one commit", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
ALERTS = Counter("opsplane_ingest_alerts_total", "Alerts that were made durable", ["change"])
WAITING = Gauge("opsplane_ingest_waiting_alerts", "Alerts that wait for a commit")


class Refused(Exception):
    """Sending these alerts again would not help: the door keeps the request as a dead letter."""


@dataclass(slots=True)
class Submission:
    incoming: Sequence[IncomingAlert]
    answer: "asyncio.Future[list[AlertOutcome]]"


@dataclass(slots=True)
class Lane:
    """One tenant's queue; alive only while something waits in it, so that ten thousand quiet tenants cost nothing."""

    tenant: Tenant
    waiting: deque[Submission] = field(default_factory=deque)


class Batcher:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def submit(self, tenant: Tenant, incoming: Sequence[IncomingAlert]) -> list[AlertOutcome]:
        """Answers when the alerts are committed. Raises Unavailable when they are not and may be sent again,
        MustBeHeld when the door is to keep the body for later.
        """
        if len(incoming) > MOST_WAITING:
            raise Refused(f"{len(incoming):,} alerts in one body; {MOST_WAITING:,} are possible")
        if self._waiting + len(incoming) > MOST_WAITING:
            raise Unavailable("Too many alerts are waiting to be written; send it again.", retry_after_seconds=2)
        submission = Submission(incoming, asyncio.get_running_loop().create_future())
        lane = self._lanes.get(tenant.id)
        if lane is None:
            lane = self._lanes[tenant.id] = Lane(tenant)
            task = asyncio.create_task(self._drain(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        lane.waiting.append(submission)
        self._count(len(incoming))
        return await submission.answer

    async def close(self) -> None:
        """Write what was accepted into the queue before the process ends."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _count(self, change: int) -> None:
        self._waiting += change
        WAITING.set(self._waiting)

    async def _drain(self, lane: Lane) -> None:
        while batch := self._take(lane):
            await self._write(lane.tenant, batch)
        del self._lanes[lane.tenant.id]

    def _take(self, lane: Lane) -> list[Submission]:
        batch: list[Submission] = []
        size = 0
        while lane.waiting and (not batch or size + len(lane.waiting[0].incoming) <= MOST_IN_A_BATCH):
            batch.append(lane.waiting.popleft())
            size += len(batch[-1].incoming)
        self._count(-size)
        return batch

    async def _write(self, tenant: Tenant, batch: Sequence[Submission]) -> None:
        incoming = [alert for submission in batch for alert in submission.incoming]
        try:
            outcomes = await runs_twice(lambda: self._commit(tenant, incoming))
        except (AppError, MustBeHeld) as error:
            _fail(batch, error)
        except Exception as error:
            log.error("ingest_batch_failed", tenant=tenant.id, alerts=len(incoming), exc_info=error)
            if len(batch) == 1:
                _fail(batch, Refused(f"{type(error).__name__} while storing it"))
            else:
                # One poisonous request must not cost its neighbours their alerts.
                for submission in batch:
                    await self._write(tenant, [submission])
        else:
            _succeed(batch, outcomes)

    async def _commit(self, tenant: Tenant, incoming: Sequence[IncomingAlert]) -> list[AlertOutcome]:
        async with self._database.write(system_actor(tenant)) as tx:
            return await service.ingest_alerts(tx, incoming)


def _succeed(batch: Sequence[Submission], outcomes: Sequence[AlertOutcome]) -> None:
    BATCH_SIZE.observe(len(outcomes))
    start = 0
    for submission in batch:
        mine = list(outcomes[start : start + len(submission.incoming)])
        start += len(mine)
        for outcome in mine:
            ALERTS.labels(outcome.change).inc()
        if not submission.answer.done():
            submission.answer.set_result(mine)


def _fail(batch: Sequence[Submission], error: Exception) -> None:
    for submission in batch:
        if not submission.answer.done():
            submission.answer.set_exception(error)
