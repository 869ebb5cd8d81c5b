"""The audit log over REST."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared.audit import export
from shared.pages import Page
from shared.tx import Actor, ReadTx
from shared.web.operations import Api
from tenant_plane.audit import flows, service
from tenant_plane.audit.schemas import AuditEntry, AuditFilter, AuditQuery

api = Api(tag="audit", kind="AuditEntry", plural="entries")


@api.get("/api/audit")
async def list_audit_log(tx: ReadTx, query: AuditQuery) -> Page[AuditEntry]:
    """List who did what, newest first.

    ``total`` is exact without a filter; with one it is exact up to 1,000, and 1,001 says that there are more.
    """
    return await service.list_audit_log(tx, query)


@api.get("/api/audit/export", media_type=export.MEDIA_TYPE)
async def export_audit_log(request: Request, actor: Actor, query: AuditFilter) -> Response:
    """Export the audit log as JSON lines, oldest first; the export itself is its last entry.

    The last line holds ``count``, ``head`` and ``complete``. ``opsplane audit verify --file`` checks such a file.
    """
    stream = await flows.export_audit_log(request.app.state.database, actor, query)
    return StreamingResponse(stream, media_type=export.MEDIA_TYPE, headers=export.HEADERS)
