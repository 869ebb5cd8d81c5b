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
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.tenants import service
from control_plane.tenants.archive.description import CLOSING, CONTROL, MANIFEST, PLANE, Digest, End, Manifest, pieces
from control_plane.tenants.archive.rows import Restoring, columns_of, unknown_columns
from control_plane.tenants.errors import ArchiveTooLarge, ArchiveTooNew, OperationRunning, TenantExists
from control_plane.tenants.ports import ArchivePlane, PlacedTenant, Placement
from control_plane.tenants.rules import OperationKind, TenantState
from control_plane.tenants.schemas import TenantCreate, TenantRead
from shared.contracts.archive import ArchiveEnd, ArchiveManifest
from shared.contracts.tenants import Standing
from shared.errors import AppError, Unavailable
from shared.tar import END, MEMBER_BYTES, BrokenArchive, member, members
from shared.tx import Actor, Database

RENEWED_SECONDS = 5
SUSPENDED_BEFORE = "It was being deleted when it was exported."
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is whole, of a version that is known here."""

    file: IO[bytes]
    manifest: Manifest
    plane_end: ArchiveEnd

    @property
    def tenant_id(self) -> str:
        return self.manifest.tenant.tenant_id


@dataclass(frozen=True, slots=True)
class Importer:
    """``activate`` tells the plane at once what the reconciler would tell it within seconds."""

    database: Database
    plane: ArchivePlane
    placement: Placement
    key_fingerprint: str
    max_bytes: int
    folder: Path | None
    activate: Callable[[str], Awaitable[object]]

    async def run(self, actor: Actor, stream: AsyncIterator[bytes]) -> TenantRead:
        """Raises BrokenArchive, ArchiveTooNew, ArchiveTooLarge, ArchiveRefused, PlanDiffers, TenantExists,
        OperationRunning, RowsDoNotFit; PlaneFailed, after which the same request goes on.
        """
        actor.require(Permission.TENANTS_MANAGE)  # before anything is written to the disk
        with TemporaryFile(dir=self.folder) as file:
            await self._receive(stream, file)
            checked = await self._check(actor, file)
            placed, operation_id = await self._request(actor, checked)
            async with self._held(actor, checked.tenant_id, operation_id) as holder:
                await self._restore(actor, checked, placed, operation_id, holder)
        await self.activate(checked.tenant_id)
        async with self.database.read(actor) as tx:
            return await service.get_tenant(tx, checked.tenant_id)

    async def _receive(self, stream: AsyncIterator[bytes], file: IO[bytes]) -> None:
        size, held = 0, bytearray()
        async for chunk in stream:
            size += len(chunk)
            if size > self.max_bytes:
                raise ArchiveTooLarge(self.max_bytes)
            held += chunk
            if len(held) >= MEMBER_BYTES:
                await asyncio.to_thread(file.write, bytes(held))
                held.clear()
        await asyncio.to_thread(file.write, bytes(held))

    async def _check(self, actor: Actor, file: IO[bytes]) -> Checked:
        digest, manifest, plane_end, end = Digest(), None, None, None
        file.seek(0)
        async for name, content in members(pieces(file)):
            if name == CLOSING:
                end = _parsed(End, content)
                break
            digest.take(name, content)
            if manifest is None:
                manifest = _parsed(Manifest, content) if name == MANIFEST else None
                if manifest is None:
                    raise BrokenArchive("This is not an archive of a tenant.")
            elif name == PLANE + CLOSING:
                plane_end = _parsed(ArchiveEnd, content)
        if manifest is None or plane_end is None or end != digest.end():
            raise BrokenArchive("The archive is not whole, or was changed after it was made.")
        async with self.database.read(actor) as tx:
            unknown = unknown_columns(manifest.tables, await columns_of(tx))
        if unknown:
            raise ArchiveTooNew(unknown)
        return Checked(file, manifest, plane_end)

    async def _request(self, actor: Actor, checked: Checked) -> tuple[PlacedTenant, UUID]:
        tenant, plan = checked.manifest.tenant, checked.manifest.plan
        command = TenantCreate(
            tenant_id=tenant.tenant_id, name=tenant.name, plan=plan.name, contact_email=tenant.contact_email
        )
        async with self.database.write(actor) as tx:
            await plans.adopt_plan(tx, plan)
            await service.request_tenant(tx, command, OperationKind.IMPORT)
            operation_id = await service.import_of(tx, tenant.tenant_id)
            if operation_id is None:
                raise TenantExists(tenant.tenant_id)
            return await service.get_placed_tenant(tx, tenant.tenant_id), operation_id

    async def _restore(
        self, actor: Actor, checked: Checked, placed: PlacedTenant, operation_id: UUID, holder: UUID
    ) -> None:
        url: str | None = None
        try:
            url = await self.placement.ensure(placed)
            restored = await self.plane.restore(url, checked.tenant_id, _plane_part(checked.file))
            if restored is None and await self.plane.digest(url, checked.tenant_id) != checked.plane_end.digest:
                url = None  # what is there is not ours to take away
                raise TenantExists(checked.tenant_id)
            await self._finish(actor, checked, operation_id, holder)
        except Unavailable:
            raise  # it is recorded, and the same request goes on
        except BaseException:
            taking = self._take_back(actor, checked.tenant_id, operation_id, url, holder)
            await asyncio.shield(asyncio.ensure_future(taking))
            raise

    async def _finish(self, actor: Actor, checked: Checked, operation_id: UUID, holder: UUID) -> None:
        manifest, tenant = checked.manifest, checked.manifest.tenant
        is_suspended = tenant.state in (TenantState.SUSPENDED, TenantState.DELETING)
        async with self.database.write(actor) as tx:
            if not await service.keep_claim(tx, tenant.tenant_id, operation_id, holder):
                raise OperationRunning(tenant.tenant_id, OperationKind.IMPORT, operation_id)
            restoring = Restoring(
                tx,
                tenant.tenant_id,
                manifest.tables,
                can_open=manifest.key_fingerprint == self.key_fingerprint,
            )
            async for table, lines in _control_part(checked.file):
                await restoring.take(table, lines)
            await service.finish_import(
                tx,
                tenant.tenant_id,
                operation_id,
                plan_version=manifest.plan.version,
                created_at=tenant.created_at,
                exported_at=manifest.exported_at,
                suspended_reason=(tenant.suspended_reason or SUSPENDED_BEFORE) if is_suspended else None,
                rows=restoring.counts,
            )

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


async def _plane_part(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The plane's archive, as of a tenant that is frozen: the plane obeys whatever it is told next."""
    file.seek(0)
    async for name, content in members(pieces(file)):
        if name == PLANE + MANIFEST:
            manifest = _parsed(ArchiveManifest, content)
            wanted = manifest.wanted.model_copy(update={"state": Standing.FROZEN, "generation": 0})
            content = manifest.model_copy(update={"wanted": wanted}).model_dump_json(exclude_unset=True).encode()
        if name.startswith(PLANE):
            yield member(name.removeprefix(PLANE), content)
    yield END


async def _control_part(file: IO[bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Tables and some of their lines."""
    table, rest = "", b""
    file.seek(0)
    async for name, content in members(pieces(file)):
        if name.startswith(CONTROL):
            before, table = table, name.removeprefix(CONTROL).partition("/")[0]
            if rest and table != before:
                raise BrokenArchive("The archive has half a row.")
            *lines, rest = (rest + content).split(b"\n")
            yield table, lines
    if rest:
        raise BrokenArchive("The archive has half a row.")


def _parsed(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise BrokenArchive("This is not an archive of a tenant, or it is damaged.") from None
