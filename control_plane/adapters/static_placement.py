"""Planes that somebody else has started: the shared one, and dedicated ones that the settings name, one a tenant."""

from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.tenants.errors import PlacementNotReady
from control_plane.tenants.ports import PlacedTenant
from control_plane.tenants.rules import Where


@dataclass(frozen=True, slots=True)
class StaticPlacement:
    shared_url: str
    dedicated_urls: Mapping[str, str]
    """By tenant_id, without a slash at the end."""

    def offers(self, tenant_id: str, where: Where) -> bool:
        return where is Where.SHARED or tenant_id in self.dedicated_urls

    async def ensure(self, tenant: PlacedTenant) -> str:
        if tenant.placement is Where.SHARED:
            return self.shared_url
        url = self.dedicated_urls.get(tenant.tenant_id)
        if url is None:
            raise PlacementNotReady("place", f"OPSPLANE_DEDICATED_PLANES names no plane for {tenant.tenant_id}.")
        return url

    async def find(self, tenant: PlacedTenant) -> str | None:
        return await self.ensure(tenant)

    async def remove(self, tenant_id: str) -> None:
        """Whoever started it stops it; without the tenant it serves nobody."""
