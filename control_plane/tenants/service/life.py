"""What people, and billing, do with a tenant: the change is recorded here and reaches the plane by the reconciler."""

from datetime import timedelta
from typing import Any

from pydantic import MISSING
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanRead
from control_plane.tenants import queries
from control_plane.tenants.errors import (
    ChangedMeanwhile,
    GracePeriodOver,
    PlanUnknown,
    TenantCannotMove,
    TenantExists,
)
from control_plane.tenants.models import Tenant
from control_plane.tenants.rules import (
    CHANGEABLE,
    STREAMED,
    OperationKind,
    OperationState,
    TenantState,
    Where,
    cell_of,
)
from control_plane.tenants.schemas import (
    TenantCreate,
    TenantDeleted,
    TenantPatch,
    TenantPlanChanged,
    TenantRead,
    TenantRequested,
    TenantRestored,
    TenantResumed,
    TenantSuspended,
    TenantUpdated,
)
from control_plane.tenants.service import progress
from shared.tx import WriteTx

CREATING = (TenantState.REQUESTED, TenantState.PROVISIONING)


async def request_tenant(tx: WriteTx, command: TenantCreate, kind: OperationKind = OperationKind.CREATE) -> TenantRead:
    """Record a tenant as ``requested``. Asking again with equal values changes nothing: one that is still being made
    goes on, an active one is answered as it is.

    ``kind`` is ``import`` when an archive is its source: then only the same person goes on, and only until it is
    finished. Raises PlanUnknown, TenantExists.
    """
    tx.require(Permission.TENANTS_MANAGE)
    plan = await _plan(tx, command.plan)
    where = Where(plan.placement)
    values = {
        **command.model_dump(),
        "plan_version": plan.version,
        "state": TenantState.REQUESTED,
        "placement": where,
        "cell": cell_of(command.tenant_id, where),
        "generation": 1,
        "observed_generation": 0,
        "failures": 0,
        "next_try_at": tx.now,
    }
    times = {"created_by": tx.actor.id, "created_at": tx.now, "updated_at": tx.now}
    statement = insert(Tenant).values(**values, **times).on_conflict_do_nothing().returning(Tenant.tenant_id)
    is_new = (await tx.session.execute(statement)).scalar_one_or_none() is not None
    tenant = await queries.locked_tenant(tx, command.tenant_id)
    if is_new:
        operation = await progress.start(tx, tenant, kind)
        if kind in STREAMED:
            progress.begin_attempt(tx, operation)
        tx.record(TenantRequested(tenant_id=tenant.tenant_id, plan=tenant.plan))
    else:
        await _refuse_another(tx, tenant, command, kind)
    return await _read(tx, tenant)


async def update_tenant(tx: WriteTx, tenant_id: str, patch: TenantPatch, if_match: int | None = None) -> TenantRead:
    """Name, contact and plan. Raises ChangedMeanwhile, NotChangeable, PlanUnknown, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    if if_match is not None and if_match != tenant.generation:
        raise ChangedMeanwhile(tenant_id, tenant.updated_at)
    asked = {"name": patch.name, "contact_email": patch.contact_email}
    after = {name: value for name, value in asked.items() if value is not MISSING and value != getattr(tenant, name)}
    before = {name: getattr(tenant, name) for name in after}
    plan = None if patch.plan is MISSING else await _plan(tx, patch.plan)
    is_other_plan = plan is not None and (plan.name, plan.version) != (tenant.plan, tenant.plan_version)
    if not after and not is_other_plan:
        return await _read(tx, tenant)
    await progress.refuse_unless_changeable(tx, tenant)
    for name, value in after.items():
        setattr(tenant, name, value)
    if after:
        tx.record(TenantUpdated(tenant_id=tenant_id, before=before, after=after))
    details: dict[str, Any] = {"before": before, "after": after} if after else {}
    if plan is not None and is_other_plan:
        await _set_plan(tx, tenant, plan, patch.reason, details)
    else:
        progress.wants(tx, tenant)
        await progress.start(tx, tenant, OperationKind.RENAME, details=details)
    return await _read(tx, tenant)


async def change_plan(tx: WriteTx, tenant_id: str, plan_name: str, reason: str | None) -> TenantRead:
    """To the version on sale; nothing happens when it has that already. A plan with another placement moves it then.

    Raises PlanUnknown, NotChangeable, OperationRunning.
    """
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    plan = await _plan(tx, plan_name)
    if (plan.name, plan.version) != (tenant.plan, tenant.plan_version):
        await progress.refuse_unless_changeable(tx, tenant)
        await _set_plan(tx, tenant, plan, reason, {})
    return await _read(tx, tenant)


async def suspend_tenant(tx: WriteTx, tenant_id: str, reason: str) -> TenantRead:
    """Reads stay; writes are refused. Raises TenantCannotMove, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    await _change_state(tx, tenant, TenantState.SUSPENDED, OperationKind.SUSPEND, reason, {TenantState.ACTIVE})
    tenant.suspended_reason = reason
    tx.record(TenantSuspended(tenant_id=tenant_id, reason=reason))
    return await _read(tx, tenant)


async def resume_tenant(tx: WriteTx, tenant_id: str, reason: str | None = None) -> TenantRead:
    """Raises TenantCannotMove when it is not suspended, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    await _change_state(tx, tenant, TenantState.ACTIVE, OperationKind.RESUME, reason, {TenantState.SUSPENDED})
    tenant.suspended_reason = None
    tx.record(TenantResumed(tenant_id=tenant_id, reason=reason))
    return await _read(tx, tenant)


async def delete_tenant(tx: WriteTx, tenant_id: str, reason: str | None, grace_days: int) -> TenantRead:
    """Suspended at once; removed when the grace period is over. A create that is still pending is cancelled.

    Raises TenantCannotMove, OperationRunning.
    """
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    await _cancel_unfinished(tx, tenant, (OperationKind.CREATE, OperationKind.IMPORT), "The tenant was deleted.")
    before = tenant.state
    await _change_state(tx, tenant, TenantState.DELETING, OperationKind.DELETE, reason, set(CHANGEABLE))
    tenant.state_before_delete = before
    tenant.delete_after = tx.now + timedelta(days=grace_days)
    tx.record(TenantDeleted(tenant_id=tenant_id, reason=reason, delete_after=tenant.delete_after))
    return await _read(tx, tenant)


async def restore_tenant(tx: WriteTx, tenant_id: str, reason: str | None = None) -> TenantRead:
    """Undo a deletion: back to where it was. Raises TenantCannotMove, GracePeriodOver, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    wanted = TenantState(tenant.state_before_delete or TenantState.ACTIVE)
    if tenant.delete_after is not None and tx.now >= tenant.delete_after:
        raise GracePeriodOver(tenant_id, tenant.delete_after)
    if tenant.state == TenantState.DELETING:
        await _cancel_unfinished(tx, tenant, (OperationKind.DELETE,), "The tenant was restored.")
    await _change_state(tx, tenant, wanted, OperationKind.RESTORE, reason, {TenantState.DELETING})
    tenant.delete_after = tenant.state_before_delete = None
    tx.record(TenantRestored(tenant_id=tenant_id, state=wanted))
    return await _read(tx, tenant)


async def touch_tenant(tx: WriteTx, tenant_id: str) -> None:
    """What its plane shall know has changed in another domain, for example a limit: tell the plane again."""
    tx.require(Permission.TENANTS_MANAGE)
    progress.wants(tx, await queries.locked_tenant(tx, tenant_id))


async def _plan(tx: WriteTx, name: str) -> PlanRead:
    plan = await plans.find_plan(tx, name)
    if plan is None:
        raise PlanUnknown(name)
    return plan


async def _set_plan(tx: WriteTx, tenant: Tenant, plan: PlanRead, reason: str | None, details: dict[str, Any]) -> None:
    previous = tenant.plan
    tenant.plan, tenant.plan_version = plan.name, plan.version
    before = {**details.get("before", {}), "plan": previous}
    after = {**details.get("after", {}), "plan": plan.name}
    progress.wants(tx, tenant)
    await progress.start(
        tx, tenant, OperationKind.CHANGE_PLAN, reason=reason, details={"before": before, "after": after}
    )
    tx.record(
        TenantPlanChanged(
            tenant_id=tenant.tenant_id, previous=previous, plan=plan.name, plan_version=plan.version, reason=reason
        )
    )


async def _change_state(
    tx: WriteTx,
    tenant: Tenant,
    wanted: TenantState,
    kind: OperationKind,
    reason: str | None,
    allowed: set[TenantState],
) -> None:
    """``allowed``: states from which this verb starts; another verb may lead to the same state from elsewhere."""
    current = TenantState(tenant.state)
    if current not in allowed:
        raise TenantCannotMove(tenant.tenant_id, current, wanted)
    progress.refuse_second(await queries.unfinished_operation(tx, tenant.tenant_id))
    progress.move(tx, tenant, wanted)
    progress.wants(tx, tenant)
    await progress.start(
        tx, tenant, kind, reason=reason, details={"before": {"state": current}, "after": {"state": wanted}}
    )


async def _cancel_unfinished(tx: WriteTx, tenant: Tenant, kinds: tuple[OperationKind, ...], why: str) -> None:
    operation = await queries.unfinished_operation(tx, tenant.tenant_id)
    if operation is not None and operation.kind in kinds:
        progress.end(tx, operation, await queries.steps_of(tx, operation.id), OperationState.CANCELLED, why)
        await tx.session.flush()


async def _refuse_another(tx: WriteTx, tenant: Tenant, command: TenantCreate, kind: OperationKind) -> None:
    """Raises TenantExists unless this tenant is what was asked for."""
    made = (TenantState.ACTIVE,) if kind is OperationKind.CREATE else ()
    if tenant.state not in (*CREATING, *made):
        raise TenantExists(tenant.tenant_id, f"which is {tenant.state}")
    differs = [name for name, value in command.model_dump().items() if value != getattr(tenant, name)]
    if differs:
        raise TenantExists(tenant.tenant_id, f"with another {' and another '.join(differs)}")
    if kind is OperationKind.IMPORT and tenant.created_by != tx.actor.id:
        raise TenantExists(tenant.tenant_id, "which somebody else imports")
    operation = await queries.unfinished_operation(tx, tenant.tenant_id)
    if tenant.state in CREATING and operation is not None and operation.kind != kind:
        raise TenantExists(tenant.tenant_id, f"with an unfinished {operation.kind}")


async def _read(tx: WriteTx, tenant: Tenant) -> TenantRead:
    await tx.session.flush()
    return TenantRead.model_validate(await queries.one_tenant(tx, tenant.tenant_id))
