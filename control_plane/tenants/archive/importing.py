"""Reading the file: checked whole before anything is made, then restored by the plane, then here in one commit.

    1  the file arrives on disk; its digest, its description and the versions are checked
    2  the tenant is recorded as requested, with an import operation that only this request works on
    3  the plane restores its part, frozen, so that no sender gets in before people can
    4  one commit: the rows of the control plane, the tenant's state, the end of the operation
    5  the reconciler tells the plane what is wanted

A failure in 3 or 4 takes everything back. An import that was killed is taken up by the same request: a plane that has
the tenant already must hold what the archive holds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.plans.schemas import PlanRead
from control_plane.tenants import service
from control_plane.tenants.archive.checking import Checked, check, control_part, plane_part
from control_plane.tenants.archive.plan import plan_for
from control_plane.tenants.archive.restoring import Restoring, Vaults
from control_plane.tenants.archive.rows import columns_of, unknown_columns
from control_plane.tenants.archive.spool import Spool, SpooledFile
from control_plane.tenants.errors import ArchiveTooNew, OperationRunning, TenantExists
from control_plane.tenants.ports import ArchivePlane, PlacedTenant, Placement
from control_plane.tenants.rules import OperationKind, TenantState
from control_plane.tenants.schemas import ImportQuery, TenantImportRead
from shared.errors import AppError, Unavailable
from shared.tar import MEMBER_BYTES
from shared.tx import Actor, Database

RENEWED_SECONDS = 5
SUSPENDED_BEFORE = "It was being deleted when it was exported."


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of the file. ``notices``: what should be told about the plan."""

    placed: PlacedTenant
    operation_id: UUID
    plan: PlanRead
    notices: list[str]
    keep_grants: bool


@dataclass(frozen=True, slots=True)
class Importer:
    """``activate`` tells the plane at once what the reconciler would tell it within seconds."""

    database: Database
    plane: ArchivePlane
    placement: Placement
    vaults: Vaults
    spool: Spool
    activate: Callable[[str], Awaitable[object]]

    async def run(self, actor: Actor, stream: AsyncIterator[bytes], wishes: ImportQuery) -> TenantImportRead:
        """Raises BrokenArchive, ArchiveTooNew, ArchiveTooLarge, ArchivesInTheWay, ArchiveRefused, ArchivedPlanUnknown,
        TenantExists, OperationRunning, RowsDoNotFit; PlaneFailed, after which the same request goes on.
        """
        actor.require(Permission.TENANTS_MANAGE)  # before anything is written to the disk
        with self.spool.file() as file:
            await self._receive(stream, file)
            checked = await check(file.raw)
            order = await self._request(actor, checked, wishes)
            async with self._held(actor, checked.tenant_id, order.operation_id) as holder:
                notices = await self._restore(actor, checked, order, holder)
        await self.activate(checked.tenant_id)
        async with self.database.read(actor) as tx:
            tenant = await service.get_tenant(tx, checked.tenant_id)
        return TenantImportRead(**tenant.model_dump(), notices=notices)

    async def _receive(self, stream: AsyncIterator[bytes], file: SpooledFile) -> None:
        held = bytearray()
        async for chunk in stream:
            held += chunk
            if len(held) >= MEMBER_BYTES:
                await file.write(bytes(held))
                held.clear()
        await file.write(bytes(held))

    async def _request(self, actor: Actor, checked: Checked, wishes: ImportQuery) -> Order:
        async with self.database.write(actor) as tx:
            unknown = unknown_columns(checked.manifest.tables, await columns_of(tx))
            if unknown:
                raise ArchiveTooNew(unknown)
            plan, notices = await plan_for(tx, checked.manifest.plan, wishes.plan)
            command = checked.command.model_copy(update={"plan": plan.name})
            await service.request_tenant(tx, command, OperationKind.IMPORT)
            operation_id = await service.import_of(tx, checked.tenant_id)
            if operation_id is None:
                raise TenantExists(checked.tenant_id)
            placed = await service.get_placed_tenant(tx, checked.tenant_id)
        return Order(placed, operation_id, plan, notices, wishes.keep_grants)

    async def _restore(self, actor: Actor, checked: Checked, order: Order, holder: UUID) -> list[str]:
        """What should be told about it."""
        url: str | None = None
        try:
            url = await self.placement.ensure(order.placed)
            restored = await self.plane.restore(url, checked.tenant_id, plane_part(checked.file))
            if restored is None and await self.plane.digest(url, checked.tenant_id) != checked.plane_end.digest:
                url = None  # what is there is not ours to take away
                raise TenantExists(checked.tenant_id)
            return await self._finish(actor, checked, order, holder)
        except Unavailable:
            raise  # it is recorded, and the same request goes on
        except BaseException:
            taking = self._take_back(actor, checked.tenant_id, order.operation_id, url, holder)
            await asyncio.shield(asyncio.ensure_future(taking))
            raise

    async def _finish(self, actor: Actor, checked: Checked, order: Order, holder: UUID) -> list[str]:
        manifest, tenant = checked.manifest, checked.manifest.tenant
        is_suspended = tenant.state in (TenantState.SUSPENDED, TenantState.DELETING)
        async with self.database.write(actor) as tx:
            if not await service.keep_claim(tx, tenant.tenant_id, order.operation_id, holder):
                raise OperationRunning(tenant.tenant_id, OperationKind.IMPORT, order.operation_id)
            restoring = Restoring(tx, tenant.tenant_id, manifest.tables, self.vaults, keep_grants=order.keep_grants)
            async for table, lines in control_part(checked.file):
                await restoring.take(table, lines)
            restored = restoring.done()
            notices = [*order.notices, *restored.notices]
            await service.finish_import(
                tx,
                tenant.tenant_id,
                order.operation_id,
                plan=order.plan,
                created_at=tenant.created_at,
                exported_at=manifest.exported_at,
                suspended_reason=(tenant.suspended_reason or SUSPENDED_BEFORE) if is_suspended else None,
                rows=restored.rows,
                limits=restored.limits,
                notices=notices,
            )
        return notices

    async def _take_back(self, actor: Actor, tenant_id: str, operation_id: UUID, url: str | None, holder: UUID) -> None:
        """Only while the import is ours: another run of it may have finished it, and what is there is its own then."""
        async with self.database.write(actor) as tx:
            if not await service.keep_claim(tx, tenant_id, operation_id, holder):
                return
        if url is not None:
            await self.plane.remove_tenant(url, tenant_id)
        async with self.database.write(actor) as tx:
            await service.discard_import(tx, tenant_id, operation_id)

    @asynccontextmanager
    async def _held(self, actor: Actor, tenant_id: str, operation_id: UUID) -> AsyncIterator[UUID]:
        """Nobody else works on this import, in whatever process. A process that dies lets go within seconds."""
        holder = uuid7()
        async with self.database.write(actor) as tx:
            if not await service.claim_move(tx, tenant_id, operation_id, holder):
                raise OperationRunning(tenant_id, OperationKind.IMPORT, operation_id)

        async def renew() -> None:
            is_ours = True
            while is_ours:
                await asyncio.sleep(RENEWED_SECONDS)
                # A database that is away for a moment ends no import; the commit at its end asks once more.
                with suppress(AppError):
                    async with self.database.write(actor) as tx:
                        is_ours = await service.keep_claim(tx, tenant_id, operation_id, holder)

        renewing = asyncio.create_task(renew())
        try:
            yield holder
        finally:
            renewing.cancel()
