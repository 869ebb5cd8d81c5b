"""What the reconciler reads and writes around its calls: one tenant at a time, under its row's lock."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.tenants import queries, rules
from control_plane.tenants.models import Operation, Tenant
from control_plane.tenants.ports import ForgetTenant, LimitsOf
from control_plane.tenants.rules import (
    CHANGEABLE,
    UNFINISHED,
    OperationKind,
    OperationState,
    Step,
    TenantState,
    Where,
)
from control_plane.tenants.schemas import TenantPurged, Work
from control_plane.tenants.service import progress
from shared.tx import WriteTx

CLAIMED_SECONDS = 15
"""For so long no other process looks at a claimed tenant. Two that do harm nothing: a plane obeys the generation."""
WAITING_SECONDS = 5
LONGEST_ERROR = 1000


async def claim_due_tenants(tx: WriteTx, limit: int) -> list[str]:
    """All but those that move."""
    tx.require(Permission.TENANTS_MANAGE)
    return await queries.claim_due(tx, tx.now + timedelta(seconds=CLAIMED_SECONDS), limit, is_moving=False)


async def claim_due_moves(tx: WriteTx, limit: int) -> list[str]:
    """Apart from the others, since a move may take an hour."""
    tx.require(Permission.TENANTS_MANAGE)
    return await queries.claim_due(tx, tx.now + timedelta(seconds=CLAIMED_SECONDS), limit, is_moving=True)


async def begin_work(tx: WriteTx, tenant_id: str, limits_of: LimitsOf) -> Work | None:
    """What is to be done for this tenant, noted as begun; None when there is nothing.

    A deletion whose grace period is over becomes a purge here: from this commit on it can't be undone.
    """
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await _purge_if_due(tx, tenant, await queries.unfinished_operation(tx, tenant_id))
    if tenant.state == TenantState.GONE:
        tenant.next_try_at = None
        return None
    if operation is None and tenant.generation <= tenant.observed_generation:
        progress.settle(tx, tenant)
        return None
    if operation is not None and operation.kind == OperationKind.IMPORT:
        return None  # its own request does the work, since only that has the archive
    if tenant.state == TenantState.REQUESTED:
        progress.move(tx, tenant, TenantState.PROVISIONING)
    kind, step = None if operation is None else OperationKind(operation.kind), None
    if operation is not None and kind is not OperationKind.MOVE:
        progress.begin_attempt(tx, operation)
        step = progress.current_step(await queries.steps_of(tx, operation.id))
        if step is not None:
            progress.begin_step(tx, step)
    return Work(
        kind=kind,
        operation_id=None if operation is None else operation.id,
        step=None if step is None else Step(step.name),
        placed=progress.placed(tenant),
        wanted=await progress.wanted_of(tx, tenant, limits_of),
    )


async def pass_step(tx: WriteTx, tenant_id: str, operation_id: UUID, name: Step) -> None:
    """This step is done and the next one begins."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    if operation.state not in UNFINISHED:
        return
    steps = await queries.steps_of(tx, operation_id)
    progress.pass_step(tx, next(step for step in steps if step.name == name))
    following = progress.current_step(steps)
    if following is not None:
        progress.begin_step(tx, following)


async def note_applied(tx: WriteTx, tenant_id: str, generation: int) -> None:
    """The plane has this generation. Ends the operation that made it, unless something newer is wanted already.

    Of a plane that is ahead of us nothing is known but that, so it is told again under a higher generation.
    """
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    if generation > tenant.generation:
        tenant.generation = generation + 1  # an imported tenant, or our database is a restored copy: go past it
    tenant.observed_generation = max(tenant.observed_generation, generation)
    operation = await queries.unfinished_operation(tx, tenant_id)
    if operation is not None and operation.kind in (OperationKind.MOVE, OperationKind.PURGE):
        return  # begun meanwhile; it ends by its own steps
    if tenant.state in (TenantState.REQUESTED, TenantState.PROVISIONING):
        if tenant.state == TenantState.REQUESTED:
            progress.move(tx, tenant, TenantState.PROVISIONING)
        progress.move(tx, tenant, TenantState.ACTIVE)
    if operation is not None and operation.generation <= generation:
        steps = await queries.steps_of(tx, operation.id)
        progress.end(tx, operation, steps, OperationState.SUCCEEDED)
        await tx.session.flush()
        await _move_to_where_the_plan_is(tx, tenant, operation)
    progress.settle(tx, tenant)
    if await queries.unfinished_operation(tx, tenant_id) is not None:
        progress.due_now(tx, tenant)


async def note_failure(tx: WriteTx, tenant_id: str, operation_id: UUID | None, error: str) -> None:
    """This attempt failed; the next one comes after a delay that grows."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    tenant.failures += 1
    tenant.next_try_at = tx.now + timedelta(seconds=rules.delay_seconds(tenant.failures))
    operation = None if operation_id is None else await queries.own_operation(tx, tenant_id, operation_id)
    if operation is not None and operation.state in UNFINISHED:
        progress.fail(operation, await queries.steps_of(tx, operation.id), error[:LONGEST_ERROR])


async def note_waiting(tx: WriteTx, tenant_id: str, operation_id: UUID | None, detail: str) -> None:
    """The place is being made; the step goes on and says how far it is."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    tenant.next_try_at = tx.now + timedelta(seconds=WAITING_SECONDS)
    operation = None if operation_id is None else await queries.own_operation(tx, tenant_id, operation_id)
    if operation is not None and operation.state in UNFINISHED:
        step = progress.current_step(await queries.steps_of(tx, operation.id))
        if step is not None:
            step.error = detail[:LONGEST_ERROR]


async def forget_purged_tenant(tx: WriteTx, tenant_id: str, operation_id: UUID, forget: Sequence[ForgetTenant]) -> None:
    """The plane has removed it; here the row stays, so that the slug is never given again."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    if operation.state not in UNFINISHED:
        return
    for forget_there in forget:
        await forget_there(tx, tenant_id)
    progress.move(tx, tenant, TenantState.GONE)
    progress.end(tx, operation, await queries.steps_of(tx, operation_id), OperationState.SUCCEEDED)
    tenant.contact_email, tenant.next_try_at, tenant.observed_generation = "", None, tenant.generation
    tx.record(TenantPurged(tenant_id=tenant_id))


async def _purge_if_due(tx: WriteTx, tenant: Tenant, operation: Operation | None) -> Operation | None:
    is_over = tenant.delete_after is not None and tenant.delete_after <= tx.now
    if tenant.state != TenantState.DELETING or not is_over:
        return operation
    if operation is not None:
        if operation.kind != OperationKind.DELETE:
            return operation
        steps = await queries.steps_of(tx, operation.id)
        progress.end(tx, operation, steps, OperationState.CANCELLED, "The grace period is over; it is removed.")
        await tx.session.flush()
    return await progress.start(tx, tenant, OperationKind.PURGE)


async def _move_to_where_the_plan_is(tx: WriteTx, tenant: Tenant, done: Operation) -> None:
    """A plan says where its tenants run; the move is wanted by whoever wanted the plan."""
    if done.kind != OperationKind.CHANGE_PLAN or tenant.state not in CHANGEABLE:
        return
    plan = await plans.get_plan(tx, tenant.plan, tenant.plan_version)
    if plan.placement == tenant.placement:
        return
    details = {"before": {"placement": Where(tenant.placement)}, "after": {"placement": Where(plan.placement)}}
    by = (done.requested_by, done.requested_by_name)
    await progress.start(tx, tenant, OperationKind.MOVE, reason=done.reason, details=details, requested_by=by)
