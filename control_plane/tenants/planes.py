"""The planes that serve tenants, by their URLs: the shared one, and those of single tenants."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.errors import PlacementNotReady
from control_plane.tenants.ports import PlacedTenant, Placement
from control_plane.tenants.rules import TenantState
from shared.tx import Database

log = structlog.get_logger()
READ_AT_ONCE = 1000
SERVED = frozenset({TenantState.ACTIVE, TenantState.SUSPENDED, TenantState.DELETING})


@dataclass(frozen=True, slots=True)
class ServingPlanes:
    database: Database
    placement: Placement

    async def __call__(self) -> Sequence[str]:
        """Each once. A plane that is still being made is left out."""
        urls: dict[str, None] = {}
        cells: set[str] = set()
        async for tenant in self._tenants():
            if tenant.cell in cells:
                continue
            cells.add(tenant.cell)
            try:
                urls[await self.placement.ensure(tenant)] = None
            except PlacementNotReady as error:
                log.info("plane_not_ready", tenant=tenant.tenant_id, detail=error.detail)
        return list(urls)

    async def _tenants(self) -> AsyncIterator[PlacedTenant]:
        """All that are served, a page a transaction; none is open while a plane is asked."""
        after: str | None = None
        while True:
            async with self.database.read(SYSTEM) as tx:
                rows = await service.list_placed_tenants(tx, after=after, limit=READ_AT_ONCE)
            for tenant, state in rows:
                if state in SERVED:
                    yield tenant
            if len(rows) < READ_AT_ONCE:
                return
            after = rows[-1][0].tenant_id


@dataclass(frozen=True, slots=True)
class PlaneOfTenant:
    database: Database
    placement: Placement

    async def __call__(self, tenant_id: str) -> str:
        """Its URL. Raises TenantNotFound, PlacementNotReady."""
        async with self.database.read(SYSTEM) as tx:
            tenant = await service.get_placed_tenant(tx, tenant_id)
        return await self.placement.ensure(tenant)
