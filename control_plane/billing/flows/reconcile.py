"""Stripe is the truth: fetch what it has, mirror it, and let the tenant's plan and standing follow.

Whoever asks for it (an event, a change that was made, the hour) only says that now is a good moment. So events may come
in any order, twice or never, and a process may stop anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from control_plane.billing import rules, service
from control_plane.billing.flows.disputes import Disputes
from control_plane.billing.flows.doing import Doing
from control_plane.billing.ports import Apply, CustomerSeen, Payments
from control_plane.billing.rules import Outcome
from control_plane.billing.schemas import Fetch
from control_plane.core.system import SYSTEM
from shared.errors import AppError
from shared.tx import Database

log = structlog.get_logger()
RECONCILED_AT_ONCE = 100
EVENTS_AT_ONCE = 200
IN_PARALLEL = 4
STEPS = 3
"""Plan, suspension, and a look that finds nothing more to do."""
RECONCILED = Counter("opsplane_billing_reconciled_total", "Comparisons of a tenant with Stripe", ["result"])


@dataclass(frozen=True, slots=True)
class Reconciler:
    """``apply`` brings the tenant's plane to what was recorded, so that the next step may be recorded."""

    database: Database
    payments: Payments
    apply: Apply
    grace_days: int

    async def reconcile(self, tenant_id: str) -> AppError | None:
        """Answers what stopped it, which is noted already."""
        try:
            await self._mirror(tenant_id)
            if await self._hold_or_release(tenant_id):
                await self._mirror(tenant_id)
            await self._settle(tenant_id)
        except AppError as error:
            RECONCILED.labels("failed").inc()
            log.warning("billing_not_reconciled", tenant=tenant_id, detail=error.detail)
            async with self.database.write(SYSTEM) as tx:
                await service.note_unseen(tx, tenant_id, error.detail)
            return error
        RECONCILED.labels("done").inc()
        return None

    async def reconcile_due(self) -> None:
        """A bounded number, the longest waiting first."""
        async with self.database.write(SYSTEM) as tx:
            due = await service.claim_due_customers(tx, RECONCILED_AT_ONCE)
        await in_parallel(due, self.reconcile)

    async def process_events(self) -> None:
        """All events of a customer that wait are one comparison, and those of a dispute one look at it."""
        async with self.database.write(SYSTEM) as tx:
            claimed = await service.claim_events(tx, EVENTS_AT_ONCE)
        waiting: dict[str, list[str]] = {}
        disputed: dict[str, list[str]] = {}
        strangers: list[str] = []
        for event in claimed:
            if event.dispute_id is not None:
                disputed.setdefault(event.dispute_id, []).append(event.id)
            elif event.tenant_id is not None:
                waiting.setdefault(event.tenant_id, []).append(event.id)
            else:
                strangers.append(event.id)
        if strangers:
            async with self.database.write(SYSTEM) as tx:
                await service.end_events(tx, strangers, Outcome.IGNORED)

        async def one(tenant_id: str) -> None:
            failure = await self.reconcile(tenant_id)
            async with self.database.write(SYSTEM) as tx:
                if failure is None:
                    await service.end_events(tx, waiting[tenant_id], Outcome.RECONCILED)
                else:
                    await service.put_events_off(tx, waiting[tenant_id], failure.detail)

        disputes = Disputes(self.database, self.payments)
        await in_parallel(sorted(waiting), one)
        await in_parallel(sorted(disputed), lambda dispute_id: disputes.look_at(dispute_id, disputed[dispute_id]))

    async def forget_old_events(self) -> None:
        async with self.database.write(SYSTEM) as tx:
            await service.forget_old_events(tx)

    async def _mirror(self, tenant_id: str) -> None:
        async with self.database.write(SYSTEM) as tx:
            fetch = await service.begin_fetch(tx, tenant_id)
        if fetch is None:
            return
        seen = await self.payments.see_customer(fetch.customer_id)
        async with self.database.write(SYSTEM) as tx:
            await service.note_seen(tx, fetch, seen)
        await self._end_surplus(fetch, seen)

    async def _end_surplus(self, fetch: Fetch, seen: CustomerSeen) -> None:
        """The key is the subscription's own: however often it is tried, it is ended once."""
        for one in rules.surplus(seen.subscriptions, is_gone=fetch.is_gone):
            await self.payments.cancel_now(one.id, f"opsplane-surplus-{one.id}")
            async with self.database.write(SYSTEM) as tx:
                await service.note_surplus_cancelled(tx, fetch.tenant_id, one.id)

    async def _hold_or_release(self, tenant_id: str) -> bool:
        """Before anything is settled: a pause of ours is none that suspends the tenant after its deletion is undone."""
        async with self.database.write(SYSTEM) as tx:
            change = await service.begin_hold_or_release(tx, tenant_id)
        if change is not None:
            await Doing(self.database, self.payments).finish(change)
        return change is not None

    async def _settle(self, tenant_id: str) -> None:
        for _ in range(STEPS):
            async with self.database.write(SYSTEM) as tx:
                has_moved = await service.settle_access(tx, tenant_id, self.grace_days)
            if not has_moved:
                return
            await self.apply(tenant_id)


async def in_parallel(ids: Sequence[str], work: Callable[[str], Awaitable[object]]) -> None:
    """Some at a time; one that fails does not keep the others from their turn."""
    gate = asyncio.Semaphore(IN_PARALLEL)

    async def one(one_id: str) -> None:
        async with gate:
            await work(one_id)

    for outcome in await asyncio.gather(*(one(one_id) for one_id in ids), return_exceptions=True):
        if isinstance(outcome, Exception):
            log.error("billing_work_failed", exc_info=outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
