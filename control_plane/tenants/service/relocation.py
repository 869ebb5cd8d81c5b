"""A move from one placement to the other, step by step. ``moves.py`` talks to the planes between these verbs.

One process works on a move at a time: it holds a lease, and every step begins and ends only for its holder.
"""

from datetime import timedelta
from uuid import UUID

from control_plane.core.permissions import Permission
from control_plane.tenants import queries, rules
from control_plane.tenants.errors import AlreadyPlaced
from control_plane.tenants.models import Operation, Tenant
from control_plane.tenants.ports import LimitsOf, PlacedTenant
from control_plane.tenants.rules import UNFINISHED, OperationKind, OperationState, Step, Where
from control_plane.tenants.schemas import MoveWork, OperationRead, TenantMoveRequested, TenantPlaced
from control_plane.tenants.service import progress
from control_plane.tenants.service.operations import get_operation
from shared.contracts.tenants import Standing
from shared.tx import WriteTx

LEASE_SECONDS = 15
TOLD = (Step.FREEZE, Step.ACTIVATE)
"""Steps that tell a plane something new, and therefore under a new generation."""


async def request_move(tx: WriteTx, tenant_id: str, where: Where, reason: str | None = None) -> OperationRead:
    """Raises AlreadyPlaced, NotChangeable, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    await progress.refuse_unless_changeable(tx, tenant)
    previous = Where(tenant.placement)
    if previous is where:
        raise AlreadyPlaced(tenant_id, where)
    progress.due_now(tx, tenant)
    details = {"before": {"placement": previous}, "after": {"placement": where}}
    operation = await progress.start(tx, tenant, OperationKind.MOVE, reason=reason, details=details)
    tx.record(TenantMoveRequested(tenant_id=tenant_id, previous=previous, placement=where, reason=reason))
    return await get_operation(tx, tenant_id, operation.id)


async def claim_move(tx: WriteTx, tenant_id: str, operation_id: UUID, holder: UUID) -> bool:
    """False: another process holds it, or it has ended."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    is_held = operation.lease_until is not None and operation.lease_until > tx.now
    if operation.state not in UNFINISHED or is_held:
        return False
    progress.begin_attempt(tx, operation)
    _hold(tx, operation, holder)
    return True


async def keep_claim(tx: WriteTx, tenant_id: str, operation_id: UUID, holder: UUID) -> bool:
    """False: it is somebody else's by now."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await _held(tx, tenant_id, operation_id, holder)
    if found is not None:
        _hold(tx, found[1], holder)
    return found is not None


async def release_move(tx: WriteTx, tenant_id: str, operation_id: UUID, holder: UUID) -> None:
    """Whoever comes next need not wait for the lease to end."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await _held(tx, tenant_id, operation_id, holder)
    if found is not None:
        found[1].lease_holder = found[1].lease_until = None


async def begin_move_step(
    tx: WriteTx, tenant_id: str, operation_id: UUID, holder: UUID, limits_of: LimitsOf
) -> MoveWork | None:
    """The first step that is not done, or the way back. None: it has ended, or somebody else holds it."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await _held(tx, tenant_id, operation_id, holder)
    if found is None:
        return None
    tenant, operation = found
    step = progress.current_step(await queries.steps_of(tx, operation_id))
    name = None if step is None else Step(step.name)
    if operation.is_rolling_back or name in TOLD:
        tenant.generation += 1
    if step is not None and not operation.is_rolling_back:
        progress.begin_step(tx, step)
    is_own = operation.is_rolling_back or name in (Step.PLACE, Step.ACTIVATE, Step.REMOVE)
    before, after = (Where(operation.details[side]["placement"]) for side in ("before", "after"))
    has_switched = Where(tenant.placement) is after
    return MoveWork(
        operation_id=operation_id,
        step=name,
        source=_at(tenant, before, is_serving=not has_switched),
        destination=_at(tenant, after, is_serving=has_switched),
        wanted=await progress.wanted_of(tx, tenant, limits_of, None if is_own else Standing.FROZEN),
        is_rolling_back=operation.is_rolling_back,
    )


async def pass_move_step(tx: WriteTx, tenant_id: str, work: MoveWork, holder: UUID) -> None:
    """The step is done. With the switch the tenant lives at the destination; with the last step the move ends."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await _held(tx, tenant_id, work.operation_id, holder)
    if found is None or found[1].is_rolling_back:
        return
    tenant, operation = found
    steps = await queries.steps_of(tx, work.operation_id)
    progress.pass_step(tx, next(step for step in steps if step.name == work.step))
    if work.step is Step.SWITCH:
        tenant.placement, tenant.cell = work.destination.placement, work.destination.cell
        tenant.updated_at = tx.now
        previous, placement = work.source.placement, work.destination.placement
        tx.record(TenantPlaced(tenant_id=tenant_id, previous=previous, placement=placement))
    if work.step is Step.ACTIVATE:
        tenant.observed_generation = max(tenant.observed_generation, work.wanted.generation)
    if progress.current_step(steps) is None:
        progress.end(tx, operation, steps, OperationState.SUCCEEDED)
        progress.settle(tx, tenant)


async def give_up_move(tx: WriteTx, tenant_id: str, operation_id: UUID, holder: UUID, error: str) -> None:
    """Before the switch: from now on it only goes back."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await _held(tx, tenant_id, operation_id, holder)
    if found is not None:
        progress.fail(found[1], await queries.steps_of(tx, operation_id), error)
        found[1].is_rolling_back = True


async def end_rollback(tx: WriteTx, tenant_id: str, work: MoveWork, holder: UUID) -> None:
    """The source works as before."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await _held(tx, tenant_id, work.operation_id, holder)
    if found is not None:
        tenant, operation = found
        state = OperationState.CANCELLED if "cancelled_by" in operation.details else OperationState.FAILED
        steps = await queries.steps_of(tx, work.operation_id)
        progress.end(tx, operation, steps, state, operation.error)
        tenant.observed_generation = max(tenant.observed_generation, work.wanted.generation)
        progress.settle(tx, tenant)


async def _held(tx: WriteTx, tenant_id: str, operation_id: UUID, holder: UUID) -> tuple[Tenant, Operation] | None:
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    is_ours = operation.lease_holder == holder and operation.state in UNFINISHED
    return (tenant, operation) if is_ours else None


def _hold(tx: WriteTx, operation: Operation, holder: UUID) -> None:
    operation.lease_holder, operation.lease_until = holder, tx.now + timedelta(seconds=LEASE_SECONDS)


def _at(tenant: Tenant, where: Where, *, is_serving: bool) -> PlacedTenant:
    cell = rules.cell_of(tenant.tenant_id, where)
    return PlacedTenant(tenant.tenant_id, tenant.name, tenant.plan, where, cell, is_serving)
