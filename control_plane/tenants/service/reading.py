"""Tenants as others see them: lists for people, summaries and places for other domains."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from control_plane.core.permissions import Permission
from control_plane.tenants import queries
from control_plane.tenants.errors import TenantIsSuspended, TenantNotFound
from control_plane.tenants.ports import CountsOf, PlacedTenant, PlanOfTenant
from control_plane.tenants.rules import TenantState, Where, may_sign_in, standing_of
from control_plane.tenants.schemas import TenantQuery, TenantRead, TenantSummary
from shared.contracts.tenants import Standing
from shared.fields import Text
from shared.pages import Page, cut, position
from shared.tx import ReadTx

SORT_KEY = TypeAdapter(tuple[Text])
Counts = Mapping[str, CountsOf]
"""By the name of the field in TenantRead."""


async def list_tenants(tx: ReadTx, query: TenantQuery, counts: Counts | None = None) -> Page[TenantRead]:
    tx.require(Permission.TENANTS_READ)
    after = None if query.after is None else position(query.after, SORT_KEY)[0]
    rows = await queries.tenants_after(tx, query, after)
    shown, cursor = cut(rows, query.size, lambda row: [row.tenant_id])
    return Page(
        items=await _counted(tx, shown, counts or {}),
        total=await queries.count_tenants(tx, query),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def get_tenant(tx: ReadTx, tenant_id: str, counts: Counts | None = None) -> TenantRead:
    tx.require(Permission.TENANTS_READ)
    return (await _counted(tx, [await queries.one_tenant(tx, tenant_id)], counts or {}))[0]


async def describe_tenants(tx: ReadTx, tenant_ids: Collection[str]) -> dict[str, TenantSummary]:
    """For other domains, about tenants whose ids they hold already; no door offers it."""
    tx.public()
    return {
        row.tenant_id: TenantSummary(
            tenant_id=row.tenant_id,
            name=row.name,
            is_open=may_sign_in(TenantState(row.state)),
            is_suspended=standing_of(TenantState(row.state)) is Standing.SUSPENDED,
            delete_after=row.delete_after if row.state == TenantState.DELETING else None,
        )
        for row in await queries.names_and_states(tx, tenant_ids)
    }


def require_active(tx: ReadTx, tenant: TenantSummary) -> None:
    """What other domains ask before they change something of a tenant. Raises TenantIsSuspended, to everybody but
    super-admins and the control plane itself.
    """
    if tenant.is_suspended and Permission.TENANTS_MANAGE not in tx.actor.permissions:
        raise TenantIsSuspended(tenant.delete_after)


async def facts_of(tx: ReadTx, tenant_id: str) -> TenantRead:
    """For other domains, about a tenant whose id they hold; no door offers it. Raises TenantNotFound."""
    tx.public()
    return TenantRead.model_validate(await queries.one_tenant(tx, tenant_id))


async def plan_of(tx: ReadTx, tenant_id: str) -> PlanOfTenant:
    """For other domains, about a tenant whose id they hold; no door offers it. Raises TenantNotFound."""
    tx.public()
    found = await plans_of(tx, [tenant_id])
    if tenant_id not in found:
        raise TenantNotFound(tenant_id)
    return found[tenant_id]


async def plans_of(tx: ReadTx, tenant_ids: Collection[str]) -> dict[str, PlanOfTenant]:
    """The same for several; tenants that are not there, or gone, are left out."""
    tx.public()
    rows = await queries.plans_of(tx, tenant_ids)
    return {row.tenant_id: PlanOfTenant(row.tenant_id, row.plan, row.plan_version) for row in rows}


async def get_placed_tenant(tx: ReadTx, tenant_id: str) -> PlacedTenant:
    """Where it runs, for whoever must speak to its plane."""
    tx.require(Permission.TENANTS_READ)
    rows = await queries.placed_tenants(tx, [tenant_id], None, 1)
    if not rows:
        raise TenantNotFound(tenant_id)
    return _placed(rows[0])


async def list_placed_tenants(
    tx: ReadTx, *, after: str | None = None, limit: int = 1000
) -> Sequence[tuple[PlacedTenant, TenantState]]:
    """All by tenant_id, also those that are gone; ``after`` is the last one seen."""
    tx.require(Permission.TENANTS_READ)
    rows = await queries.placed_tenants(tx, None, after, limit)
    return [(_placed(row), TenantState(row.state)) for row in rows]


async def count_behind(tx: ReadTx) -> int:
    """Tenants whose plane is not as wanted although that was tried."""
    tx.require(Permission.TENANTS_READ)
    return await queries.count_due(tx)


def _placed(row: Any) -> PlacedTenant:
    return PlacedTenant(row.tenant_id, row.name, row.plan, Where(row.placement), row.cell)


async def _counted(tx: ReadTx, rows: Sequence[Any], counts: Counts) -> list[TenantRead]:
    read = [TenantRead.model_validate(row) for row in rows]
    ids = [tenant.tenant_id for tenant in read]
    for name, count in counts.items():
        known = await count(tx, ids)
        read = [tenant.model_copy(update={name: known.get(tenant.tenant_id, 0)}) for tenant in read]
    return read
