"""A tenant that comes out of an archive: ``request_tenant`` has recorded it, and its own request does the work."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from control_plane.core.permissions import Permission
from control_plane.plans.schemas import PlanRead
from control_plane.tenants import queries
from control_plane.tenants.models import Operation, OperationStep, Tenant
from control_plane.tenants.rules import UNFINISHED, OperationKind, OperationState, TenantState
from control_plane.tenants.schemas import LimitBrought, TenantImported
from control_plane.tenants.service import progress
from shared.tx import ReadTx, WriteTx


async def import_of(tx: ReadTx, tenant_id: str) -> UUID | None:
    """The unfinished import of this tenant."""
    tx.require(Permission.TENANTS_MANAGE)
    operation = await queries.unfinished_operation(tx, tenant_id)
    return operation.id if operation is not None and operation.kind == OperationKind.IMPORT else None


async def finish_import(
    tx: WriteTx,
    tenant_id: str,
    operation_id: UUID,
    *,
    plan: PlanRead,
    created_at: datetime,
    exported_at: datetime,
    suspended_reason: str | None,
    rows: dict[str, int],
    limits: list[LimitBrought],
    notices: list[str],
) -> None:
    """Its rows are in. It becomes active, or suspended when ``suspended_reason`` is given; the plane is told next."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    tenant.plan_version, tenant.created_at, tenant.suspended_reason = plan.version, created_at, suspended_reason
    progress.move(tx, tenant, TenantState.PROVISIONING)
    progress.move(tx, tenant, TenantState.ACTIVE)
    if suspended_reason is not None:
        progress.move(tx, tenant, TenantState.SUSPENDED)
    operation.details = {**operation.details, "rows": rows, "notices": notices}
    progress.end(tx, operation, await queries.steps_of(tx, operation_id), OperationState.SUCCEEDED)
    progress.wants(tx, tenant)
    tx.record(
        TenantImported(
            tenant_id=tenant_id,
            operation_id=operation_id,
            exported_at=exported_at,
            plan=plan.name,
            plan_version=plan.version,
            rows=rows,
            limits=limits,
        )
    )


async def discard_import(tx: WriteTx, tenant_id: str, operation_id: UUID) -> None:
    """It came to nothing, so there never was such a tenant; only the audit log knows of the attempt."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    if operation.kind == OperationKind.IMPORT and operation.state in UNFINISHED:
        await tx.session.execute(delete(OperationStep).where(OperationStep.operation_id == operation_id))
        await tx.session.execute(delete(Operation).where(Operation.tenant_id == tenant_id))
        await tx.session.execute(delete(Tenant).where(Tenant.tenant_id == tenant_id))
