"""Whether a super-admin's impersonation runs: known here, told by the control plane before it issued the token."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.errors import Unauthorized
from shared.tx import Clock, Database, Tenant, utc_now
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import system_actor

CACHE_SECONDS = 4.0
"""One that was ended stops working within this time: 5 seconds are promised."""
LOAD = text("select read_only, ends_at from impersonations where id = :id and ended_at is null")


@dataclass(frozen=True, slots=True)
class Running:
    at: float
    tenant: Tenant
    read_only: bool
    ends_at: datetime


@dataclass
class Impersonations:
    """Remembers running ones for a few seconds. Whatever is wrong gets the same words."""

    database: Database
    directory: TenantDirectory
    clock: Callable[[], float] = time.monotonic
    now: Clock = utc_now
    _running: dict[UUID, Running] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory.forgetters.append(self.forget)

    def forget(self, tenant_id: str) -> None:
        self._running = {key: known for key, known in self._running.items() if known.tenant.id != tenant_id}

    async def require_running(self, tenant: Tenant, impersonation_id: UUID) -> Running:
        """Raises Unauthorized."""
        known = self._running.get(impersonation_id)
        if known is None or self.clock() - known.at >= CACHE_SECONDS or known.tenant != tenant:
            known = await self._load(tenant, impersonation_id)
            if len(self._running) > 10_000:
                self._running.clear()
            self._running[impersonation_id] = known
        if known.ends_at <= self.now():
            raise _ended()
        return known

    async def _load(self, tenant: Tenant, impersonation_id: UUID) -> Running:
        at = self.clock()
        async with self.database.read(system_actor(tenant)) as tx:
            row = (await tx.session.execute(LOAD, {"id": impersonation_id})).one_or_none()
        if row is None:
            self._running.pop(impersonation_id, None)
            raise _ended()
        return Running(at, tenant, row.read_only, row.ends_at)


def _ended() -> Unauthorized:
    return Unauthorized("This impersonation has ended.")
