from typing import Protocol

from shared.contracts.tenants import TenantActual, TenantWanted


class TenantPlane(Protocol):
    async def ensure_tenant(self, tenant_id: str, wanted: TenantWanted) -> TenantActual:
        """Returns when the tenant is usable; raises TenantPlaneAway when that can't be said. Safe to repeat."""
        ...
