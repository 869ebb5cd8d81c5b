from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, or_, select, tuple_, update

from control_plane.core.tables import AnyRow, AnySelect
from control_plane.tenants.errors import OperationNotFound, TenantNotFound
from control_plane.tenants.models import Operation, OperationStep, Tenant
from control_plane.tenants.rules import UNFINISHED, OperationKind, OperationState, TenantState
from control_plane.tenants.schemas import TenantQuery
from shared.tx import ReadTx, WriteTx

READ = (
    Tenant.tenant_id,
    Tenant.name,
    Tenant.plan,
    Tenant.plan_version,
    Tenant.contact_email,
    Tenant.state,
    Tenant.suspended_reason,
    Tenant.placement,
    Tenant.cell,
    Tenant.created_at,
    Tenant.updated_at,
    Tenant.delete_after,
    Tenant.generation,
    Tenant.observed_generation,
    Operation.id.label("operation_id"),
    Operation.kind.label("operation_kind"),
)
IS_UNFINISHED = and_(Operation.state.in_(UNFINISHED), Operation.kind != OperationKind.EXPORT)
"""As the partial unique index has it; an export changes nothing and stands in nobody's way."""
READ_OPERATION = (
    Operation.id.label("operation_id"),
    Operation.tenant_id,
    Operation.kind,
    Operation.state,
    Operation.details,
    Operation.reason,
    Operation.requested_by,
    Operation.requested_by_name,
    Operation.attempts,
    Operation.error,
    Operation.is_rolling_back,
    Operation.created_at,
    Operation.started_at,
    Operation.finished_at,
    Tenant.next_try_at,
)


def _with_operation() -> AnySelect:
    return select(*READ).outerjoin(Operation, and_(Operation.tenant_id == Tenant.tenant_id, IS_UNFINISHED))


def _filtered(statement: AnySelect, query: TenantQuery) -> AnySelect:
    if query.state is not None:
        statement = statement.where(Tenant.state.in_(query.state))
    if query.plan is not None:
        statement = statement.where(Tenant.plan.in_(query.plan))
    if query.q is not None:
        beginning = query.q.lower()
        statement = statement.where(
            or_(
                Tenant.tenant_id.startswith(beginning, autoescape=True),
                func.lower(Tenant.name).startswith(beginning, autoescape=True),
                Tenant.contact_email.startswith(beginning, autoescape=True),
            )
        )
    return statement


async def tenants_after(tx: ReadTx, query: TenantQuery, after: str | None) -> Sequence[AnyRow]:
    """One more than a page, by tenant_id, so that a page stays what it was while tenants arrive."""
    statement = _filtered(_with_operation(), query).order_by(Tenant.tenant_id)
    if after is not None:
        statement = statement.where(Tenant.tenant_id > after)
    return (await tx.session.execute(statement.offset(query.skip).limit(query.size + 1))).all()


async def count_tenants(tx: ReadTx, query: TenantQuery) -> int:
    total: int = (await tx.session.execute(_filtered(select(func.count()).select_from(Tenant), query))).scalar_one()
    return total


async def one_tenant(tx: ReadTx, tenant_id: str) -> AnyRow:
    row = (await tx.session.execute(_with_operation().where(Tenant.tenant_id == tenant_id))).one_or_none()
    if row is None:
        raise TenantNotFound(tenant_id)
    return row


async def locked_tenant(tx: WriteTx, tenant_id: str) -> Tenant:
    statement = select(Tenant).where(Tenant.tenant_id == tenant_id).with_for_update()
    tenant = (await tx.session.execute(statement)).scalar_one_or_none()
    if tenant is None:
        raise TenantNotFound(tenant_id)
    return tenant


async def names_and_states(tx: ReadTx, tenant_ids: Collection[str]) -> Sequence[Row[str, str, str, datetime | None]]:
    statement = select(Tenant.tenant_id, Tenant.name, Tenant.state, Tenant.delete_after).where(
        Tenant.tenant_id.in_(tenant_ids)
    )
    return (await tx.session.execute(statement)).all()


async def plans_of(tx: ReadTx, tenant_ids: Collection[str]) -> Sequence[AnyRow]:
    statement = select(Tenant.tenant_id, Tenant.plan, Tenant.plan_version).where(
        Tenant.tenant_id.in_(tenant_ids), Tenant.state != TenantState.GONE
    )
    return (await tx.session.execute(statement)).all()


async def placed_tenants(tx: ReadTx, tenant_ids: Collection[str] | None, after: str | None, limit: int) -> list[AnyRow]:
    statement = select(Tenant.tenant_id, Tenant.name, Tenant.plan, Tenant.placement, Tenant.cell, Tenant.state)
    if tenant_ids is not None:
        statement = statement.where(Tenant.tenant_id.in_(tenant_ids))
    if after is not None:
        statement = statement.where(Tenant.tenant_id > after)
    return list((await tx.session.execute(statement.order_by(Tenant.tenant_id).limit(limit))).all())


async def claim_due(tx: WriteTx, next_try_at: datetime, limit: int, *, is_moving: bool) -> list[str]:
    """Due tenants, the longest overdue first; put off to ``next_try_at``, so that no other process takes them now."""
    move = exists().where(Operation.tenant_id == Tenant.tenant_id, IS_UNFINISHED, Operation.kind == OperationKind.MOVE)
    due = (
        select(Tenant.tenant_id)
        .where(Tenant.next_try_at <= tx.now, move if is_moving else ~move)
        .order_by(Tenant.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(Tenant)
        .where(Tenant.tenant_id.in_(due.scalar_subquery()))
        .values(next_try_at=next_try_at)
        .returning(Tenant.tenant_id)
    )
    return sorted((await tx.session.execute(statement)).scalars().all())


async def count_due(tx: ReadTx) -> int:
    """Tenants whose plane is not as wanted; a deletion that waits for its day is not among them."""
    statement = select(func.count()).where(Tenant.next_try_at.is_not(None), Tenant.failures > 0)
    return (await tx.session.execute(statement)).scalar_one()


async def unfinished_operation(tx: ReadTx, tenant_id: str) -> Operation | None:
    """Call it with the tenant's row locked."""
    statement = select(Operation).where(Operation.tenant_id == tenant_id, IS_UNFINISHED)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def own_operation(tx: ReadTx, tenant_id: str, operation_id: UUID) -> Operation:
    statement = select(Operation).where(Operation.id == operation_id, Operation.tenant_id == tenant_id)
    operation = (await tx.session.execute(statement)).scalar_one_or_none()
    if operation is None:
        raise OperationNotFound(operation_id)
    return operation


async def steps_of(tx: ReadTx, operation_id: UUID) -> Sequence[OperationStep]:
    statement = select(OperationStep).where(OperationStep.operation_id == operation_id).order_by(OperationStep.position)
    return (await tx.session.execute(statement)).scalars().all()


def _operations() -> AnySelect:
    return select(*READ_OPERATION).join(Tenant, Tenant.tenant_id == Operation.tenant_id)


async def operations_before(
    tx: ReadTx, tenant_id: str, before: tuple[datetime, UUID] | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """Newest first."""
    statement = _operations().where(Operation.tenant_id == tenant_id)
    if before is not None:
        statement = statement.where(tuple_(Operation.created_at, Operation.id) < before)
    statement = statement.order_by(Operation.created_at.desc(), Operation.id.desc()).offset(skip).limit(limit)
    return (await tx.session.execute(statement)).all()


async def count_operations(tx: ReadTx, tenant_id: str) -> int:
    statement = select(func.count()).where(Operation.tenant_id == tenant_id)
    return (await tx.session.execute(statement)).scalar_one()


async def one_operation(tx: ReadTx, tenant_id: str, operation_id: UUID) -> AnyRow:
    statement = _operations().where(Operation.id == operation_id, Operation.tenant_id == tenant_id)
    row = (await tx.session.execute(statement)).one_or_none()
    if row is None:
        raise OperationNotFound(operation_id)
    return row


async def steps_of_all(tx: ReadTx, operation_ids: Collection[UUID]) -> Sequence[AnyRow]:
    statement = (
        select(
            OperationStep.operation_id,
            OperationStep.name,
            OperationStep.state,
            OperationStep.attempts,
            OperationStep.error,
            OperationStep.started_at,
            OperationStep.finished_at,
            OperationStep.deadline_at,
        )
        .where(OperationStep.operation_id.in_(operation_ids))
        .order_by(OperationStep.operation_id, OperationStep.position)
    )
    return (await tx.session.execute(statement)).all()


async def stale_exports(tx: ReadTx, started_before: datetime, limit: int) -> Sequence[AnyRow]:
    """Those whose process must have died; it would have written their end."""
    statement = (
        select(Operation.tenant_id, Operation.id)
        .where(
            Operation.state == OperationState.RUNNING,
            Operation.kind == OperationKind.EXPORT,
            Operation.started_at < started_before,
        )
        .order_by(Operation.started_at)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).all()
