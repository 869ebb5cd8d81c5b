"""The queue of reactions: pgqueuer (https://pgqueuer.readthedocs.io) in the plane-level schema ``queue``.

A job names a tenant and a recorded event, nothing else; the row was written in the commit that recorded the event.
Reactions run at least once and are safe to repeat. One that fails is tried again with growing delays, then logged and
given up; a database that is away or busy is no failure of theirs, however long.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from pgqueuer import PgQueuer, RetryRequested
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings
from pgqueuer.models import Job
from prometheus_client import Counter

from shared.errors import Unavailable

SCHEMA = "queue"
SETTINGS = DBSettings(db_schema=SCHEMA)
ATTEMPTS = 6
FIRST_DELAY_SECONDS = 0.5
PUT_OFF_SECONDS = 60
AT_ONCE = 10
"""Reactions that run at the same time: each needs a connection of the plane's pool, as requests and ticks do."""
REMEMBER = "update queue.pgqueuer set payload = $2 where id = $1"
ABANDONED_AFTER = timedelta(seconds=10)
"""A job whose worker has not given a sign of life for so long is taken by another one: its worker was killed."""
log = structlog.get_logger()
JOBS = Counter("opsplane_reactions_total", "Reactions that ran", ["kind", "result"])


class PutOff(Exception):
    """Not now, and nobody's fault: the job waits, however often, and no attempt is lost."""


Reaction = Callable[[str, UUID], Awaitable[None]]
"""Takes a tenant_id and the id of the event to react to."""


def _queries(connection: asyncpg.Connection) -> Queries:
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


async def install_queue(connection: asyncpg.Connection) -> None:
    queries = _queries(connection)
    if not await queries.schema_is_installed():
        await queries.install()


async def run_queue(url: str, reactions: Mapping[str, Reaction], stop: asyncio.Event) -> None:
    """Work until ``stop``; a lost connection is made anew, so a restarting database only delays reactions."""
    while not stop.is_set():
        try:
            await _work(url, reactions, stop)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("queue_lost_database", error=str(error))
        except Exception as error:
            log.error("queue_failed", exc_info=error)
        if not stop.is_set():
            await _pause(stop, 1)


async def _work(url: str, reactions: Mapping[str, Reaction], stop: asyncio.Event) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        driver = AsyncpgDriver(connection)
        worker = PgQueuer(driver, queries=_queries(connection))
        for kind, reaction in reactions.items():
            worker.entrypoint(kind)(_job(kind, reaction, driver))
        stopping = asyncio.create_task(_forward(stop, worker.shutdown))
        try:
            await worker.run(
                dequeue_timeout=timedelta(seconds=5),
                batch_size=AT_ONCE // 2,  # pgqueuer wants it no larger
                max_concurrent_tasks=AT_ONCE,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=ABANDONED_AFTER,
            )
        finally:
            stopping.cancel()
    finally:
        await connection.close(timeout=2)


def _job(kind: str, reaction: Reaction, driver: AsyncpgDriver) -> Callable[[Job], Awaitable[None]]:
    async def run(job: Job) -> None:
        wanted = json.loads(job.payload or b"{}")
        try:
            await reaction(wanted["tenant_id"], UUID(wanted["event_id"]))
        except PutOff as error:
            JOBS.labels(kind, "put_off").inc()
            raise RetryRequested(timedelta(seconds=PUT_OFF_SECONDS), str(error)) from error
        except Unavailable as error:
            JOBS.labels(kind, "put_off").inc()
            log.warning("reaction_put_off", kind=kind, tenant=wanted["tenant_id"], detail=error.detail)
            raise RetryRequested(timedelta(seconds=FIRST_DELAY_SECONDS), error.detail) from error
        except Exception as error:
            JOBS.labels(kind, "failed").inc()
            failures = wanted.get("failures", 0) + 1
            about = {"kind": kind, "tenant": wanted.get("tenant_id"), "attempt": failures}
            log.error("reaction_failed", **about, exc_info=error)
            if failures < ATTEMPTS:
                # The row waits, not a task: a retry survives the process.
                await _remember(driver, job, {**wanted, "failures": failures})
                delay = timedelta(seconds=FIRST_DELAY_SECONDS * 2 ** (failures - 1))
                raise RetryRequested(delay, str(error)) from error
            log.error("reaction_given_up", **about, event_id=wanted.get("event_id"))
        else:
            JOBS.labels(kind, "done").inc()

    return run


async def _remember(driver: AsyncpgDriver, job: Job, wanted: dict[str, Any]) -> None:
    """How often it failed. Not pgqueuer's own attempts: those count what was put off, too."""
    try:
        await driver.execute(REMEMBER, job.id, json.dumps(wanted).encode())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("failure_not_counted", error=str(error))  # it is tried once more than it should be


async def _forward(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
