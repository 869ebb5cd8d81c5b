"""Operations as people see them; and exports, which a request does by itself while it streams."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from control_plane.core.permissions import Permission
from control_plane.tenants import queries, rules
from control_plane.tenants.errors import NotCancellable, OperationEnded
from control_plane.tenants.rules import STREAMED, UNFINISHED, OperationKind, OperationState, Step, StepState
from control_plane.tenants.schemas import OperationCancelled, OperationRead, OperationRetried, StepRead
from control_plane.tenants.service import progress
from shared.pages import TIME_AND_ID, Page, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

STALE_AT_ONCE = 100
DEADLINE = timedelta(seconds=rules.DEADLINE_SECONDS[Step.TRANSFER])
DIED = "The process that did this has ended; send the request again."


async def list_operations(tx: ReadTx, tenant_id: str, query: PageQuery) -> Page[OperationRead]:
    """Newest first. Raises TenantNotFound."""
    tx.require(Permission.TENANTS_READ)
    await queries.one_tenant(tx, tenant_id)
    before = None if query.after is None else position(query.after, TIME_AND_ID)
    rows = await queries.operations_before(tx, tenant_id, before, query.skip, query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.created_at, row.operation_id])
    return Page(
        items=await _with_steps(tx, shown),
        total=await queries.count_operations(tx, tenant_id),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def get_operation(tx: ReadTx, tenant_id: str, operation_id: UUID) -> OperationRead:
    tx.require(Permission.TENANTS_READ)
    return (await _with_steps(tx, [await queries.one_operation(tx, tenant_id, operation_id)]))[0]


async def retry_operation(tx: WriteTx, tenant_id: str, operation_id: UUID) -> OperationRead:
    """Due now, whatever its delay; a move that was given up begins anew. Raises OperationEnded, OperationRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    if not _can_retry(operation.kind, operation.state):
        raise OperationEnded(operation.kind, operation.state)
    if operation.state == OperationState.FAILED:
        await progress.refuse_unless_changeable(tx, tenant)
        if tenant.placement != operation.details["before"]["placement"]:
            raise OperationEnded(operation.kind, operation.state)
        operation.state, operation.finished_at, operation.error = OperationState.PENDING, None, None
        operation.is_rolling_back = False
        for step in await queries.steps_of(tx, operation_id):
            step.state, step.error = StepState.PENDING, None
            step.started_at = step.finished_at = step.deadline_at = None
    progress.due_now(tx, tenant)
    tx.record(OperationRetried(tenant_id=tenant_id, operation_id=operation_id, operation=OperationKind(operation.kind)))
    await tx.session.flush()
    return await get_operation(tx, tenant_id, operation_id)


async def cancel_operation(tx: WriteTx, tenant_id: str, operation_id: UUID) -> OperationRead:
    """A move before its switch: the source goes on, the copy is removed. Raises NotCancellable."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    steps = {step.name: step.state for step in await queries.steps_of(tx, operation_id)}
    kind = OperationKind(operation.kind)
    if operation.state not in UNFINISHED or not rules.may_cancel(kind, steps):
        raise NotCancellable(operation.kind, operation.state)
    operation.is_rolling_back = True
    operation.details = {**operation.details, "cancelled_by": tx.actor.name}
    progress.due_now(tx, tenant)
    tx.record(OperationCancelled(tenant_id=tenant_id, operation_id=operation_id, operation=kind))
    await tx.session.flush()
    return await get_operation(tx, tenant_id, operation_id)


async def start_export(tx: WriteTx, tenant_id: str, reason: str) -> UUID:
    """Whoever streams the archive ends it with ``end_export``, also when it fails; after an hour it counts as died."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await queries.locked_tenant(tx, tenant_id)
    operation = await progress.start(tx, tenant, OperationKind.EXPORT, reason=reason)
    progress.begin_attempt(tx, operation)
    for step in await queries.steps_of(tx, operation.id):
        progress.begin_step(tx, step)
    return operation.id


async def end_export(tx: WriteTx, tenant_id: str, operation_id: UUID, error: str | None = None) -> None:
    """One that has ended already stays as it is."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.locked_tenant(tx, tenant_id)
    operation = await queries.own_operation(tx, tenant_id, operation_id)
    if operation.state in UNFINISHED:
        state = OperationState.SUCCEEDED if error is None else OperationState.FAILED
        progress.end(tx, operation, await queries.steps_of(tx, operation_id), state, error)


async def end_stale_exports(tx: WriteTx) -> None:
    """A bounded number of those whose process has died."""
    tx.require(Permission.TENANTS_MANAGE)
    for row in await queries.stale_exports(tx, tx.now - DEADLINE, STALE_AT_ONCE):
        await end_export(tx, row.tenant_id, row.id, DIED)


def _can_retry(kind: str, state: str) -> bool:
    if kind in STREAMED:
        return False
    return state in UNFINISHED or (kind == OperationKind.MOVE and state == OperationState.FAILED)


async def _with_steps(tx: ReadTx, rows: Sequence[Any]) -> list[OperationRead]:
    """Two statements for a whole page."""
    if not rows:
        return []
    steps: dict[UUID, list[Any]] = {row.operation_id: [] for row in rows}
    for step in await queries.steps_of_all(tx, list(steps)):
        steps[step.operation_id].append(step)
    return [_operation(row, steps[row.operation_id], tx.now) for row in rows]


def _operation(row: Any, steps: Sequence[Any], now: datetime) -> OperationRead:
    read = [_step(step, now) for step in steps]
    states = {step.name: step.state for step in steps}
    is_unfinished = row.state in UNFINISHED
    return OperationRead(
        operation_id=row.operation_id,
        tenant_id=row.tenant_id,
        kind=row.kind,
        state=row.state,
        details=row.details,
        reason=row.reason,
        requested_by=row.requested_by,
        requested_by_name=row.requested_by_name,
        attempts=row.attempts,
        error=row.error,
        is_stuck=any(step.is_stuck for step in read),
        is_rolling_back=row.is_rolling_back and is_unfinished,
        can_retry=_can_retry(row.kind, row.state),
        can_cancel=is_unfinished and not row.is_rolling_back and rules.may_cancel(OperationKind(row.kind), states),
        next_try_at=row.next_try_at if is_unfinished else None,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        duration_ms=_milliseconds(row.started_at, row.finished_at, now),
        steps=read,
    )


def _step(step: Any, now: datetime) -> StepRead:
    is_open = step.state in (StepState.RUNNING, StepState.FAILED) and step.finished_at is None
    return StepRead(
        name=step.name,
        state=step.state,
        started_at=step.started_at,
        finished_at=step.finished_at,
        duration_ms=_milliseconds(step.started_at, step.finished_at, now),
        deadline_at=step.deadline_at,
        is_stuck=is_open and step.deadline_at is not None and step.deadline_at < now,
        attempts=step.attempts,
        error=step.error,
    )


def _milliseconds(started_at: datetime | None, finished_at: datetime | None, now: datetime) -> int | None:
    """So far, as long as it goes on."""
    return None if started_at is None else round(((finished_at or now) - started_at).total_seconds() * 1000)
