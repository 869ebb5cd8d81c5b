"""The verbs of a tenant's life, one transaction each. ``flows.py`` puts the tenant plane between two of them."""

from collections.abc import Collection

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.tenants import queries, rules
from control_plane.tenants.errors import PlanUnknown, TenantCannotMove, TenantExists
from control_plane.tenants.models import Tenant
from control_plane.tenants.rules import TenantState
from control_plane.tenants.schemas import (
    TenantCreate,
    TenantMoved,
    TenantQuery,
    TenantRead,
    TenantRequested,
    TenantSummary,
)
from shared.fields import Text
from shared.pages import Page, cut, position
from shared.tx import ReadTx, WriteTx

SORT_KEY = TypeAdapter(tuple[Text])


async def list_tenants(tx: ReadTx, query: TenantQuery) -> Page[TenantRead]:
    tx.require(Permission.TENANTS_READ)
    after = None if query.after is None else position(query.after, SORT_KEY)[0]
    rows = await queries.tenants_after(tx, states=query.state, after=after, skip=query.skip, limit=query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.tenant_id])
    return Page(
        items=[TenantRead.model_validate(row) for row in shown],
        total=await queries.count_tenants(tx, query.state),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def get_tenant(tx: ReadTx, tenant_id: str) -> TenantRead:
    tx.require(Permission.TENANTS_READ)
    return TenantRead.model_validate(await queries.one_tenant(tx, tenant_id))


async def request_tenant(tx: WriteTx, command: TenantCreate) -> TenantRead:
    """Record a tenant as ``provisioning``. Asking again for an unfinished one with equal values continues it.

    Raises PlanUnknown; TenantExists when it is finished, was asked for by somebody else, or with other values.
    """
    tx.require(Permission.TENANTS_MANAGE)
    plan = await plans.find_plan(tx, command.plan)
    if plan is None:
        raise PlanUnknown(command.plan)
    values = {**command.model_dump(), "plan_version": plan.version, "state": TenantState.PROVISIONING}
    times = {"created_by": tx.actor.id, "created_at": tx.now, "updated_at": tx.now}
    statement = insert(Tenant).values(**values, **times).on_conflict_do_nothing().returning(Tenant.tenant_id)
    is_new = (await tx.session.execute(statement)).scalar_one_or_none() is not None
    tenant = await queries.locked_tenant(tx, command.tenant_id)
    if is_new:
        tx.record(TenantRequested(tenant_id=tenant.tenant_id, plan=tenant.plan))
    elif not _is_same_request(tenant, command, tx.actor.id):
        raise TenantExists(command.tenant_id)
    return TenantRead.model_validate(tenant)


async def activate_tenant(tx: WriteTx, tenant_id: str) -> TenantRead:
    """The tenant plane says it is usable. Nothing happens to one that is active already."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    _move(tx, tenant, TenantState.ACTIVE)
    return TenantRead.model_validate(tenant)


async def list_unfinished_tenants(tx: ReadTx, limit: int) -> list[TenantRead]:
    tx.require(Permission.TENANTS_READ)
    rows = await queries.tenants_after(tx, states=[TenantState.PROVISIONING], after=None, skip=0, limit=limit)
    return [TenantRead.model_validate(row) for row in rows]


async def describe_tenants(tx: ReadTx, tenant_ids: Collection[str]) -> dict[str, TenantSummary]:
    """For other domains, about tenants whose ids they hold already; no door offers it."""
    tx.public()
    return {
        row.tenant_id: TenantSummary(tenant_id=row.tenant_id, name=row.name, is_open=row.state == TenantState.ACTIVE)
        for row in await queries.names_and_states(tx, tenant_ids)
    }


def _is_same_request(tenant: Tenant, command: TenantCreate, actor_id: str) -> bool:
    asked = {name: getattr(tenant, name) for name in TenantCreate.model_fields}
    return tenant.state == TenantState.PROVISIONING and tenant.created_by == actor_id and asked == command.model_dump()


def _move(tx: WriteTx, tenant: Tenant, wanted: TenantState) -> None:
    current = TenantState(tenant.state)
    if current is wanted:
        return
    if not rules.may_move(current, wanted):
        raise TenantCannotMove(tenant.tenant_id, current, wanted)
    tenant.state, tenant.updated_at = wanted, tx.now
    tx.record(TenantMoved(tenant_id=tenant.tenant_id, previous=current, state=wanted))
