"""How operations and their steps go on. For the verbs, inside their transactions, with the tenant's row locked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.tenants import queries, rules
from control_plane.tenants.errors import NotChangeable, OperationRunning, TenantCannotMove
from control_plane.tenants.models import Operation, OperationStep, Tenant
from control_plane.tenants.ports import LimitsOf, PlacedTenant, PlanOfTenant
from control_plane.tenants.rules import CHANGEABLE, OperationKind, OperationState, Step, StepState, TenantState, Where
from control_plane.tenants.schemas import TenantMoved
from shared.contracts.tenants import Standing, TenantWanted
from shared.tx import WriteTx


def wants(tx: WriteTx, tenant: Tenant) -> None:
    """Something about the tenant is wanted now that its plane does not have."""
    tenant.generation += 1
    tenant.updated_at = tx.now
    due_now(tx, tenant)


def due_now(tx: WriteTx, tenant: Tenant) -> None:
    tenant.failures, tenant.next_try_at = 0, tx.now


def move(tx: WriteTx, tenant: Tenant, wanted: TenantState) -> None:
    """Raises TenantCannotMove."""
    current = TenantState(tenant.state)
    if not rules.may_move(current, wanted):
        raise TenantCannotMove(tenant.tenant_id, current, wanted)
    tenant.state, tenant.updated_at = wanted, tx.now
    tx.record(TenantMoved(tenant_id=tenant.tenant_id, previous=current, state=wanted))


def refuse_second(operation: Operation | None) -> None:
    if operation is not None:
        raise OperationRunning(operation.tenant_id, operation.kind, operation.id)


async def start(
    tx: WriteTx,
    tenant: Tenant,
    kind: OperationKind,
    *,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
    requested_by: tuple[str, str] | None = None,
) -> Operation:
    """For the generation as it stands, so after ``wants``. ``requested_by``: id and name, by default the actor's."""
    tx.require(Permission.TENANTS_MANAGE)
    by, name = requested_by or (tx.actor.id, tx.actor.name)
    operation = Operation(
        id=uuid7(),
        tenant_id=tenant.tenant_id,
        kind=kind,
        state=OperationState.PENDING,
        generation=tenant.generation,
        details=details or {},
        reason=reason,
        requested_by=by,
        requested_by_name=name,
        attempts=0,
        is_rolling_back=False,
        created_at=tx.now,
    )
    tx.session.add(operation)
    await tx.session.flush()
    tx.session.add_all(
        OperationStep(operation_id=operation.id, position=position, name=step, state=StepState.PENDING, attempts=0)
        for position, step in enumerate(rules.STEPS[kind])
    )
    await tx.session.flush()
    return operation


async def refuse_unless_changeable(tx: WriteTx, tenant: Tenant) -> None:
    """Raises NotChangeable, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    if tenant.state not in CHANGEABLE:
        raise NotChangeable(tenant.tenant_id, TenantState(tenant.state))
    refuse_second(await queries.unfinished_operation(tx, tenant.tenant_id))


async def wanted_of(tx: WriteTx, tenant: Tenant, limits_of: LimitsOf, standing: Standing | None = None) -> TenantWanted:
    tx.require(Permission.TENANTS_MANAGE)
    return TenantWanted(
        name=tenant.name,
        plan=tenant.plan,
        state=standing or rules.standing_of(TenantState(tenant.state)),
        limits=await limits_of(tx, PlanOfTenant(tenant.tenant_id, tenant.plan, tenant.plan_version)),
        generation=tenant.generation,
        delete_after=tenant.delete_after,
    )


def placed(tenant: Tenant) -> PlacedTenant:
    return PlacedTenant(tenant.tenant_id, tenant.name, tenant.plan, Where(tenant.placement), tenant.cell)


def settle(tx: WriteTx, tenant: Tenant) -> None:
    """Nothing has failed; look again when something is still wanted, or when the grace period ends."""
    tenant.failures = 0
    is_behind = tenant.generation > tenant.observed_generation
    tenant.next_try_at = tx.now if is_behind else tenant.delete_after if tenant.state == TenantState.DELETING else None


def begin_attempt(tx: WriteTx, operation: Operation) -> None:
    operation.state = OperationState.RUNNING
    operation.started_at = operation.started_at or tx.now
    operation.attempts += 1


def begin_step(tx: WriteTx, step: OperationStep) -> None:
    step.state, step.attempts, step.error = StepState.RUNNING, step.attempts + 1, None
    if step.started_at is None:
        step.started_at = tx.now
        step.deadline_at = tx.now + timedelta(seconds=rules.DEADLINE_SECONDS[Step(step.name)])


def pass_step(tx: WriteTx, step: OperationStep) -> None:
    if step.state != StepState.SUCCEEDED:
        step.state, step.error = StepState.SUCCEEDED, None
        step.started_at, step.finished_at = step.started_at or tx.now, tx.now


def current_step(steps: Sequence[OperationStep]) -> OperationStep | None:
    """The first that is not done."""
    return next((step for step in steps if step.state not in (StepState.SUCCEEDED, StepState.SKIPPED)), None)


def fail(operation: Operation, steps: Sequence[OperationStep], error: str) -> None:
    """This attempt; there will be another one."""
    operation.error = error
    step = current_step(steps)
    if step is not None:
        step.state, step.error = StepState.FAILED, error


def end(
    tx: WriteTx,
    operation: Operation,
    steps: Sequence[OperationStep],
    state: OperationState,
    error: str | None = None,
) -> None:
    """For good. Steps that were not reached are skipped; after a success all are done."""
    operation.state, operation.finished_at, operation.error = state, tx.now, error
    operation.started_at = operation.started_at or (tx.now if state is OperationState.SUCCEEDED else None)
    operation.lease_holder = operation.lease_until = None
    for step in steps:
        if state is OperationState.SUCCEEDED:
            pass_step(tx, step)
        elif step.state == StepState.RUNNING:
            step.state, step.finished_at = StepState.FAILED, tx.now
        elif step.state == StepState.PENDING:
            step.state = StepState.SKIPPED
