"""Impersonations over REST."""

from shared.pages import Page
from shared.tx import ReadTx
from shared.web.operations import Api
from tenant_plane.impersonations import service
from tenant_plane.impersonations.schemas import ImpersonationQuery, ImpersonationRead

api = Api(tag="impersonations", kind="Impersonation", plural="impersonations")


@api.get("/api/impersonations")
async def list_impersonations(tx: ReadTx, query: ImpersonationQuery) -> Page[ImpersonationRead]:
    """List when super-admins of the provider acted in this tenant, and why; newest first."""
    return await service.list_impersonations(tx, query)
