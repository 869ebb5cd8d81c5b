from collections.abc import Collection, Sequence

from sqlalchemy import Row, func, select

from control_plane.core.tables import AnyRow, AnySelect
from control_plane.tenants.errors import TenantNotFound
from control_plane.tenants.models import Tenant
from control_plane.tenants.rules import TenantState
from shared.tx import ReadTx, WriteTx

READ = (Tenant.tenant_id, Tenant.name, Tenant.plan, Tenant.contact_email, Tenant.state, Tenant.created_at)


def _filtered(statement: AnySelect, states: Collection[TenantState] | None) -> AnySelect:
    return statement if states is None else statement.where(Tenant.state.in_(states))


async def tenants_after(
    tx: ReadTx, *, states: Collection[TenantState] | None, after: str | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """By tenant_id, so that a page stays what it was while tenants arrive; ``after`` is the last one seen."""
    statement = _filtered(select(*READ), states).order_by(Tenant.tenant_id).offset(skip).limit(limit)
    if after is not None:
        statement = statement.where(Tenant.tenant_id > after)
    return (await tx.session.execute(statement)).all()


async def count_tenants(tx: ReadTx, states: Collection[TenantState] | None) -> int:
    total: int = (await tx.session.execute(_filtered(select(func.count()).select_from(Tenant), states))).scalar_one()
    return total


async def one_tenant(tx: ReadTx, tenant_id: str) -> AnyRow:
    row = (await tx.session.execute(select(*READ).where(Tenant.tenant_id == tenant_id))).one_or_none()
    if row is None:
        raise TenantNotFound(tenant_id)
    return row


async def locked_tenant(tx: WriteTx, tenant_id: str) -> Tenant:
    statement = select(Tenant).where(Tenant.tenant_id == tenant_id).with_for_update()
    tenant = (await tx.session.execute(statement)).scalar_one_or_none()
    if tenant is None:
        raise TenantNotFound(tenant_id)
    return tenant


async def names_and_states(tx: ReadTx, tenant_ids: Collection[str]) -> Sequence[Row[str, str, str]]:
    statement = select(Tenant.tenant_id, Tenant.name, Tenant.state).where(Tenant.tenant_id.in_(tenant_ids))
    return (await tx.session.execute(statement)).all()
