"""What runs by itself in a tenant plane: the queue of reactions and the ticks. Several workers may run at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from shared.errors import Unavailable
from shared.trace import current_trace_id
from shared.tx import Clock, Tenant, WriteTx, utc_now
from shared.work.queue import PutOff, Reaction, run_queue
from shared.work.ticks import Tick, run_ticks
from tenant_plane import housekeeping
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import (
    STANDS_STILL,
    TenantDatabase,
    TenantGone,
    TenantSuspended,
    require_active,
    system_actor,
)
from tenant_plane.incidents import jobs as incidents
from tenant_plane.incidents.schemas import SNOOZE, IncidentTriggered
from tenant_plane.ingest import flows as ingest_flows

log = structlog.get_logger()
REACTIONS: Mapping[str, Callable[[WriteTx, dict[str, Any]], Awaitable[None]]] = {
    IncidentTriggered.kind: incidents.on_incident_triggered,
}
LOAD = text("select body, trace_id from events where id = :id")
MOST_HELD_TENANTS = 100
MOST_DUE_TENANTS = 200


def reactions(database: TenantDatabase, directory: TenantDirectory) -> dict[str, Reaction]:
    """Each reaction in its own write transaction of the tenant, under the trace id of the request that caused it."""

    def bound(react: Callable[[WriteTx, dict[str, Any]], Awaitable[None]]) -> Reaction:
        async def run(tenant_id: str, event_id: UUID) -> None:
            tenant = await directory.find(tenant_id)
            if tenant is None:
                return
            try:
                await in_transaction(tenant, event_id)
            except (*STANDS_STILL, TenantSuspended) as error:
                # Whoever lets the tenant go on wakes its reactions (core/provision.py).
                raise PutOff(error.detail) from error
            except TenantGone:
                return

        async def in_transaction(tenant: Tenant, event_id: UUID) -> None:
            async with database.write(system_actor(tenant, "opsplane")) as tx:
                require_active(tx)
                row = (await tx.session.execute(LOAD, {"id": event_id})).one()
                token = current_trace_id.set(row.trace_id)
                try:
                    await react(tx, row.body)
                finally:
                    current_trace_id.reset(token)

        return run

    return {kind: bound(react) for kind, react in REACTIONS.items()}


async def in_turn(tenants: Sequence[Tenant], work: Callable[[Tenant], Awaitable[None]]) -> None:
    for tenant in tenants:
        try:
            await work(tenant)
        except (*STANDS_STILL, TenantSuspended, TenantGone):
            continue  # since the list was read
        except Unavailable:
            raise
        except Exception as error:  # a tenant that is broken must not keep the others from their turn
            log.error("tick_failed", tenant=tenant.id, exc_info=error)


def ticks(database: TenantDatabase, directory: TenantDirectory, clock: Clock = utc_now) -> list[Tick]:
    """Each asks one question about all tenants, and opens transactions only in those that have something to do."""

    async def end_snoozes() -> None:
        async def of(tenant: Tenant) -> None:
            async with database.write(system_actor(tenant, "opsplane")) as tx:
                require_active(tx)
                await incidents.end_snoozes(tx)

        await in_turn(await directory.with_due(SNOOZE, clock(), MOST_DUE_TENANTS), of)

    async def process_held() -> None:
        waiting = await directory.to_process_held(clock(), MOST_HELD_TENANTS)
        await in_turn(waiting, lambda tenant: ingest_flows.process_held(database, tenant))

    async def sweep_tenants() -> None:
        waiting = await housekeeping.next_to_sweep(directory, clock())
        await in_turn(waiting, lambda tenant: housekeeping.sweep(database, tenant))

    return [
        Tick("end_snoozes", 5, end_snoozes),
        Tick("process_held_payloads", 2, process_held),
        Tick("sweep_tenants", 5, sweep_tenants),
    ]


async def run_worker(queue_url: str, database: TenantDatabase, directory: TenantDirectory, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(run_queue(queue_url, reactions(database, directory), stop))
        group.create_task(run_ticks(ticks(database, directory), stop))
