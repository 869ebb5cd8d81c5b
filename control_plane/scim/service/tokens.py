"""A tenant's SCIM token: made by its admin, shown once, stored as a hash."""

import hashlib
import secrets

from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import Permission
from control_plane.identity import service as identity
from control_plane.scim import queries
from control_plane.scim.errors import NoScimToken, ScimTokenInvalid, TenantClosed
from control_plane.scim.models import ScimToken
from control_plane.scim.schemas import ScimTokenCreated, ScimTokenDeleted, ScimTokenMade, ScimTokenRead
from control_plane.tenants import service as tenants
from shared.tx import ReadTx, WriteTx

LONGEST_REFUSAL = 500


async def get_token(tx: ReadTx, tenant_id: str | None) -> ScimTokenRead | None:
    tx.require(Permission.SSO_MANAGE)
    token = await queries.token_of(tx, (await identity.named_tenant(tx, tenant_id)).tenant_id)
    if token is None:
        return None
    return ScimTokenRead(
        created_at=token.created_at,
        last_used_at=token.last_used_at,
        last_refused_at=token.last_refused_at,
        last_refusal=token.last_refusal,
    )


async def create_token(tx: WriteTx, tenant_id: str | None, base_url: str) -> ScimTokenMade:
    """A new one takes the place of the old one, which is refused from this commit on."""
    tx.require(Permission.SSO_MANAGE)
    named = (await identity.changeable_tenant(tx, tenant_id)).tenant_id
    is_replaced = await queries.token_of(tx, named) is not None
    token = f"ops_scim_{secrets.token_urlsafe(32)}"
    history = {"last_used_at": None, "last_refused_at": None, "last_refusal": None}
    values = {"token_hash": _hash(token), "created_by": tx.actor.id, "created_at": tx.now, **history}
    await tx.session.execute(
        insert(ScimToken)
        .values(tenant_id=named, **values)
        .on_conflict_do_update(index_elements=[ScimToken.tenant_id], set_=values)
    )
    tx.record(ScimTokenCreated(tenant_id=named, is_replaced=is_replaced))
    return ScimTokenMade(base_url=base_url, created_at=tx.now, token=token, **history)


async def delete_token(tx: WriteTx, tenant_id: str | None) -> None:
    tx.require(Permission.SSO_MANAGE)
    token = await queries.token_of(tx, (await identity.changeable_tenant(tx, tenant_id)).tenant_id)
    if token is None:
        raise NoScimToken
    await tx.session.delete(token)
    tx.record(ScimTokenDeleted(tenant_id=token.tenant_id))


async def forget_tenant(tx: WriteTx, tenant_id: str) -> None:
    """The tenant is gone."""
    tx.require(Permission.TENANTS_MANAGE)
    token = await queries.token_of(tx, tenant_id)
    if token is not None:
        await tx.session.delete(token)


async def find_directory(tx: ReadTx, token: str) -> str:
    """The tenant that a token is for; of a suspended one it reads. Raises ScimTokenInvalid, TenantClosed."""
    tx.public()
    tenant_id = await queries.tenant_of_token(tx, _hash(token))
    if tenant_id is None:
        raise ScimTokenInvalid
    tenant = (await tenants.describe_tenants(tx, [tenant_id]))[tenant_id]
    if not tenant.is_open and not tenant.is_suspended:
        raise TenantClosed
    return tenant_id


async def note_use(tx: WriteTx) -> None:
    tx.require(Permission.MEMBERS_PROVISION)
    if tx.actor.tenant is not None:
        await queries.note_use(tx, tx.actor.tenant.id)


async def note_refusal(tx: WriteTx, asked: str, detail: str) -> None:
    """``asked``: method and path, without the query; what can't be stored of it is left out."""
    tx.require(Permission.MEMBERS_PROVISION)
    if tx.actor.tenant is not None:
        said = f"{asked}: {detail}".replace("\x00", "")[:LONGEST_REFUSAL]
        await queries.note_refusal(tx, tx.actor.tenant.id, said)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
