"""This plane's own snapshot of its tenants. Read from ``plane.tenants``, cached for a few seconds; works without the
control plane.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import absence_is_unavailable
from shared.tx import Tenant

CACHE_SECONDS = 5.0
LOAD = text("select tenant_id, schema_name, name from plane.tenants where tenant_id = :tenant_id")
LIST = text("select tenant_id, schema_name, name from plane.tenants where state = 'active' order by tenant_id")


@dataclass
class TenantDirectory:
    engine: AsyncEngine
    clock: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, Tenant | None]] = field(default_factory=dict)

    async def find(self, tenant_id: str) -> Tenant | None:
        cached = self._cache.get(tenant_id)
        if cached is not None and self.clock() - cached[0] < CACHE_SECONDS:
            return cached[1]
        async with absence_is_unavailable(), self.engine.connect() as connection:
            row = (await connection.execute(LOAD, {"tenant_id": tenant_id})).one_or_none()
        tenant = Tenant(row.tenant_id, row.schema_name, row.name) if row else None
        if len(self._cache) > 10_000:
            self._cache.clear()
        if tenant is not None:
            self._cache[tenant_id] = (self.clock(), tenant)
        return tenant

    async def active(self) -> list[Tenant]:
        async with absence_is_unavailable(), self.engine.connect() as connection:
            rows = (await connection.execute(LIST)).all()
        return [Tenant(row.tenant_id, row.schema_name, row.name) for row in rows]
