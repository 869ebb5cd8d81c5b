"""Each tenant's turn of housekeeping: what is too old goes, and what a tick should have done and did not is done.

A few tenants a turn, those first that have waited longest, so that a thousand tenants cost no more at once than ten.
Several workers share the turns: whoever claims a tenant has it for itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import text

from shared.tx import Tenant, WriteTx
from shared.web import idempotency
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import TenantDatabase, require_active, system_actor
from tenant_plane.incidents import jobs as incidents
from tenant_plane.ingest import service as ingest
from tenant_plane.usage import service as usage

SWEPT_EVERY = timedelta(minutes=10)
SWEPT_AT_ONCE = 20
MOST_TURNS = 20
"""For one tenant: a hundred thousand old rows of a table at most."""
MOST_KEYS = 5000
FORGET_KEYS = text(
    "with gone as (delete from idempotency_keys where ctid = any(array("
    "select ctid from idempotency_keys where created_at < :before order by created_at limit :most)) returning 1)"
    " select count(*) from gone"
)


async def next_to_sweep(directory: TenantDirectory, now: datetime) -> list[Tenant]:
    return await directory.to_sweep(now, now - SWEPT_EVERY, SWEPT_AT_ONCE)


async def sweep(database: TenantDatabase, tenant: Tenant) -> None:
    """In transactions of bounded size. Raises TenantSuspended when the tenant stands still."""
    async with database.write(system_actor(tenant, "opsplane")) as tx:
        require_active(tx)
        await incidents.end_snoozes(tx)
        await ingest.forget_processed(tx)
    for _ in range(MOST_TURNS):
        async with database.write(system_actor(tenant, "opsplane")) as tx:
            require_active(tx)
            if not await _forget(tx):
                return


async def _forget(tx: WriteTx) -> bool:
    """Whether there may be more."""
    before = tx.now - timedelta(hours=idempotency.KEPT_HOURS)
    keys = (await tx.session.execute(FORGET_KEYS, {"before": before, "most": MOST_KEYS})).scalar_one()
    rows = await usage.forget_expired(tx)
    letters = await ingest.forget_dead_letters(tx)
    return bool(keys >= MOST_KEYS or rows >= usage.FORGOTTEN_AT_ONCE or letters >= ingest.MOST_FORGOTTEN)
