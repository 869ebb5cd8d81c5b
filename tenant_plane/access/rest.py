"""Access over REST."""

from typing import Annotated

from pydantic import Field

from shared.fields import Text
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api
from tenant_plane.access import service
from tenant_plane.access.errors import ApiKeyNotFound
from tenant_plane.access.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRead, ApiKeyRevoked, PermissionsRead
from tenant_plane.usage.errors import LimitReached

api = Api(tag="access", kind="ApiKey", plural="api_keys")
KeyId = Annotated[Text, Field(max_length=60)]


@api.post("/api/apikeys", status=201, errors=[LimitReached])
async def create_api_key(tx: WriteTx, body: ApiKeyCreate) -> ApiKeyCreated:
    """Make an API key. The whole key is in this answer and never again."""
    return await service.create_api_key(tx, body)


@api.get("/api/apikeys")
async def list_api_keys(tx: ReadTx, query: PageQuery) -> Page[ApiKeyRead]:
    """List API keys, newest first. Keys themselves are never shown."""
    return await service.list_api_keys(tx, query)


@api.delete("/api/apikeys/{key_id}", errors=[ApiKeyNotFound])
async def revoke_api_key(tx: WriteTx, key_id: KeyId) -> ApiKeyRevoked:
    """Revoke an API key. It stops working within five seconds."""
    return await service.revoke_api_key(tx, key_id)


@api.get("/api/api-keys/me")
async def list_own_api_keys(tx: ReadTx, query: PageQuery) -> Page[ApiKeyRead]:
    """List the API keys that the caller has made, newest first."""
    return await service.list_own_api_keys(tx, query)


@api.post("/api/api-keys", status=201, errors=[LimitReached])
async def create_own_api_key(tx: WriteTx, body: ApiKeyCreate) -> ApiKeyCreated:
    """Make an API key; the same as POST /api/apikeys."""
    return await service.create_api_key(tx, body)


@api.delete("/api/api-keys/{key_id}", errors=[ApiKeyNotFound])
async def revoke_own_api_key(tx: WriteTx, key_id: KeyId) -> ApiKeyRevoked:
    """Revoke an API key; the same as DELETE /api/apikeys/{key_id}."""
    return await service.revoke_api_key(tx, key_id)


@api.get("/api/rbac/permissions", kind="Permissions")
async def get_permissions(tx: ReadTx) -> PermissionsRead:
    """Read what the caller may do."""
    return await service.get_permissions(tx)
