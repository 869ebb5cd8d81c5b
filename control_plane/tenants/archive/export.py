"""Writing the file: the control plane's rows are gathered first, then the plane's archive streams behind them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from control_plane.plans import service as plans
from control_plane.tenants import service
from control_plane.tenants.archive.description import (
    CLOSING,
    CONTROL,
    FORMAT,
    MANIFEST,
    PLANE,
    ArchivedPlan,
    ArchivedTenant,
    Digest,
    Manifest,
    pieces,
)
from control_plane.tenants.archive.rows import columns_of, rows_of
from control_plane.tenants.archive.spool import Spool
from control_plane.tenants.ports import ArchivePlane, Placement
from control_plane.tenants.schemas import TenantExported
from shared.contracts.archive import ExportNote
from shared.errors import AppError
from shared.tar import END, MEMBER_BYTES, member, members
from shared.tx import Actor, Database
from shared.web.streaming import Write

log = structlog.get_logger()
STOPPED = "The receiver went before the end."


@dataclass(frozen=True, slots=True)
class Export:
    """Begun and recorded; ``write`` does it."""

    tenant_id: str
    file_name: str
    operation_id: UUID


@dataclass(frozen=True, slots=True)
class Exporter:
    database: Database
    plane: ArchivePlane
    placement: Placement
    spool: Spool

    async def start(self, actor: Actor, tenant_id: str, reason: str) -> Export:
        """Recorded here and in the tenant's own audit log, before anything leaves.

        Raises TenantNotFound, PlaneFailed.
        """
        async with self.database.write(actor) as tx:
            placed = await service.get_placed_tenant(tx, tenant_id)
            operation_id = await service.start_export(tx, tenant_id, reason)
            tx.record(TenantExported(tenant_id=tenant_id, operation_id=operation_id, reason=reason))
            file_name = f"opsplane-{tenant_id}-{tx.now.date().isoformat()}.tar"
        async with self._ended(actor, tenant_id, operation_id, only_failures=True):
            url = await self.placement.ensure(placed)
            note = ExportNote(operation_id=operation_id, by=actor.name, reason=reason)
            await self.plane.note_export(url, tenant_id, note)
        return Export(tenant_id, file_name, operation_id)

    async def write(self, actor: Actor, export: Export, write: Write) -> None:
        digest = Digest()

        async def put(name: str, content: bytes) -> None:
            digest.take(name, content)
            await write(member(name, content))

        async with self._ended(actor, export.tenant_id, export.operation_id):
            async with self._gathered(actor, export.tenant_id) as gathered:
                async for name, content in gathered:
                    await put(name, content)
            async with self.database.read(actor) as tx:
                placed = await service.get_placed_tenant(tx, export.tenant_id)
            url = await self.placement.ensure(placed)
            async with self.plane.export(url, export.tenant_id) as archive:
                async for name, content in members(archive):
                    await put(PLANE + name, content)
            await write(member(CLOSING, digest.end().model_dump_json().encode()) + END)

    @asynccontextmanager
    async def _gathered(self, actor: Actor, tenant_id: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        """All that the control plane has, in a file of its own: no transaction is open while it is sent."""
        with self.spool.file() as file:

            async def keep(name: str, content: bytes) -> None:
                await file.write(member(name, content))

            async with self.database.read(actor) as tx:
                tenant = await service.get_tenant(tx, tenant_id)
                columns = await columns_of(tx)
                manifest = Manifest(
                    format=FORMAT,
                    exported_at=tx.now,
                    tenant=ArchivedTenant.model_validate(tenant, from_attributes=True),
                    plan=ArchivedPlan.model_validate(await plans.get_plan(tx, tenant.plan, tenant.plan_version)),
                    tables=columns,
                )
                await keep(MANIFEST, json.dumps(manifest.model_dump(mode="json"), indent=2).encode())
                async for name, content in _members_of(rows_of(tx, tenant_id, columns)):
                    await keep(name, content)
            await file.write(END)
            file.raw.seek(0)
            yield members(pieces(file.raw))

    @asynccontextmanager
    async def _ended(
        self, actor: Actor, tenant_id: str, operation_id: UUID, *, only_failures: bool = False
    ) -> AsyncIterator[None]:
        """However it ends, the operation says so; also when the receiver's going cancels everything here."""
        error: str | None = STOPPED
        try:
            yield
            error = None
        except AppError as failure:
            error = failure.detail
            raise
        finally:
            if error is not None or not only_failures:
                ending = asyncio.ensure_future(self._end(actor, tenant_id, operation_id, error))
                await asyncio.shield(ending)

    async def _end(self, actor: Actor, tenant_id: str, operation_id: UUID, error: str | None) -> None:
        async with self.database.write(actor) as tx:
            await service.end_export(tx, tenant_id, operation_id, error)


async def _members_of(rows: AsyncIterator[tuple[str, str]]) -> AsyncIterator[tuple[str, bytes]]:
    """Rows of a table together, a line each; a member may end within a line."""
    table, number, held = "", 0, bytearray()

    def cut(size: int) -> tuple[str, bytes]:
        nonlocal number
        number += 1
        content = bytes(held[:size])
        del held[:size]
        return f"{CONTROL}{table}/{number:08}.jsonl", content

    async for name, row in rows:
        if name != table:
            if held:
                yield cut(len(held))
            table, number = name, 0
        held += row.encode() + b"\n"
        while len(held) >= MEMBER_BYTES:
            yield cut(MEMBER_BYTES)
    if held:
        yield cut(len(held))
