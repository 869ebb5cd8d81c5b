from collections.abc import AsyncIterator
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from control_plane.core.repeats import Repeat
from control_plane.tenants import service
from control_plane.tenants.archive.export import Exporter
from control_plane.tenants.archive.importing import Importer
from control_plane.tenants.errors import (
    AlreadyPlaced,
    ArchivedPlanUnknown,
    ArchiveRefused,
    ArchivesInTheWay,
    ArchiveTooLarge,
    ArchiveTooNew,
    ChangedMeanwhile,
    GracePeriodOver,
    NotCancellable,
    NotChangeable,
    NotConfirmed,
    OperationEnded,
    OperationNotFound,
    OperationRunning,
    PlacementNotOffered,
    PlaneFailed,
    PlanUnknown,
    RowsDoNotFit,
    TenantCannotMove,
    TenantExists,
    TenantNotFound,
    TenantPlaneAway,
)
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.rules import TenantState
from control_plane.tenants.schemas import (
    Delete,
    DeleteQuery,
    ExportQuery,
    ImportQuery,
    Move,
    OperationRead,
    Reason,
    Suspend,
    TenantCreate,
    TenantImportRead,
    TenantPatch,
    TenantQuery,
    TenantRead,
)
from shared.contracts.tenants import TenantId
from shared.pages import Page, PageQuery
from shared.tar import BrokenArchive
from shared.tx import Actor, ReadTx, WriteTx
from shared.web.operations import Api
from shared.web.streaming import Pushed

api = Api(tag="tenants", kind="Tenant", plural="tenants")
CHANGES = (TenantNotFound, OperationRunning, TenantCannotMove)


@api.get("/api/tenants")
async def list_tenants(request: Request, tx: ReadTx, query: TenantQuery) -> Page[TenantRead]:
    """All tenants by tenant_id; for super-admins."""
    return await service.list_tenants(tx, query, _flows(request).counts)


@api.post(
    "/api/tenants",
    status=201,
    other_statuses=(200, 202),
    idempotent=True,
    errors=[PlanUnknown, TenantExists, PlacementNotOffered, TenantPlaneAway],
)
async def create_tenant(request: Request, actor: Actor, body: TenantCreate, raw: bytes) -> TenantRead:
    """Register a tenant; answers when it is usable.

    202 means that its own plane is being made, and its operation shows how far that is; 503 that it is recorded but not
    usable yet. In both cases the same request continues, and so does the control plane by itself. 200 is for an equal
    request after that, with the tenant as it is; 409 says in what another one differs. Idempotency-Key is honoured.
    """
    tenant, is_new = await _flows(request).create_tenant(actor, body, Repeat.of(request, actor, raw, TenantRead))
    if tenant.state in (TenantState.REQUESTED, TenantState.PROVISIONING):
        request.scope["answer_status"] = 202
    elif not is_new:
        request.scope["answer_status"] = 200
    return tenant


@api.get("/api/tenants/{tenant_id}", errors=[TenantNotFound])
async def get_tenant(request: Request, tx: ReadTx, tenant_id: TenantId) -> TenantRead:
    """Read one tenant. Its ETag is the generation for If-Match."""
    return await service.get_tenant(tx, tenant_id, _flows(request).counts)


@api.patch(
    "/api/tenants/{tenant_id}",
    errors=[TenantNotFound, PlanUnknown, ChangedMeanwhile, NotChangeable, OperationRunning, PlacementNotOffered],
)
async def update_tenant(
    request: Request, actor: Actor, tenant_id: TenantId, body: TenantPatch, if_match: int | None
) -> TenantRead:
    """Change name, contact or plan. A plan with another placement moves the tenant afterwards."""
    return await _flows(request).update_tenant(actor, tenant_id, body, if_match)


@api.delete("/api/tenants/{tenant_id}", errors=[*CHANGES, NotConfirmed])
async def delete_tenant(
    request: Request, actor: Actor, tenant_id: TenantId, query: DeleteQuery, body: Delete
) -> TenantRead:
    """Delete a tenant; until its grace period is over it can be restored.

    It is suspended at once, and removed with all its data after the grace period. ``confirm``, in the query or the
    body, repeats the tenant_id.
    """
    given = {**query.model_dump(exclude_none=True), **body.model_dump(exclude_none=True)}
    return await _flows(request).delete_tenant(actor, tenant_id, Delete(**given))


@api.post("/api/tenants/{tenant_id}/suspend", idempotent=True, errors=CHANGES)
async def suspend_tenant(request: Request, actor: Actor, tenant_id: TenantId, body: Suspend, raw: bytes) -> TenantRead:
    """Suspend: reads stay, writes are refused, what senders post is kept and not processed."""
    repeat = Repeat.of(request, actor, raw, TenantRead)
    return await _flows(request).suspend_tenant(actor, tenant_id, body.reason, repeat)


@api.post("/api/tenants/{tenant_id}/resume", idempotent=True, errors=CHANGES)
async def resume_tenant(request: Request, actor: Actor, tenant_id: TenantId, body: Reason, raw: bytes) -> TenantRead:
    """End a suspension."""
    repeat = Repeat.of(request, actor, raw, TenantRead)
    return await _flows(request).resume_tenant(actor, tenant_id, body.reason, repeat)


@api.post("/api/tenants/{tenant_id}/restore", idempotent=True, errors=[*CHANGES, GracePeriodOver])
async def restore_tenant(request: Request, actor: Actor, tenant_id: TenantId, body: Reason, raw: bytes) -> TenantRead:
    """Undo a deletion within its grace period: back to where the tenant was."""
    repeat = Repeat.of(request, actor, raw, TenantRead)
    return await _flows(request).restore_tenant(actor, tenant_id, body.reason, repeat)


@api.post(
    "/api/tenants/{tenant_id}/move",
    status=202,
    kind="Operation",
    plural="operations",
    idempotent=True,
    errors=[TenantNotFound, NotChangeable, AlreadyPlaced, OperationRunning, PlacementNotOffered],
)
async def move_tenant(request: Request, actor: Actor, tenant_id: TenantId, body: Move, raw: bytes) -> OperationRead:
    """Move between the shared and a dedicated placement, without losing an accepted alert. Watch the operation."""
    return await _flows(request).move_tenant(actor, tenant_id, body, Repeat.of(request, actor, raw, OperationRead))


@api.get("/api/tenants/{tenant_id}/operations", kind="Operation", plural="operations", errors=[TenantNotFound])
async def list_operations(tx: ReadTx, tenant_id: TenantId, query: PageQuery) -> Page[OperationRead]:
    """What was done with this tenant, newest first, step by step."""
    return await service.list_operations(tx, tenant_id, query)


@api.get(
    "/api/tenants/{tenant_id}/operations/{operation_id}",
    kind="Operation",
    plural="operations",
    errors=[OperationNotFound],
)
async def get_operation(tx: ReadTx, tenant_id: TenantId, operation_id: UUID) -> OperationRead:
    """Read one operation."""
    return await service.get_operation(tx, tenant_id, operation_id)


@api.post(
    "/api/tenants/{tenant_id}/operations/{operation_id}/retry",
    kind="Operation",
    plural="operations",
    errors=[TenantNotFound, OperationNotFound, OperationEnded, OperationRunning],
)
async def retry_operation(request: Request, actor: Actor, tenant_id: TenantId, operation_id: UUID) -> OperationRead:
    """Try an unfinished operation now, or a move that failed anew."""
    return await _flows(request).retry_operation(actor, tenant_id, operation_id)


@api.post(
    "/api/tenants/{tenant_id}/operations/{operation_id}/cancel",
    kind="Operation",
    plural="operations",
    errors=[TenantNotFound, OperationNotFound, NotCancellable],
)
async def cancel_operation(tx: WriteTx, tenant_id: TenantId, operation_id: UUID) -> OperationRead:
    """Take a move back, up to its switch: the source goes on as before."""
    return await service.cancel_operation(tx, tenant_id, operation_id)


@api.get("/api/tenants/{tenant_id}/export", media_type="application/x-tar", errors=[TenantNotFound, PlaneFailed])
async def export_tenant(request: Request, actor: Actor, tenant_id: TenantId, query: ExportQuery) -> Response:
    """A tenant as one tar archive: all that its plane holds, its people and what else belongs to it here.

    For super-admins, who give a reason; it stands in both audit logs, and the tenant's admins see it. An answer that
    breaks off is no archive: its end is missing, and an import refuses it.
    """
    exporter: Exporter = request.app.state.exporter
    export = await exporter.start(actor, tenant_id, query.reason)
    headers = {"content-disposition": f'attachment; filename="{export.file_name}"', "cache-control": "no-store"}
    return Pushed(lambda write: exporter.write(actor, export, write), "application/x-tar", headers)


@api.post(
    "/api/tenants/import",
    status=201,
    errors=[
        BrokenArchive,
        ArchiveTooNew,
        ArchiveTooLarge,
        ArchivesInTheWay,
        ArchiveRefused,
        ArchivedPlanUnknown,
        RowsDoNotFit,
        TenantExists,
        OperationRunning,
        PlaneFailed,
    ],
)
async def import_tenant(
    request: Request, actor: Actor, query: ImportQuery, stream: AsyncIterator[bytes]
) -> TenantImportRead:
    """Restore an archive of GET /api/tenants/{tenant_id}/export as a tenant that is not here; all of it or nothing.

    People who are known here by their e-mail address keep their account and become members. ``notices`` says what was
    not taken over. After a 503 the same request goes on.
    """
    importer: Importer = request.app.state.importer
    return await importer.run(actor, stream, query)


def _flows(request: Request) -> TenantFlows:
    flows: TenantFlows = request.app.state.tenants
    return flows
