"""What runs by itself in a tenant plane: the queue of reactions and the ticks. Several workers may run at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from shared.errors import Unavailable
from shared.trace import current_trace_id
from shared.tx import Clock, Tenant, WriteTx, utc_now
from shared.web import idempotency
from shared.work.queue import PutOff, Reaction, run_queue
from shared.work.ticks import Tick, run_ticks
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import (
    TenantDatabase,
    TenantFrozen,
    TenantGone,
    TenantSuspended,
    require_active,
    system_actor,
)
from tenant_plane.incidents import jobs as incidents
from tenant_plane.incidents.schemas import IncidentTriggered
from tenant_plane.ingest import flows as ingest_flows
from tenant_plane.ingest import service as ingest
from tenant_plane.usage import service as usage

log = structlog.get_logger()
REACTIONS: Mapping[str, Callable[[WriteTx, dict[str, Any]], Awaitable[None]]] = {
    IncidentTriggered.kind: incidents.on_incident_triggered,
}
LOAD = text("select body, trace_id from events where id = :id")
MOST_HELD_TENANTS = 100
FORGET_KEYS = text("delete from idempotency_keys where created_at < :before")


def reactions(database: TenantDatabase, directory: TenantDirectory) -> dict[str, Reaction]:
    """Each reaction in its own write transaction of the tenant, under the trace id of the request that caused it."""

    def bound(react: Callable[[WriteTx, dict[str, Any]], Awaitable[None]]) -> Reaction:
        async def run(tenant_id: str, event_id: UUID) -> None:
            tenant = await directory.find(tenant_id)
            if tenant is None:
                return
            try:
                await in_transaction(tenant, event_id)
            except (TenantFrozen, TenantSuspended) as error:
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
        except (TenantFrozen, TenantSuspended, TenantGone):
            continue  # since the list was read
        except Unavailable:
            raise
        except Exception as error:  # a tenant that is broken must not keep the others from their turn
            log.error("tick_failed", tenant=tenant.id, exc_info=error)


def ticks(database: TenantDatabase, directory: TenantDirectory, clock: Clock = utc_now) -> list[Tick]:
    async def for_every_tenant(work: Callable[[WriteTx], Awaitable[None]]) -> None:
        async def in_transaction(tenant: Tenant) -> None:
            async with database.write(system_actor(tenant, "opsplane")) as tx:
                require_active(tx)
                await work(tx)

        await in_turn(await directory.active(), in_transaction)

    async def process_held() -> None:
        waiting = await directory.with_held(MOST_HELD_TENANTS)
        await in_turn(waiting, lambda tenant: ingest_flows.process_held(database, tenant))

    async def forget_expired(tx: WriteTx) -> None:
        await usage.forget_expired(tx)

    async def forget_keys(tx: WriteTx) -> None:
        await tx.session.execute(FORGET_KEYS, {"before": tx.now - timedelta(hours=idempotency.KEPT_HOURS)})

    return [
        Tick("end_snoozes", 5, lambda: for_every_tenant(incidents.end_snoozes)),
        Tick("forget_idempotency_keys", 3600, lambda: for_every_tenant(forget_keys)),
        Tick("forget_expired", 60, lambda: for_every_tenant(forget_expired)),
        Tick("forget_processed_payloads", 3600, lambda: for_every_tenant(ingest.forget_processed)),
        Tick("process_held_payloads", 2, process_held),
    ]


async def run_worker(queue_url: str, database: TenantDatabase, directory: TenantDirectory, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(run_queue(queue_url, reactions(database, directory), stop))
        group.create_task(run_ticks(ticks(database, directory), stop))
