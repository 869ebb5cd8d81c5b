"""Verbs that need the tenant plane, and the reconciler: commit what is wanted, talk without a transaction, commit what
came of it.

What is wanted stands in rows, so a flow may stop anywhere: the same request, a retry, or the next tick goes on. A
change is tried at once by the request that made it; when that fails it stays, and the reconciler goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from control_plane.core.permissions import Permission
from control_plane.core.repeats import Repeat
from control_plane.core.system import SYSTEM
from control_plane.plans import service as plans
from control_plane.tenants import service
from control_plane.tenants.errors import (
    NotConfirmed,
    PlacementNotOffered,
    PlacementNotReady,
    TenantPlaneAway,
)
from control_plane.tenants.moves import Moves, remove
from control_plane.tenants.ports import CountsOf, ForgetTenant, HearOfTenant, LimitsOf, Placement, TenantPlane
from control_plane.tenants.rules import OperationKind, Step, TenantState, Where
from control_plane.tenants.schemas import (
    Delete,
    Move,
    OperationRead,
    TenantCreate,
    TenantPatch,
    TenantRead,
    Work,
)
from shared.errors import AppError, Unavailable
from shared.tx import Actor, Database, ReadTx, WriteTx

log = structlog.get_logger()
RECONCILED_AT_ONCE = 100
IN_PARALLEL = 4
WORK = Counter("opsplane_tenant_work_total", "Attempts to bring a tenant to what is wanted", ["kind", "result"])
BEHIND = Gauge("opsplane_tenants_behind", "Tenants that an attempt has not brought to what is wanted")
Verb = Callable[[WriteTx], Awaitable[TenantRead]]


class Created(NamedTuple):
    """``is_new``: this request has made it, or goes on making it; else an equal one did so before."""

    tenant: TenantRead
    is_new: bool


@dataclass(frozen=True, slots=True)
class TenantFlows:
    database: Database
    plane: TenantPlane
    placement: Placement
    limits_of: LimitsOf
    hear: tuple[HearOfTenant, ...] = ()
    forget: tuple[ForgetTenant, ...] = ()
    counts: Mapping[str, CountsOf] = field(default_factory=dict)
    """By the name of the field in TenantRead."""
    delete_grace_days: int = 30

    async def create_tenant(
        self, actor: Actor, command: TenantCreate, repeat: Repeat[TenantRead] | None = None
    ) -> Created:
        """Returns when the tenant is usable, or ``provisioning`` while its own plane is being made.

        Raises TenantExists; TenantPlaneAway: it is recorded, and the same request continues.
        """
        repeat = repeat or Repeat(TenantRead)
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return Created(earlier, is_new=True)
            requested = await service.request_tenant(tx, command)
            if requested.state is TenantState.ACTIVE:
                # A twin with the same key may have finished it while this one waited for the row.
                if (earlier := await repeat.earlier(tx)) is not None:
                    return Created(earlier, is_new=True)
                return Created(await service.get_tenant(tx, requested.tenant_id, self.counts), is_new=False)
            if not self.placement.offers(requested.tenant_id, requested.placement):
                raise PlacementNotOffered(requested.tenant_id, requested.placement)
        failure = await self.work_on(requested.tenant_id)
        if isinstance(failure, PlacementNotReady):
            async with self.database.read(actor) as tx:
                return Created(await service.get_tenant(tx, requested.tenant_id, self.counts), is_new=True)
        async with self.database.write(actor) as tx:
            tenant = await service.get_tenant(tx, requested.tenant_id, self.counts)
            if tenant.state not in (TenantState.ACTIVE, TenantState.SUSPENDED):
                raise TenantPlaneAway(requested.tenant_id) from failure
            return Created(await repeat.keep(tx, tenant), is_new=True)

    async def update_tenant(self, actor: Actor, tenant_id: str, patch: TenantPatch, if_match: int | None) -> TenantRead:
        async def verb(tx: WriteTx) -> TenantRead:
            tenant = await service.update_tenant(tx, tenant_id, patch, if_match)
            await self._check_placement(tx, tenant)
            return tenant

        return await self._change(actor, tenant_id, verb)

    async def suspend_tenant(
        self, actor: Actor, tenant_id: str, reason: str, repeat: Repeat[TenantRead] | None = None
    ) -> TenantRead:
        return await self._change(actor, tenant_id, lambda tx: service.suspend_tenant(tx, tenant_id, reason), repeat)

    async def resume_tenant(
        self, actor: Actor, tenant_id: str, reason: str | None = None, repeat: Repeat[TenantRead] | None = None
    ) -> TenantRead:
        return await self._change(actor, tenant_id, lambda tx: service.resume_tenant(tx, tenant_id, reason), repeat)

    async def delete_tenant(self, actor: Actor, tenant_id: str, command: Delete) -> TenantRead:
        actor.require(Permission.TENANTS_MANAGE)
        if command.confirm != tenant_id:
            raise NotConfirmed(tenant_id)

        async def verb(tx: WriteTx) -> TenantRead:
            await self._tell_others(tx, tenant_id)
            return await service.delete_tenant(tx, tenant_id, command.reason, self.delete_grace_days)

        return await self._change(actor, tenant_id, verb)

    async def restore_tenant(
        self, actor: Actor, tenant_id: str, reason: str | None = None, repeat: Repeat[TenantRead] | None = None
    ) -> TenantRead:
        async def verb(tx: WriteTx) -> TenantRead:
            await self._tell_others(tx, tenant_id)
            return await service.restore_tenant(tx, tenant_id, reason)

        return await self._change(actor, tenant_id, verb, repeat)

    async def move_tenant(
        self, actor: Actor, tenant_id: str, command: Move, repeat: Repeat[OperationRead] | None = None
    ) -> OperationRead:
        """Recorded; the reconciler does it, since copying takes its time."""
        repeat = repeat or Repeat(OperationRead)
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return earlier
            operation = await service.request_move(tx, tenant_id, command.placement, command.reason)
            if not self.placement.offers(tenant_id, command.placement):
                raise PlacementNotOffered(tenant_id, command.placement)
            return await repeat.keep(tx, operation)

    async def retry_operation(self, actor: Actor, tenant_id: str, operation_id: UUID) -> OperationRead:
        """Tried now; a move goes on by the reconciler, which looks within seconds."""
        async with self.database.write(actor) as tx:
            operation = await service.retry_operation(tx, tenant_id, operation_id)
        if operation.kind is OperationKind.MOVE:
            return operation
        await self.work_on(tenant_id)
        async with self.database.read(actor) as now:
            return await service.get_operation(now, tenant_id, operation_id)

    async def reconcile_tenants(self) -> None:
        """Bring due tenants forward, a bounded number, some at a time; one that fails waits for its own next try."""
        async with self.database.write(SYSTEM) as tx:
            due = await service.claim_due_tenants(tx, RECONCILED_AT_ONCE)
        await self._work_on_all(due)
        async with self.database.read(SYSTEM) as after:
            BEHIND.set(await service.count_behind(after))

    async def reconcile_moves(self) -> None:
        """The same for moves, which take their time and keep nobody else waiting."""
        async with self.database.write(SYSTEM) as tx:
            due = await service.claim_due_moves(tx, IN_PARALLEL)
        await self._work_on_all(due)

    async def _work_on_all(self, tenant_ids: Sequence[str]) -> None:
        gate = asyncio.Semaphore(IN_PARALLEL)

        async def one(tenant_id: str) -> None:
            async with gate:
                await self.work_on(tenant_id)

        for outcome in await asyncio.gather(*map(one, tenant_ids), return_exceptions=True):
            if isinstance(outcome, Unavailable):
                log.warning("tenant_not_reconciled", detail=outcome.detail)
            elif isinstance(outcome, BaseException):
                log.error("tenant_not_reconciled", exc_info=outcome)

    async def work_on(self, tenant_id: str) -> AppError | None:
        """One piece of work for this tenant, if there is any; answers what stopped it, which is noted already."""
        async with self.database.write(SYSTEM) as tx:
            work = await service.begin_work(tx, tenant_id, self.limits_of)
        if work is None:
            return None
        kind = work.kind or "touch"
        try:
            await self._do(tenant_id, work)
        except PlacementNotReady as waiting:
            WORK.labels(kind, "waiting").inc()
            async with self.database.write(SYSTEM) as tx:
                await service.note_waiting(tx, tenant_id, work.operation_id, waiting.detail)
            return waiting
        except AppError as error:
            WORK.labels(kind, "failed").inc()
            log.warning("tenant_work_failed", tenant=tenant_id, kind=kind, detail=error.detail)
            async with self.database.write(SYSTEM) as tx:
                await service.note_failure(tx, tenant_id, work.operation_id, error.detail)
            return error
        WORK.labels(kind, "done").inc()
        return None

    async def _do(self, tenant_id: str, work: Work) -> None:
        if work.kind is OperationKind.MOVE and work.operation_id is not None:
            moves = Moves(self.database, self.plane, self.placement, self.limits_of)
            await moves.run(tenant_id, work.operation_id)
        elif work.kind is OperationKind.PURGE and work.operation_id is not None:
            await self._purge(tenant_id, work, work.operation_id)
        else:
            await self._apply(tenant_id, work)

    async def _apply(self, tenant_id: str, work: Work) -> None:
        url = await self.placement.ensure(work.placed)
        if work.kind is OperationKind.CREATE and work.operation_id is not None:
            async with self.database.write(SYSTEM) as tx:
                await service.pass_step(tx, tenant_id, work.operation_id, Step.PLACE)
        actual = await self.plane.ensure_tenant(url, tenant_id, work.wanted)
        async with self.database.write(SYSTEM) as tx:
            await service.note_applied(tx, tenant_id, actual.generation)

    async def _purge(self, tenant_id: str, work: Work, operation_id: UUID) -> None:
        if work.step is Step.REMOVE:
            await remove(self.plane, self.placement, work.placed)
            async with self.database.write(SYSTEM) as tx:
                await service.pass_step(tx, tenant_id, operation_id, Step.REMOVE)
        async with self.database.write(SYSTEM) as tx:
            await self._tell_others(tx, tenant_id)
            await service.forget_purged_tenant(tx, tenant_id, operation_id, self.forget)

    async def _change(
        self, actor: Actor, tenant_id: str, verb: Verb, repeat: Repeat[TenantRead] | None = None
    ) -> TenantRead:
        """Recorded in one commit together with the answer for a repeated request; then tried at once."""
        repeat = repeat or Repeat(TenantRead)
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return earlier
            recorded = await verb(tx)
            if (kept := await repeat.keep(tx, recorded)) is not recorded:
                return kept
        await self.work_on(tenant_id)
        async with self.database.write(actor) as tx:
            return await repeat.replace(tx, await service.get_tenant(tx, tenant_id, self.counts))

    async def _tell_others(self, tx: WriteTx, tenant_id: str) -> None:
        """First of all: whoever hears of it locks its own row before the tenant's, as it does elsewhere."""
        for hear in self.hear:
            await hear(tx, tenant_id)

    async def _check_placement(self, tx: ReadTx, tenant: TenantRead) -> None:
        """A plan may need a place that this installation does not have."""
        plan = await plans.find_plan(tx, tenant.plan)
        if plan is not None and not self.placement.offers(tenant.tenant_id, Where(plan.placement)):
            raise PlacementNotOffered(tenant.tenant_id, Where(plan.placement))
