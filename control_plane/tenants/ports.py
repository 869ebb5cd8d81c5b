"""What a tenant's life needs from outside: its plane, the place where that runs, and what later domains know.

``app.py`` chooses the implementations.
"""

from collections.abc import AsyncIterable, AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from control_plane.tenants.rules import Where
from shared.contracts.archive import ArchiveDigest, ExportNote
from shared.contracts.limits import Limits
from shared.contracts.tenants import TenantActual, TenantWanted
from shared.tx import ReadTx, WriteTx


@dataclass(frozen=True, slots=True)
class PlacedTenant:
    """``is_serving``: requests for the tenant are to be led there; false at a move's destination until the switch."""

    tenant_id: str
    name: str
    plan: str
    placement: Where
    cell: str
    is_serving: bool = True


class Placement(Protocol):
    """Where planes run. Level-triggered, safe to repeat; no transaction is open meanwhile."""

    def offers(self, tenant_id: str, where: Where) -> bool:
        """Whether this installation has such a place at all. Asks nobody."""
        ...

    async def ensure(self, tenant: PlacedTenant) -> str:
        """The base URL of the plane that serves it. Raises PlacementNotReady as long as that is not usable."""
        ...

    async def find(self, tenant: PlacedTenant) -> str | None:
        """The same for whoever removes it. None when its place is going already, or is not there: none is made then."""
        ...

    async def remove(self, tenant_id: str) -> None:
        """The dedicated place of this tenant, if there is one; its data has been removed before."""
        ...


class TenantPlane(Protocol):
    """``url`` is a plane's, as Placement answers it. All raise PlaneFailed; all are safe to repeat."""

    async def ensure_tenant(self, url: str, tenant_id: str, wanted: TenantWanted) -> TenantActual:
        """Returns when the tenant is as wanted."""
        ...

    async def remove_tenant(self, url: str, tenant_id: str) -> None:
        """One that is not there is gone already."""
        ...

    async def digest(self, url: str, tenant_id: str) -> ArchiveDigest | None:
        """What the plane holds of the tenant; None when it is not there."""
        ...

    async def copy_tenant(self, source: str, destination: str, tenant_id: str) -> None:
        """Stream the archive from one plane into the other, which must not have the tenant."""
        ...


class ArchivePlane(Protocol):
    """``url`` as for TenantPlane."""

    async def note_export(self, url: str, tenant_id: str, note: ExportNote) -> None:
        """Into the tenant's own audit log, before anything leaves. Raises PlaneFailed."""
        ...

    def export(self, url: str, tenant_id: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The tenant as the plane holds it, as it comes. Raises PlaneFailed, also half-way."""
        ...

    async def restore(self, url: str, tenant_id: str, archive: AsyncIterable[bytes]) -> ArchiveDigest | None:
        """None: the plane has such a tenant already. Raises ArchiveRefused, PlaneFailed."""
        ...

    async def digest(self, url: str, tenant_id: str) -> ArchiveDigest | None:
        """What the plane holds of the tenant; None when it is not there."""
        ...

    async def remove_tenant(self, url: str, tenant_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class PlanOfTenant:
    tenant_id: str
    plan: str
    plan_version: int


class Opens(Protocol):
    def __call__(self, owner_id: UUID, sealed: bytes, /) -> bool:
        """Whether this is sealed for this owner with this installation's secret."""
        ...


class LimitsOf(Protocol):
    async def __call__(self, tx: ReadTx, tenant: PlanOfTenant) -> Limits:
        """What counts for the tenant now: its plan's limits and what was granted beside them."""
        ...


class CountsOf(Protocol):
    async def __call__(self, tx: ReadTx, tenant_ids: Collection[str]) -> Mapping[str, Any]:
        """One value a tenant, in one statement; a tenant that is left out has the number 0."""
        ...


class HearOfTenant(Protocol):
    async def __call__(self, tx: WriteTx, tenant_id: str) -> None:
        """The tenant's life has changed in this transaction: a deletion was begun, undone or done. Safe to repeat."""
        ...


class ForgetTenant(Protocol):
    async def __call__(self, tx: WriteTx, tenant_id: str) -> None:
        """Delete what another domain keeps about a tenant that is gone. Safe to repeat."""
        ...
