"""Invitations to a tenant: a link that its receiver follows once, within a week."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.identity import queries
from control_plane.identity.errors import (
    InvitationInvalid,
    InvitationNotFound,
    InvitedSomebodyElse,
    SessionEnded,
)
from control_plane.identity.models import Invitation, Membership, User
from control_plane.identity.rules import Role
from control_plane.identity.schemas import (
    InvitationAccepted,
    InvitationCreate,
    InvitationMade,
    InvitationPreview,
    InvitationRead,
    InvitationRenewed,
    InvitationTaken,
    InvitationWithdrawn,
    Invited,
    MemberAdded,
    Outcome,
)
from control_plane.identity.service.opening import changeable_tenant, hash_of, named_tenant
from control_plane.quotas import service as quotas
from control_plane.tenants import service as tenants
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx

VALID_DAYS = 7


async def invite(tx: WriteTx, tenant_id: str | None, command: InvitationCreate) -> list[Invited]:
    """All that there is room for, or none: raises NoRoomForUser. Members, and whoever is invited already, stay so."""
    tx.require(Permission.MEMBERS_MANAGE)
    tenant = await changeable_tenant(tx, tenant_id)
    members = await queries.members_among(tx, tenant.tenant_id, command.addresses)
    waiting = await queries.unanswered_invitations(tx, tenant.tenant_id, command.addresses)
    answers = []
    for email in command.addresses:
        earlier = waiting.get(email)
        if email in members:
            answers.append(Invited(email, Outcome.ALREADY_MEMBER, tenant.name))
            continue
        if earlier is not None and earlier.expires_at > tx.now:
            answers.append(Invited(email, Outcome.ALREADY_INVITED, tenant.name, _read(tx, earlier)))
            continue
        if earlier is not None:
            earlier.revoked_at = tx.now
            await tx.session.flush()
        await quotas.require_room_for_user(tx, tenant.tenant_id)
        answers.append(await _make(tx, tenant.tenant_id, tenant.name, email, command.role))
    return answers


async def list_invitations(tx: ReadTx, tenant_id: str | None, asked: PageQuery) -> Page[InvitationRead]:
    """Neither accepted nor revoked, newest first; expired ones can be sent again."""
    tx.require(Permission.MEMBERS_MANAGE)
    tenant = await named_tenant(tx, tenant_id)
    rows, cursor, total = await queries.page_of_invitations(tx, tenant.tenant_id, asked)
    return Page(
        items=[InvitationRead.model_validate({**row._mapping, "is_expired": row.expires_at <= tx.now}) for row in rows],
        total=total,
        limit=asked.size,
        offset=asked.skip,
        next_cursor=cursor,
    )


async def renew_invitation(tx: WriteTx, tenant_id: str | None, invitation_id: UUID) -> Invited:
    """Another link, for another week; the one before is good for nothing now. Raises InvitationNotFound."""
    tx.require(Permission.MEMBERS_MANAGE)
    tenant = await changeable_tenant(tx, tenant_id)
    invitation = await queries.one_invitation(tx, tenant.tenant_id, invitation_id)
    if invitation is None:
        raise InvitationNotFound
    if invitation.expires_at <= tx.now:  # it held no seat any more
        await quotas.require_room_for_user(tx, tenant.tenant_id)
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.expires_at = hash_of(token), tx.now + timedelta(days=VALID_DAYS)
    invitation.mailed_at = None
    tx.record(
        InvitationRenewed(
            invitation_id=invitation.id,
            tenant_id=tenant.tenant_id,
            email=invitation.email,
            role=Role(invitation.role),
        )
    )
    return Invited(invitation.email, Outcome.INVITED, tenant.name, _read(tx, invitation), token)


async def note_mailed(tx: WriteTx, tokens: Sequence[str]) -> None:
    """These links have left by mail and are shown to nobody: whoever follows one has the address."""
    tx.require(Permission.MEMBERS_MANAGE)
    await queries.set_mailed(tx, [hash_of(token) for token in tokens])


async def revoke_invitation(tx: WriteTx, tenant_id: str | None, invitation_id: UUID) -> None:
    """Raises InvitationNotFound."""
    tx.require(Permission.MEMBERS_MANAGE)
    tenant = await changeable_tenant(tx, tenant_id)
    invitation = await queries.one_invitation(tx, tenant.tenant_id, invitation_id)
    if invitation is None:
        raise InvitationNotFound
    invitation.revoked_at = tx.now
    tx.record(
        InvitationWithdrawn(
            invitation_id=invitation.id,
            tenant_id=tenant.tenant_id,
            email=invitation.email,
            role=Role(invitation.role),
        )
    )


async def preview_invitation(tx: ReadTx, token: str) -> InvitationPreview:
    """For whoever holds the link. Raises InvitationInvalid."""
    tx.public()
    invitation = await queries.invitation_of(tx, hash_of(token))
    if invitation is None:
        raise InvitationInvalid
    tenant = (await tenants.describe_tenants(tx, [invitation.tenant_id]))[invitation.tenant_id]
    return InvitationPreview(
        tenant_id=tenant.tenant_id,
        tenant_name=tenant.name,
        email=invitation.email,
        role=Role(invitation.role),
        invited_by=invitation.invited_by,
        expires_at=invitation.expires_at,
        has_account=await queries.user_by_email(tx, invitation.email) is not None,
    )


async def accept_invitation(tx: WriteTx, token: str) -> InvitationAccepted:
    """For whoever is signed in with the address that was invited. Raises InvitationInvalid, InvitedSomebodyElse."""
    tx.require(Permission.ACCOUNT_MANAGE)
    user = await queries.active_user(tx, UUID(tx.actor.id))
    if user is None:
        raise SessionEnded
    return await take_invitation(tx, token, user)


async def take_invitation(tx: WriteTx, token: str, user: User) -> InvitationAccepted:
    """Once. Whoever is a member already keeps their role. Raises InvitationInvalid, InvitedSomebodyElse,
    TenantIsSuspended.

    It takes both the account of the address that was invited and the link: a stranger who made the account for somebody
    else's address does not get what that address is sent.
    """
    tx.public()
    invitation = await queries.invitation_of(tx, hash_of(token), for_update=True)
    if invitation is None:
        raise InvitationInvalid
    if invitation.email != user.email:
        raise InvitedSomebodyElse
    tenant = (await tenants.describe_tenants(tx, [invitation.tenant_id]))[invitation.tenant_id]
    tenants.require_active(tx, tenant)
    invitation.accepted_at = tx.now
    if invitation.mailed_at is not None and user.email_verified_at is None:
        user.email_verified_at = tx.now
    seat = {"user_id": user.id, "tenant_id": invitation.tenant_id, "role": invitation.role, "created_at": tx.now}
    added = await tx.session.execute(
        insert(Membership).values(**seat).on_conflict_do_nothing().returning(Membership.user_id)
    )
    if added.first() is not None:
        tx.record(MemberAdded(user_id=user.id, tenant_id=invitation.tenant_id, role=Role(invitation.role)))
    tx.record(
        InvitationTaken(
            invitation_id=invitation.id,
            tenant_id=invitation.tenant_id,
            email=invitation.email,
            role=Role(invitation.role),
            user_id=user.id,
        )
    )
    return InvitationAccepted(tenant_id=tenant.tenant_id, tenant_name=tenant.name, role=Role(invitation.role))


async def _make(tx: WriteTx, tenant_id: str, tenant_name: str, email: str, role: Role) -> Invited:
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        id=uuid7(),
        tenant_id=tenant_id,
        email=email,
        role=role,
        token_hash=hash_of(token),
        invited_by=tx.actor.name,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=VALID_DAYS),
    )
    tx.session.add(invitation)
    await tx.session.flush()
    tx.record(InvitationMade(invitation_id=invitation.id, tenant_id=tenant_id, email=email, role=role))
    return Invited(email, Outcome.INVITED, tenant_name, _read(tx, invitation), token)


def _read(tx: ReadTx, invitation: Invitation) -> InvitationRead:
    return InvitationRead(
        id=invitation.id,
        email=invitation.email,
        role=Role(invitation.role),
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        is_expired=invitation.expires_at <= tx.now,
    )
