"""The verbs of access."""

from shared.errors import FieldError, Invalid
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from tenant_plane.access import queries
from tenant_plane.access.models import ApiKey
from tenant_plane.access.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyRead,
    ApiKeyRevoked,
    KeyCreated,
    KeyRevoked,
    PermissionsRead,
    Profile,
    Scope,
)
from tenant_plane.core.api_keys import PREFIX, new_key
from tenant_plane.core.permissions import LEVELS, Permission
from tenant_plane.usage import service as usage
from tenant_plane.usage.rules import Limit


async def create_api_key(tx: WriteTx, command: ApiKeyCreate) -> ApiKeyCreated:
    """The only time the whole key leaves. Raises LimitReached: senders' keys are counted apart from the others."""
    tx.require(Permission.API_KEYS_MANAGE)
    assert tx.actor.tenant is not None
    if command.expires_at is not None and command.expires_at <= tx.now:
        message = "lies in the past"
        raise Invalid(f"body.expires_at: {message}", errors=[FieldError(field="body.expires_at", message=message)])
    limit = Limit.INTEGRATIONS if command.scope is Scope.INGESTION else Limit.API_KEYS
    await usage.require_room(tx, limit, lambda: queries.count_active(tx, limit))
    made = new_key(tx.actor.tenant)
    key = ApiKey(
        id=made.id,
        name=command.name,
        scope=command.scope,
        secret_hash=made.secret_hash,
        profile=command.profile,
        rate_limit_rps=command.rate_limit_rps,
        created_by=tx.actor.name,
        created_at=tx.now,
        expires_at=command.expires_at,
        revoked_at=None,
        last_used_at=None,
        last_used_address=None,
    )
    tx.session.add(key)
    tx.record(
        KeyCreated(
            key_id=made.id,
            name=command.name,
            scope=command.scope,
            rate_limit_rps=command.rate_limit_rps,
            expires_at=command.expires_at,
        )
    )
    return ApiKeyCreated(**_read(tx, key).model_dump(), api_key=made.text)


async def list_api_keys(tx: ReadTx, page: PageQuery) -> Page[ApiKeyRead]:
    """Newest first, revoked ones included."""
    tx.require(Permission.API_KEYS_READ)
    return await _page(tx, page, None)


async def list_own_api_keys(tx: ReadTx, page: PageQuery) -> Page[ApiKeyRead]:
    """Those that the caller has made; newest first, revoked ones included."""
    tx.require(Permission.API_KEYS_READ)
    return await _page(tx, page, tx.actor.name)


async def revoke_api_key(tx: WriteTx, key_id: str) -> ApiKeyRevoked:
    """Acts within five seconds; revoking twice keeps the first time."""
    tx.require(Permission.API_KEYS_MANAGE)
    key = await queries.one(tx, key_id)
    if key.revoked_at is None:
        key.revoked_at = tx.now
        tx.record(KeyRevoked(key_id=key.id, name=key.name))
    return ApiKeyRevoked(key_id=key.id, revoked_at=key.revoked_at)


async def get_permissions(tx: ReadTx) -> PermissionsRead:
    tx.require(Permission.PERMISSIONS_READ)
    assert tx.actor.tenant is not None
    return PermissionsRead(
        tenant_id=tx.actor.tenant.id,
        user_id=tx.actor.id,
        role=tx.actor.role,
        level=LEVELS[tx.actor.role],
        permissions=sorted(tx.actor.permissions),
    )


async def _page(tx: ReadTx, page: PageQuery, made_by: str | None) -> Page[ApiKeyRead]:
    rows, cursor = await queries.page(tx, page, made_by)
    return Page(
        items=[_read(tx, row) for row in rows],
        total=await queries.count(tx, made_by),
        limit=page.size,
        offset=page.skip,
        next_cursor=cursor,
    )


def _read(tx: ReadTx, key: ApiKey) -> ApiKeyRead:
    assert tx.actor.tenant is not None
    return ApiKeyRead(
        key_id=key.id,
        name=key.name,
        scope=Scope(key.scope),
        profile=Profile(key.profile) if key.profile else None,
        rate_limit_rps=key.rate_limit_rps,
        prefix=f"{PREFIX}{tx.actor.tenant.id}_{key.id}_…",
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
        last_used_address=key.last_used_address,
    )
