"""This plane's own snapshot of its tenants. Read from ``plane.tenants``, cached for a few seconds; works without the
control plane.

A change is heard on a channel (core/live.py) and forgotten here at once; the few seconds are the bound for a process
that did not hear it. What decides about writes is never this cache but the first statement of each transaction
(core/tenancy.py).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.limits import Limits
from shared.contracts.tenants import Standing
from shared.database import absence_is_unavailable
from shared.errors import Forbidden
from shared.tx import Tenant

CACHE_SECONDS = 5.0
COLUMNS = "tenant_id, schema_name, name, state, limits, delete_after"
LOAD = text(f"select {COLUMNS} from plane.tenants where tenant_id = :tenant_id")  # noqa: S608 - a constant
# In any order, so that tenants whose work fails do not stand in front of the others for ever.
DUE = text(
    "select t.tenant_id, t.schema_name, t.name, t.state from plane.tenants t where t.state = 'active'"
    " and t.schema_name in (select d.schema_name from plane.due d where d.kind = :kind and d.due_at <= :now)"
    " order by random() limit :most"
)
SWEEP = text(
    "update plane.tenants set swept_at = :now where tenant_id = any(array(select t.tenant_id from plane.tenants t"
    " where t.state = 'active' and t.swept_at < :before order by t.swept_at limit :most for update skip locked))"
    " returning tenant_id, schema_name, name, state"
)
PROCESS_HELD = text(
    "update plane.tenants set held_next_at = :now where tenant_id = any(array(select t.tenant_id from plane.tenants t"
    " where t.state = 'active' and t.held_since is not null and t.held_next_at <= :now"
    " order by t.held_next_at, t.held_since limit :most for update skip locked))"
    " returning tenant_id, schema_name, name, state"
)
HELD = text(
    "select tenant_id, schema_name, name, state from plane.tenants where state = 'active' and held_since is not null"
    " and tenant_id > :after order by tenant_id limit :most"
)
PAGE = text(
    "select tenant_id, schema_name, name, state from plane.tenants where tenant_id > :after"
    " order by tenant_id limit :most"
)
COUNT = text("select count(*) from plane.tenants")


class NotServedHere(Forbidden):
    """The same words whether the other tenant exists or not."""

    def __init__(self) -> None:
        super().__init__("This credential is not valid here.")


@dataclass(frozen=True, slots=True)
class Known:
    at: float
    tenant: Tenant
    limits: Limits


@dataclass
class TenantDirectory:
    """``pinned`` is the only tenant of a dedicated plane. ``requests_per_minute``, by role, goes before any plan's."""

    engine: AsyncEngine
    pinned: str | None = None
    requests_per_minute: Mapping[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    forgetters: list[Callable[[str], None]] = field(default_factory=list)
    """Others who remember something of a tenant, and forget it when it has changed or is gone."""
    _cache: dict[str, Known] = field(default_factory=dict)

    def require_served(self, tenant_id: str) -> None:
        """Before any SQL. Raises NotServedHere in a plane that is pinned to another tenant."""
        if self.pinned is not None and tenant_id != self.pinned:
            raise NotServedHere()

    async def find(self, tenant_id: str) -> Tenant | None:
        known = await self._known(tenant_id)
        return known.tenant if known else None

    async def rate_of(self, tenant_id: str, role: str) -> int:
        """Requests a minute of one caller."""
        if role in self.requests_per_minute:
            return self.requests_per_minute[role]
        known = await self._known(tenant_id)
        return (known.limits if known else Limits()).requests_per_minute.of(role)

    def forget(self, tenant_id: str) -> None:
        self._cache.pop(tenant_id, None)
        for forget in self.forgetters:
            forget(tenant_id)

    async def with_due(self, kind: str, now: datetime, most: int) -> list[Tenant]:
        """Active ones in which something of this kind is due (core/due.py)."""
        return await self._list(DUE, kind=kind, now=now, most=most)

    async def to_sweep(self, now: datetime, before: datetime, most: int) -> list[Tenant]:
        """Active ones whose last turn was before that; from now on it is now, and nobody else gets them."""
        return await self._list(SWEEP, now=now, before=before, most=most)

    async def to_process_held(self, now: datetime, most: int) -> list[Tenant]:
        """Active ones that have held payloads and are not put off, those first whose turn is longest ago; from now on
        it is now.
        """
        return await self._list(PROCESS_HELD, now=now, most=most)

    async def with_held(self, after: str, most: int) -> list[Tenant]:
        """Active ones that have held payloads, in the order of their ids."""
        return await self._list(HELD, after=after, most=most)

    async def page(self, after: str, most: int) -> list[Tenant]:
        """All of them, whatever their standing, in the order of their ids."""
        return await self._list(PAGE, after=after, most=most)

    async def count(self) -> int:
        async with absence_is_unavailable(), self.engine.connect() as connection:
            return int((await connection.execute(COUNT)).scalar_one())

    async def _known(self, tenant_id: str) -> Known | None:
        cached = self._cache.get(tenant_id)
        if cached is not None and self.clock() - cached.at < CACHE_SECONDS:
            return cached
        at = self.clock()
        async with absence_is_unavailable(), self.engine.connect() as connection:
            row = (await connection.execute(LOAD, {"tenant_id": tenant_id})).one_or_none()
        if len(self._cache) > 10_000:
            self._cache.clear()
        if row is None:
            self.forget(tenant_id)
            return None
        known = Known(at, replace(_tenant(row), delete_after=row.delete_after), Limits.model_validate(row.limits))
        self._cache[tenant_id] = known
        return known

    async def _list(self, statement: TextClause, **values: object) -> list[Tenant]:
        async with absence_is_unavailable(), self.engine.begin() as connection:
            return [_tenant(row) for row in (await connection.execute(statement, values)).all()]


def _tenant(row: Any) -> Tenant:
    return Tenant(row.tenant_id, row.schema_name, row.name, Standing(row.state))
