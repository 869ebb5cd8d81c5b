"""Verbs that need the tenant plane: commit what is wanted, ask without a transaction, commit what came of it.

A flow that stops half-way leaves the tenant ``provisioning``; the same request continues it, and so does
``reconcile_tenants``.
"""

from dataclasses import dataclass

import structlog

from control_plane.core.repeats import Repeat
from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.errors import TenantExists, TenantPlaneAway
from control_plane.tenants.ports import TenantPlane
from control_plane.tenants.schemas import TenantCreate, TenantRead
from shared.contracts.tenants import Standing, TenantWanted
from shared.errors import AppError
from shared.tx import Actor, Database

log = structlog.get_logger()
RECONCILED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class TenantFlows:
    database: Database
    plane: TenantPlane

    async def create_tenant(
        self, actor: Actor, command: TenantCreate, repeat: Repeat[TenantRead] | None = None
    ) -> TenantRead:
        """Returns when the tenant is usable. Raises TenantPlaneAway: it is recorded, and the same request continues."""
        repeat = repeat or Repeat(TenantRead)
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return earlier
            try:
                requested = await service.request_tenant(tx, command)
            except TenantExists:
                # A twin with the same key may have finished it while this one waited for the row.
                if (earlier := await repeat.earlier(tx)) is not None:
                    return earlier
                raise
        await self._ensure(requested)
        async with self.database.write(actor) as tx:
            return await repeat.keep(tx, await service.activate_tenant(tx, requested.tenant_id))

    async def reconcile_tenants(self) -> None:
        """Bring unfinished tenants forward, a bounded number; stop at once when the tenant plane is away."""
        async with self.database.read(SYSTEM) as tx:
            unfinished = await service.list_unfinished_tenants(tx, RECONCILED_AT_ONCE)
        for tenant in unfinished:
            try:
                await self._ensure(tenant)
                async with self.database.write(SYSTEM) as tx:
                    await service.activate_tenant(tx, tenant.tenant_id)
            except TenantPlaneAway:
                log.warning("tenant_plane_away", unfinished=len(unfinished))
                return
            except AppError as error:
                log.warning("tenant_not_reconciled", tenant=tenant.tenant_id, detail=error.detail)

    async def _ensure(self, tenant: TenantRead) -> None:
        await self.plane.ensure_tenant(
            tenant.tenant_id, TenantWanted(name=tenant.name, plan=tenant.plan, state=Standing.ACTIVE)
        )
