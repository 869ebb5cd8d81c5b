"""A tenant's connection to its provider: set up, read, taken away; by its admin, or by a super-admin for it."""

from uuid import UUID

from pydantic import MISSING
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.identity import service as identity
from control_plane.sso import queries
from control_plane.sso.errors import (
    ChangedMeanwhile,
    DomainNotClaimed,
    NoConnection,
    NotAnAdmin,
    NoWayBack,
    SecretNeeded,
)
from control_plane.sso.models import SsoConnection
from control_plane.sso.schemas import (
    ConfirmDomains,
    ConnectionPicture,
    SecretChange,
    SsoConnected,
    SsoConnectionPut,
    SsoConnectionRead,
    SsoDisconnected,
)
from control_plane.sso.vault import ClientSecretVault
from shared.tx import ReadTx, WriteTx


async def get_connection(tx: ReadTx, tenant_id: str | None) -> SsoConnectionRead | None:
    """Raises TenantNotFound, TenantNotNamed."""
    tx.require(Permission.SSO_MANAGE)
    named = (await identity.named_tenant(tx, tenant_id)).tenant_id
    connection = await queries.connection_of(tx, named)
    return None if connection is None else _read(connection)


async def connect(
    tx: WriteTx,
    tenant_id: str | None,
    command: SsoConnectionPut,
    vault: ClientSecretVault,
    if_match: int | None,
) -> SsoConnectionRead:
    """Make the connection or replace it. Another issuer is another provider: all links and sessions of the old one end.

    Raises SecretNeeded when the issuer changes and no secret comes along: the stored one must not reach the new issuer.
    """
    tx.require(Permission.SSO_MANAGE)
    named = (await identity.changeable_tenant(tx, tenant_id)).tenant_id
    connection = await queries.locked_connection(tx, named)  # before the admins, as a sign-in does
    await _check_way_back(tx, named, command)
    if if_match is not None and if_match != (0 if connection is None else connection.version):
        raise ChangedMeanwhile
    before = None if connection is None else ConnectionPicture.model_validate(connection)
    is_moved = connection is not None and connection.issuer != command.issuer
    if is_moved and command.client_secret is MISSING:
        raise SecretNeeded
    if connection is None:
        connection = SsoConnection(id=uuid7(), tenant_id=named, version=0, confirmed_domains=[], created_at=tx.now)
        tx.session.add(connection)
    elif is_moved:
        await queries.forget_identities(tx, connection.id)
        await identity.end_sso_sessions(tx, named)
    secret = _take_over(connection, command, vault)
    connection.version, connection.updated_at = connection.version + 1, tx.now
    await tx.session.flush()
    await _apply_policy(tx, connection)
    after = ConnectionPicture.model_validate(connection)
    tx.record(
        SsoConnected(connection_id=connection.id, tenant_id=named, before=before, after=after, client_secret=secret)
    )
    return _read(connection)


async def disconnect(tx: WriteTx, tenant_id: str | None) -> None:
    """Links and sessions of the connection end, and passwords count again for everybody."""
    tx.require(Permission.SSO_MANAGE)
    named = (await identity.changeable_tenant(tx, tenant_id)).tenant_id
    connection = await queries.locked_connection(tx, named)
    if connection is None:
        raise NoConnection
    before = ConnectionPicture.model_validate(connection)
    await identity.end_sso_sessions(tx, connection.tenant_id)
    await identity.set_sign_in_policy(tx, connection.tenant_id, sso_domains=[], exempt=[])
    await tx.session.delete(connection)
    tx.record(SsoDisconnected(connection_id=connection.id, tenant_id=connection.tenant_id, before=before))


async def forget_tenant(tx: WriteTx, tenant_id: str) -> None:
    """The tenant is gone."""
    tx.require(Permission.TENANTS_MANAGE)
    connection = await queries.locked_connection(tx, tenant_id)
    if connection is not None:
        await tx.session.delete(connection)


async def confirm_domains(tx: WriteTx, tenant_id: str, command: ConfirmDomains) -> SsoConnectionRead:
    """Let strangers find this connection by an address of these domains. Replaces what was confirmed before."""
    tx.require(Permission.TENANTS_MANAGE)
    connection = await queries.locked_connection(tx, tenant_id)
    if connection is None:
        raise NoConnection
    for domain in command.domains:
        if domain not in connection.email_domains:
            raise DomainNotClaimed(domain)
    before = ConnectionPicture.model_validate(connection)
    connection.confirmed_domains = command.domains
    connection.version, connection.updated_at = connection.version + 1, tx.now
    after = ConnectionPicture.model_validate(connection)
    tx.record(
        SsoConnected(
            connection_id=connection.id,
            tenant_id=tenant_id,
            before=before,
            after=after,
            client_secret=SecretChange.KEPT,
        )
    )
    return _read(connection)


def _take_over(connection: SsoConnection, command: SsoConnectionPut, vault: ClientSecretVault) -> SecretChange:
    values = command.model_dump(exclude={"client_secret"})
    for name, value in values.items():
        setattr(connection, name, value)
    connection.confirmed_domains = [d for d in connection.confirmed_domains if d in command.email_domains]
    if command.client_secret is MISSING:
        return SecretChange.KEPT
    if command.client_secret is None:
        connection.sealed_client_secret = None
        return SecretChange.NONE
    connection.sealed_client_secret = vault.seal(connection.id, command.client_secret.get_secret_value())
    return SecretChange.CHANGED


async def _check_way_back(tx: WriteTx, tenant_id: str, command: SsoConnectionPut) -> None:
    """Raises NotAnAdmin; NoWayBack when a broken provider would lock everybody out."""
    admins = await identity.hold_admins(tx, tenant_id)
    for user_id in command.break_glass_user_ids:
        member = await identity.find_member(tx, tenant_id, user_id)
        if user_id not in admins or member is None or not member.has_password:
            raise NotAnAdmin
    if command.is_enforced and not command.break_glass_user_ids:
        raise NoWayBack


async def _apply_policy(tx: WriteTx, connection: SsoConnection) -> None:
    domains = connection.email_domains if connection.is_enforced else []
    exempt: list[UUID] = connection.break_glass_user_ids if connection.is_enforced else []
    await identity.set_sign_in_policy(tx, connection.tenant_id, sso_domains=domains, exempt=exempt)


def _read(connection: SsoConnection) -> SsoConnectionRead:
    picture = ConnectionPicture.model_validate(connection)
    return SsoConnectionRead.model_validate(
        {
            **picture.model_dump(),
            "id": connection.id,
            "tenant_id": connection.tenant_id,
            "has_client_secret": connection.sealed_client_secret is not None,
            "version": connection.version,
            "created_at": connection.created_at,
            "updated_at": connection.updated_at,
        }
    )
