"""How often a member may call here: as the plan of its tenant says, in the tenant's own plane and in this one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from control_plane.core.system import SYSTEM
from control_plane.quotas import service
from control_plane.tenants import service as tenants
from shared.contracts.limits import RequestsPerMinute
from shared.tx import Database

CACHE_SECONDS = 5.0
"""A new plan, or a limit that was raised, counts within this time, as in the tenant planes."""


@dataclass
class RequestRates:
    """``settings``: requests a minute by role that go before any plan's."""

    database: Database
    settings: Mapping[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, RequestsPerMinute | None]] = field(default_factory=dict)

    async def of_member(self, tenant_id: str, role: str) -> int | None:
        """Requests a minute; None when nobody says so: the tenant is gone."""
        if role in self.settings:
            return self.settings[role]
        at, rates = self._cache.get(tenant_id, (float("-inf"), None))
        if self.clock() - at >= CACHE_SECONDS:
            at = self.clock()
            if rates is not None:
                self._cache[tenant_id] = at, rates  # whoever comes meanwhile need not ask, too
            rates = await self._rates(tenant_id)
            if len(self._cache) > 10_000:
                self._cache.clear()
            self._cache[tenant_id] = at, rates
        return rates.of(role) if rates else None

    async def _rates(self, tenant_id: str) -> RequestsPerMinute | None:
        async with self.database.read(SYSTEM) as tx:
            known = await tenants.plans_of(tx, [tenant_id])
            if tenant_id not in known:
                return None
            return (await service.effective_limits(tx, known[tenant_id])).requests_per_minute
