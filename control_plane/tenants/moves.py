"""A move between planes, without losing what the source has accepted.

    place     the destination is there and answers
    freeze    the source finishes what runs and refuses new writes with 503, so that senders try again
    copy      the archive streams from the source into the destination
    verify    both sides name the same rows and digests, table by table
    switch    one commit: from now on the tenant lives at the destination
    activate  the destination takes requests
    remove    the source forgets the tenant

Up to the switch any failure leads back: the source works again and the copy is removed. After it there is only forward.
Each step is noted before and after, and may be done twice, so a move that was killed goes on where it stood.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.errors import CopyDiffers, PlacementNotOffered, PlaneFailed
from control_plane.tenants.ports import LimitsOf, PlacedTenant, Placement, TenantPlane
from control_plane.tenants.rules import Step, Where
from control_plane.tenants.schemas import MoveWork
from shared.errors import AppError
from shared.tx import Database

log = structlog.get_logger()
LEASE_SECONDS = 15
RENEWED_SECONDS = 5
GIVEN_UP_IN = (Step.FREEZE, Step.COPY, Step.VERIFY, Step.SWITCH)
"""A failure here leads back. While the destination is being placed nothing is frozen, so that may simply go on; unless
this installation has no such place, for which nobody waits.
"""


@dataclass(frozen=True, slots=True)
class Moves:
    database: Database
    plane: TenantPlane
    placement: Placement
    limits_of: LimitsOf

    async def run(self, tenant_id: str, operation_id: UUID) -> None:
        """To its end, or as far as it goes now: raises what stopped it. Returns when another process works on it."""
        holder = uuid7()
        async with self.database.write(SYSTEM) as tx:
            if not await service.claim_move(tx, tenant_id, operation_id, holder):
                return
        try:
            async with self._alive(tenant_id, operation_id, holder):
                while (work := await self._next(tenant_id, operation_id, holder)) is not None:
                    await self._advance(tenant_id, work, holder)
        except TimeoutError:
            log.warning("move_lost_lease", tenant=tenant_id)  # another process goes on
        except AppError:
            async with self.database.write(SYSTEM) as tx:
                await service.release_move(tx, tenant_id, operation_id, holder)
            raise

    async def _next(self, tenant_id: str, operation_id: UUID, holder: UUID) -> MoveWork | None:
        async with self.database.write(SYSTEM) as tx:
            return await service.begin_move_step(tx, tenant_id, operation_id, holder, self.limits_of)

    async def _advance(self, tenant_id: str, work: MoveWork, holder: UUID) -> None:
        if work.is_rolling_back:
            await self._go_back(tenant_id, work)
            async with self.database.write(SYSTEM) as tx:
                await service.end_rollback(tx, tenant_id, work, holder)
            return
        try:
            await self._do(tenant_id, work)
        except AppError as error:
            if work.step not in GIVEN_UP_IN and not isinstance(error, PlacementNotOffered):
                raise
            log.warning("move_given_up", tenant=tenant_id, step=work.step, detail=error.detail)
            async with self.database.write(SYSTEM) as tx:
                await service.give_up_move(tx, tenant_id, work.operation_id, holder, error.detail)
            return
        async with self.database.write(SYSTEM) as tx:
            await service.pass_move_step(tx, tenant_id, work, holder)

    async def _do(self, tenant_id: str, work: MoveWork) -> None:
        if work.step is Step.PLACE:
            await self._place(tenant_id, work)
        elif work.step is Step.FREEZE:
            await self._tell(work.source, work)
        elif work.step is Step.COPY:
            await self._copy(tenant_id, work)
        elif work.step is Step.VERIFY:
            await self._verify(tenant_id, work)
        elif work.step is Step.ACTIVATE:
            await self._tell(work.destination, work)
        elif work.step is Step.REMOVE:
            await remove(self.plane, self.placement, work.source)

    async def _place(self, tenant_id: str, work: MoveWork) -> None:
        if not self.placement.offers(tenant_id, work.destination.placement):
            raise PlacementNotOffered(tenant_id, work.destination.placement)
        await self.plane.digest(await self.placement.ensure(work.destination), tenant_id)

    async def _copy(self, tenant_id: str, work: MoveWork) -> None:
        source, destination = await self._both(work)
        if await self.plane.digest(destination, tenant_id) is not None:
            await self.plane.remove_tenant(destination, tenant_id)  # an earlier attempt's
        await self.plane.copy_tenant(source, destination, tenant_id)

    async def _verify(self, tenant_id: str, work: MoveWork) -> None:
        source, destination = await self._both(work)
        ours, theirs = await self.plane.digest(source, tenant_id), await self.plane.digest(destination, tenant_id)
        before, after = ({} if found is None else found.tables for found in (ours, theirs))
        different = [table for table in sorted({*before, *after}) if before.get(table) != after.get(table)]
        if different or theirs is None:
            raise CopyDiffers(different or ["all tables"])

    async def _go_back(self, tenant_id: str, work: MoveWork) -> None:
        """The source first: its senders wait."""
        await self._tell(work.source, work)
        if self.placement.offers(tenant_id, work.destination.placement):
            await remove(self.plane, self.placement, work.destination)

    async def _tell(self, placed: PlacedTenant, work: MoveWork) -> None:
        actual = await self.plane.ensure_tenant(await self.placement.ensure(placed), placed.tenant_id, work.wanted)
        if actual.state != work.wanted.state:
            raise PlaneFailed(f"The plane of {placed.tenant_id} has seen something newer and is {actual.state}.")

    async def _both(self, work: MoveWork) -> tuple[str, str]:
        return await self.placement.ensure(work.source), await self.placement.ensure(work.destination)

    @asynccontextmanager
    async def _alive(self, tenant_id: str, operation_id: UUID, holder: UUID) -> AsyncIterator[None]:
        """Renew the lease beside the work. Raises TimeoutError when that did not succeed before the lease ended."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LEASE_SECONDS) as bound:

            async def renew() -> None:
                while True:
                    await asyncio.sleep(RENEWED_SECONDS)
                    asked_at = loop.time()
                    with suppress(AppError):  # a database that is away may be back before the lease ends
                        async with self.database.write(SYSTEM) as tx:
                            is_ours = await service.keep_claim(tx, tenant_id, operation_id, holder)
                        bound.reschedule(asked_at + LEASE_SECONDS if is_ours else loop.time())

            renewing = asyncio.create_task(renew())
            try:
                yield
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)


async def remove(plane: TenantPlane, placement: Placement, placed: PlacedTenant) -> None:
    """The data, then the place; a place that is going already is not asked again, since it would come back for that.

    Raises PlaneFailed, PlacementNotReady.
    """
    if not placement.offers(placed.tenant_id, placed.placement):
        raise PlaneFailed(
            f"{placed.tenant_id} can't be removed from its {placed.placement} plane, which this installation does not"
            " name any more: name it again, and it goes on."
        )
    url = await placement.find(placed)
    if url is None:
        return
    await plane.remove_tenant(url, placed.tenant_id)
    if placed.placement is Where.DEDICATED:
        await placement.remove(placed.tenant_id)
