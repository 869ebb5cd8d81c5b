"""Super-admins who act inside a tenant: why, how long, and whether its plane knows."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.identity import queries
from control_plane.identity.errors import ImpersonationNotFound, NobodyToImpersonate
from control_plane.identity.models import ImpersonationRow
from control_plane.identity.rules import Role
from control_plane.identity.schemas import (
    ActingAs,
    ImpersonationBegun,
    ImpersonationEnded,
    ImpersonationRead,
    ImpersonationStart,
    Profile,
)
from control_plane.tenants import service as tenants
from control_plane.tenants.errors import TenantNotFound
from shared.contracts.impersonations import Impersonation
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx


async def start_impersonation(tx: WriteTx, tenant_id: str, command: ImpersonationStart) -> ImpersonationRead:
    """Recorded before the plane is told and before any token exists. Raises TenantNotFound, NobodyToImpersonate."""
    tx.require(Permission.IMPERSONATIONS_MANAGE)
    tenant = (await tenants.describe_tenants(tx, [tenant_id])).get(tenant_id)
    if tenant is None:
        raise TenantNotFound(tenant_id)
    if not tenant.is_open:
        raise NobodyToImpersonate(tenant_id)
    row = ImpersonationRow(
        id=uuid7(),
        tenant_id=tenant_id,
        user_id=UUID(tx.actor.id),
        by=tx.actor.name,
        reason=command.reason,
        read_only=not command.write,
        starts_at=tx.now,
        ends_at=tx.now + timedelta(minutes=command.minutes),
    )
    tx.session.add(row)
    await tx.session.flush()
    tx.record(
        ImpersonationBegun(
            impersonation_id=row.id,
            tenant_id=tenant_id,
            by=row.by,
            reason=row.reason,
            read_only=row.read_only,
            ends_at=row.ends_at,
        )
    )
    return _read(tx, row)


async def list_impersonations(tx: ReadTx, tenant_id: str, asked: PageQuery) -> Page[ImpersonationRead]:
    """Newest first. Raises TenantNotFound."""
    tx.require(Permission.IMPERSONATIONS_MANAGE)
    if tenant_id not in await tenants.describe_tenants(tx, [tenant_id]):
        raise TenantNotFound(tenant_id)
    rows, cursor, total = await queries.page_of_impersonations(tx, tenant_id, asked)
    return Page(
        items=[_read(tx, row) for row in rows],
        total=total,
        limit=asked.size,
        offset=asked.skip,
        next_cursor=cursor,
    )


async def end_impersonation(tx: WriteTx, tenant_id: str, impersonation_id: UUID) -> ImpersonationRead:
    """Before its time; one that is over stays as it was. Raises ImpersonationNotFound."""
    tx.require(Permission.IMPERSONATIONS_MANAGE)
    row = await queries.locked_impersonation(tx, tenant_id, impersonation_id)
    if row is None:
        raise ImpersonationNotFound
    if row.ended_at is None and row.ends_at > tx.now:
        row.ended_at, row.ended_by, row.told_at = tx.now, tx.actor.name, None
        tx.record(ImpersonationEnded(impersonation_id=row.id, tenant_id=tenant_id, by=row.by))
    return _read(tx, row)


async def note_told(tx: WriteTx, told: ImpersonationRead) -> None:
    """The plane knows ``told``; what has changed since, it does not."""
    tx.require(Permission.IMPERSONATIONS_MANAGE)
    row = await queries.locked_impersonation(tx, told.tenant_id, told.id)
    if row is not None and row.ended_at == told.ended_at:
        row.told_at = tx.now


async def list_untold(tx: ReadTx, limit: int) -> Sequence[ImpersonationRead]:
    """Ended ones whose plane may still believe their token."""
    tx.require(Permission.IMPERSONATIONS_MANAGE)
    return [_read(tx, row) for row in await queries.untold_ends(tx, limit)]


async def impersonated_profile(tx: ReadTx) -> Profile:
    """What a super-admin is while they act in a tenant. Raises ImpersonationNotFound when that is over."""
    tx.require(Permission.PROFILE_READ)
    row = None if tx.actor.session_id is None else await queries.one_impersonation(tx, tx.actor.session_id)
    user = None if row is None else await queries.active_user(tx, row.user_id)
    if row is None or user is None or row.ended_at is not None or row.ends_at <= tx.now:
        raise ImpersonationNotFound
    tenant = (await tenants.describe_tenants(tx, [row.tenant_id]))[row.tenant_id]
    return Profile(
        id=user.id,
        email=user.email,
        name=user.name,
        role=tx.actor.role,
        tenant_id=tenant.tenant_id,
        tenant_name=tenant.name,
        tenants=[],
        time_zone=user.time_zone,
        has_second_factor=True,
        acting_as=ActingAs(
            impersonation_id=row.id, by=row.by, reason=row.reason, read_only=row.read_only, ends_at=row.ends_at
        ),
    )


def wanted_of(read: ImpersonationRead) -> Impersonation:
    """What the plane is told."""
    return Impersonation(
        id=read.id,
        by=read.by,
        reason=read.reason,
        read_only=read.read_only,
        starts_at=read.starts_at,
        ends_at=read.ends_at,
        ended_at=read.ended_at,
    )


def role_of(read: ImpersonationRead) -> Role:
    return Role.VIEWER if read.read_only else Role.ADMIN


def _read(tx: ReadTx, row: ImpersonationRow) -> ImpersonationRead:
    return ImpersonationRead(
        id=row.id,
        tenant_id=row.tenant_id,
        by=row.by,
        reason=row.reason,
        read_only=row.read_only,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        is_running=row.ended_at is None and row.ends_at > tx.now,
        is_told=row.told_at is not None,
    )
