"""What the control plane asks about all tenants of this plane: their usage, and how the plane is doing."""

import time
from datetime import UTC, date, datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.fleet import FleetHealth, TenantRate
from shared.contracts.usage import UsageOfDay, UsageReport
from shared.database import absence_is_unavailable
from shared.errors import Unavailable
from shared.web.answers import ANSWERS, ERRORS, MINUTE
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import STANDS_STILL, TenantDatabase, system_actor
from tenant_plane.usage import service as usage

log = structlog.get_logger()
TENANTS_IN_A_PAGE = 500
HELD_TENANTS_IN_A_PAGE = 100
"""One transaction's, which locks a table and its indexes for each."""
MOST_BUSY = 10
NOTHING = text("select 1")
ANSWERED = text(
    "select coalesce(sum(used) filter (where caller = :answers), 0)::bigint as answers,"
    " coalesce(sum(used) filter (where caller = :errors), 0)::bigint as errors"
    " from plane.request_counts where minute = :minute and caller in (:answers, :errors)"
)
# Callers are "tenant:id"; strangers are counted by their address, and what is everybody's begins with a mark.
BUSIEST = text(
    "select split_part(caller, ':', 1) as tenant_id, sum(used)::bigint as requests from plane.request_counts"
    " where minute = :minute and caller not like 'address:%' and caller !~ '^[!-]'"
    " group by 1 order by 2 desc, 1 limit :most"
)
COUNT_HELD = text("select plane.count_held(:schemas)")
QUEUE = text(
    "select count(*) as waiting, min(execute_after) as oldest from queue.pgqueuer"
    " where status = 'queued' and execute_after <= now()"
)


async def usage_report(database: TenantDatabase, directory: TenantDirectory, since: date, after: str) -> UsageReport:
    """One page of tenants. A tenant that is broken is left out and logged; the others are reported all the same."""
    tenants = await directory.page(after, TENANTS_IN_A_PAGE)
    items: list[UsageOfDay] = []
    for tenant in tenants:
        try:
            async with database.read(system_actor(tenant)) as tx:
                items.extend(await usage.list_usage_days(tx, since))
        except Exception as error:
            if isinstance(error, Unavailable) and not isinstance(error, STANDS_STILL):
                raise
            log.error("usage_not_reported", tenant=tenant.id, exc_info=error)
    full = len(tenants) == TENANTS_IN_A_PAGE
    return UsageReport(items=items, next_after=tenants[-1].id if full else None)


async def fleet_health(engine: AsyncEngine, directory: TenantDirectory, now: datetime) -> FleetHealth:
    """The figures of requests are those of the whole minute before ``now``."""
    async with absence_is_unavailable(), engine.connect() as connection:
        await connection.execute(NOTHING)
        began = time.perf_counter()
        await connection.execute(NOTHING)
        database_ms = (time.perf_counter() - began) * 1000
        row = (await connection.execute(QUEUE)).one()
        minute = int(now.timestamp() // MINUTE) - 1
        names = {"minute": minute, "answers": ANSWERS, "errors": ERRORS}
        answered = (await connection.execute(ANSWERED, names)).one()
        busiest = (await connection.execute(BUSIEST, {"minute": minute, "most": MOST_BUSY})).all()
    return FleetHealth(
        queue_waiting=row.waiting,
        oldest_waiting_seconds=round((datetime.now(UTC) - row.oldest).total_seconds(), 3) if row.oldest else 0.0,
        held=await _held(engine, directory),
        tenants=await directory.count(),
        database_ms=round(database_ms, 3),
        requests_last_minute=answered.answers,
        errors_last_minute=answered.errors,
        busiest=[TenantRate(tenant_id=one.tenant_id, requests=one.requests) for one in busiest],
    )


async def _held(engine: AsyncEngine, directory: TenantDirectory) -> int:
    """Of all active tenants."""
    held, after = 0, ""
    while tenants := await directory.with_held(after, HELD_TENANTS_IN_A_PAGE):
        async with absence_is_unavailable(), engine.connect() as connection:
            counted = await connection.execute(COUNT_HELD, {"schemas": [tenant.schema for tenant in tenants]})
            held += counted.scalar_one()
        after = tenants[-1].id
    return held
