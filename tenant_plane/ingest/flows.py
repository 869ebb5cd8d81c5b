"""Through what is held, in the order in which it came, batch by batch."""

import structlog
from prometheus_client import Counter

from shared.database import runs_twice
from shared.errors import AppError
from shared.tx import Database, Tenant
from tenant_plane.core.tenancy import system_actor
from tenant_plane.ingest import service
from tenant_plane.ingest.schemas import HeldBatch

log = structlog.get_logger()
MOST_BATCHES = 20
MOST_IN_A_BATCH = 100
PROCESSED = Counter("opsplane_ingest_held_processed_total", "Held bodies that were worked through", ["result"])


async def process_held(database: Database, tenant: Tenant) -> None:
    """A bounded number of batches. Raises TenantSuspended or TenantFrozen when the tenant stands still again.

    A body that makes the database fail is set aside as a dead letter, so that the others get their turn.
    """
    for _ in range(MOST_BATCHES):
        try:
            batch = await _next(database, tenant, MOST_IN_A_BATCH)
        except AppError:
            raise
        except Exception as error:
            log.error("held_batch_failed", tenant=tenant.id, exc_info=error)
            batch = await _next_alone(database, tenant)
        if not batch.more:
            return


async def _next(database: Database, tenant: Tenant, most: int) -> HeldBatch:
    async def turn() -> HeldBatch:
        async with database.write(system_actor(tenant)) as tx:
            return await service.process_held(tx, most)

    batch = await runs_twice(turn)
    PROCESSED.labels("stored").inc(batch.processed - batch.unreadable)
    PROCESSED.labels("dead_letter").inc(batch.unreadable)
    return batch


async def _next_alone(database: Database, tenant: Tenant) -> HeldBatch:
    try:
        return await _next(database, tenant, 1)
    except AppError:
        raise
    except Exception as error:
        log.error("held_payload_given_up", tenant=tenant.id, exc_info=error)
        async with database.write(system_actor(tenant)) as tx:
            await service.give_up_held(tx, f"{type(error).__name__} while storing it")
        PROCESSED.labels("dead_letter").inc()
        return HeldBatch(1, 0, 1, more=True)
