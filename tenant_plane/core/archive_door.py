"""``/internal/tenants/{tenant_id}/archive``: the control plane fetches a tenant as a stream, or brings one; and
``…/export``, for an archive that leaves the provider.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.tx import AuditedEvent
from shared.web.rest import arriving
from shared.web.streaming import Pushed
from tenant_plane.core.archive import Archives

MEDIA_TYPE = "application/x-tar"
SILENT_SECONDS = 300
"""The other plane may sort a large table before its first row comes."""
Caller = Callable[[Request], Awaitable[str]]
"""From a request to the tenant_id of its path; raises Unauthorized for all but the control plane."""


class TenantExported(AuditedEvent):
    """As the control plane tells it before it fetches the export. ``by``: an e-mail address of the provider's."""

    kind: ClassVar[str] = "tenant.exported"
    about: ClassVar[str] = "tenant:{0.tenant_id}"

    tenant_id: str
    operation_id: UUID
    by: str
    reason: str


def archive_routes(archives: Archives, called: Caller) -> list[Route]:
    async def archive(request: Request) -> Response:
        tenant_id = await called(request)
        if request.method == "PUT":
            restored = await archives.restore(tenant_id, arriving(request, SILENT_SECONDS))
            return Response(restored.model_dump_json(), 201, media_type="application/json")
        await archives.require_here(tenant_id)
        return Pushed(lambda write: archives.write(tenant_id, write), MEDIA_TYPE)

    async def export(request: Request) -> Response:
        tenant_id = await called(request)
        await archives.require_here(tenant_id)
        return Pushed(lambda write: archives.write(tenant_id, write, is_export=True), MEDIA_TYPE)

    async def digest(request: Request) -> Response:
        found = await archives.digest(await called(request))
        return Response(found.model_dump_json(), media_type="application/json")

    return [
        Route("/internal/tenants/{tenant_id}/archive", archive, methods=["GET", "PUT"]),
        Route("/internal/tenants/{tenant_id}/archive/digest", digest, methods=["GET"]),
        Route("/internal/tenants/{tenant_id}/export", export, methods=["GET"]),
    ]
