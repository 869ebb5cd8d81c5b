"""What runs by itself in a tenant plane: the queue of reactions and the ticks. Several workers may run at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from shared.errors import Unavailable
from shared.trace import current_trace_id
from shared.tx import Clock, WriteTx, utc_now
from shared.web import idempotency
from shared.work.queue import Reaction, run_queue
from shared.work.ticks import Tick, run_ticks
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import TenantDatabase, system_actor
from tenant_plane.incidents import jobs as incidents
from tenant_plane.incidents.schemas import IncidentTriggered

log = structlog.get_logger()
REACTIONS: Mapping[str, Callable[[WriteTx, dict[str, Any]], Awaitable[None]]] = {
    IncidentTriggered.kind: incidents.on_incident_triggered,
}
LOAD = text("select body, trace_id from events where id = :id")
FORGET_KEYS = text("delete from idempotency_keys where created_at < :before")


def reactions(database: TenantDatabase, directory: TenantDirectory) -> dict[str, Reaction]:
    """Each reaction in its own write transaction of the tenant, under the trace id of the request that caused it."""

    def bound(react: Callable[[WriteTx, dict[str, Any]], Awaitable[None]]) -> Reaction:
        async def run(tenant_id: str, event_id: UUID) -> None:
            tenant = await directory.find(tenant_id)
            if tenant is None:
                return
            async with database.write(system_actor(tenant, "opsplane")) as tx:
                row = (await tx.session.execute(LOAD, {"id": event_id})).one()
                token = current_trace_id.set(row.trace_id)
                try:
                    await react(tx, row.body)
                finally:
                    current_trace_id.reset(token)

        return run

    return {kind: bound(react) for kind, react in REACTIONS.items()}


def ticks(database: TenantDatabase, directory: TenantDirectory, clock: Clock = utc_now) -> list[Tick]:
    async def for_every_tenant(work: Callable[[WriteTx], Awaitable[None]]) -> None:
        for tenant in await directory.active():
            try:
                async with database.write(system_actor(tenant, "opsplane")) as tx:
                    await work(tx)
            except Unavailable:
                raise
            except Exception as error:  # a tenant that is broken must not keep the others from their turn
                log.error("tick_failed", tenant=tenant.id, exc_info=error)

    async def forget_keys(tx: WriteTx) -> None:
        await tx.session.execute(FORGET_KEYS, {"before": tx.now - timedelta(hours=idempotency.KEPT_HOURS)})

    return [
        Tick("end_snoozes", 5, lambda: for_every_tenant(incidents.end_snoozes)),
        Tick("forget_idempotency_keys", 3600, lambda: for_every_tenant(forget_keys)),
    ]


async def run_worker(queue_url: str, database: TenantDatabase, directory: TenantDirectory, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(run_queue(queue_url, reactions(database, directory), stop))
        group.create_task(run_ticks(ticks(database, directory), stop))
