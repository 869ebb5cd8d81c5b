"""A tenant's SCIM token, for its admins. What directories speak to is ``protocol.py``."""

from starlette.requests import Request

from control_plane.identity.errors import TenantNotNamed
from control_plane.identity.schemas import TenantNamed
from control_plane.scim import service
from control_plane.scim.errors import NoScimToken
from control_plane.scim.protocol import base_url
from control_plane.scim.schemas import ScimRead, ScimTokenMade
from control_plane.tenants.errors import TenantIsSuspended, TenantNotFound
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="single sign-on", kind="ScimToken", plural="tokens")
PATH = "/api/auth/sso/scim-token"


@api.get(PATH, errors=[TenantNotFound, TenantNotNamed])
async def get_scim_token(request: Request, tx: ReadTx, query: TenantNamed) -> ScimRead:
    """When the tenant's SCIM token was made and last used; the token itself is not shown again."""
    return ScimRead(base_url=base_url(request), token=await service.get_token(tx, query.tenant_id))


@api.post(PATH, status=201, idempotent=False, errors=[TenantIsSuspended, TenantNotFound, TenantNotNamed])
async def create_scim_token(request: Request, tx: WriteTx, query: TenantNamed) -> ScimTokenMade:
    """Make the tenant's SCIM token, shown this once; the one before stops working at once."""
    request.scope.setdefault("response_headers", {})["cache-control"] = "no-store"
    return await service.create_token(tx, query.tenant_id, base_url(request))


@api.delete(PATH, status=204, errors=[NoScimToken, TenantIsSuspended, TenantNotFound, TenantNotNamed])
async def delete_scim_token(tx: WriteTx, query: TenantNamed) -> None:
    """Take the directory's access away; members stay as they are."""
    await service.delete_token(tx, query.tenant_id)
