"""People of a tenant and invitations to it: for its admins, and for super-admins who name the tenant."""

from uuid import UUID

from starlette.requests import Request

from control_plane.identity import service
from control_plane.identity.errors import (
    InvitationInvalid,
    InvitationNotFound,
    InvitedSomebodyElse,
    LastAdmin,
    LastBreakGlass,
    NoFactor,
    NotAMember,
    NotForAdmins,
    TenantNotNamed,
)
from control_plane.identity.rest.doors import accounts_of, not_cached, origin_of
from control_plane.identity.schemas import (
    InvitationAccepted,
    InvitationCreate,
    InvitationPreview,
    InvitationQuery,
    InvitationRead,
    InvitationRevoked,
    InvitationToken,
    InvitedAll,
    InvitedRead,
    PersonPatch,
    PersonQuery,
    PersonRead,
    PersonRemoved,
    RolesRead,
    TenantNamed,
)
from control_plane.quotas.errors import NoRoomForUser
from control_plane.tenants.errors import TenantIsSuspended, TenantNotFound
from shared.pages import Page
from shared.tx import Actor, ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="people", kind="User", plural="users")
UNNAMED = (TenantNotNamed, TenantNotFound)
UNCHANGEABLE = (*UNNAMED, TenantIsSuspended)


@api.get("/api/users", errors=UNNAMED)
async def list_users(tx: ReadTx, query: PersonQuery) -> Page[PersonRead]:
    """Members of the caller's tenant, newest first; a super-admin names the tenant."""
    return await service.list_people(tx, query)


@api.get("/api/users/{user_id}", errors=[NotAMember, *UNNAMED])
async def get_user(tx: ReadTx, user_id: UUID, query: TenantNamed) -> PersonRead:
    """One member."""
    return await service.get_person(tx, query.tenant_id, user_id)


@api.patch("/api/users/{user_id}", errors=[NotAMember, LastAdmin, LastBreakGlass, *UNCHANGEABLE])
async def update_user(tx: WriteTx, user_id: UUID, query: TenantNamed, body: PersonPatch) -> PersonRead:
    """Change a member's role, deactivate or reactivate them.

    Deactivating ends their sessions in this tenant; an access token that they hold ends within fifteen minutes.
    409 LAST_ADMIN for whoever is the only one left; 409 LAST_BREAK_GLASS for the only one whose password opens a tenant
    that else refuses passwords.
    """
    return await service.update_person(tx, query.tenant_id, user_id, body)


@api.delete("/api/users/{user_id}", errors=[NotAMember, LastAdmin, LastBreakGlass, *UNCHANGEABLE])
async def remove_user(tx: WriteTx, user_id: UUID, query: TenantNamed) -> PersonRemoved:
    """Take the membership away; the account stays, with what it has elsewhere."""
    await service.remove_person(tx, query.tenant_id, user_id)
    return PersonRemoved(id=user_id, removed=True)


@api.post("/api/users/{user_id}/unlock", errors=[NotAMember, NotForAdmins, *UNCHANGEABLE])
async def unlock_user(tx: WriteTx, user_id: UUID, query: TenantNamed) -> PersonRead:
    """End the wait after wrong passwords."""
    return await service.unlock_person(tx, query.tenant_id, user_id)


@api.post("/api/users/{user_id}/reset-totp", errors=[NotAMember, NotForAdmins, NoFactor, *UNCHANGEABLE])
async def reset_totp(tx: WriteTx, user_id: UUID, query: TenantNamed) -> PersonRead:
    """Take a lost second factor away; all sessions of the person end.

    An admin can do so for whoever is a member of their tenant alone, and for no super-admin.
    """
    return await service.reset_second_factor(tx, query.tenant_id, user_id)


@api.post(
    "/api/users/invitations",
    status=201,
    kind="Invitation",
    plural="invitations",
    errors=[NoRoomForUser, *UNCHANGEABLE],
)
async def create_invitations(request: Request, actor: Actor, query: TenantNamed, body: InvitationCreate) -> InvitedAll:
    """Invite people by e-mail, for a week; all that there is room for, or nobody.

    On an installation that sends no mail, the answer holds each link, this once.
    """
    not_cached(request)
    return await accounts_of(request).invite(actor, query.tenant_id, body, origin_of(request))


@api.get("/api/users/invitations", kind="Invitation", plural="invitations", errors=UNNAMED)
async def list_invitations(tx: ReadTx, query: InvitationQuery) -> Page[InvitationRead]:
    """Invitations that nobody has accepted, newest first; expired ones too."""
    return await service.list_invitations(tx, query.tenant_id, query)


@api.post(
    "/api/users/invitations/{invitation_id}/resend",
    kind="Invitation",
    errors=[InvitationNotFound, NoRoomForUser, *UNCHANGEABLE],
)
async def resend_invitation(request: Request, actor: Actor, invitation_id: UUID, query: TenantNamed) -> InvitedRead:
    """Send another link, good for another week; the one before stops working."""
    not_cached(request)
    return await accounts_of(request).resend(actor, query.tenant_id, invitation_id, origin_of(request))


@api.delete("/api/users/invitations/{invitation_id}", kind="Invitation", errors=[InvitationNotFound, *UNCHANGEABLE])
async def revoke_invitation(tx: WriteTx, invitation_id: UUID, query: TenantNamed) -> InvitationRevoked:
    """Take an invitation back."""
    await service.revoke_invitation(tx, query.tenant_id, invitation_id)
    return InvitationRevoked(id=invitation_id, revoked=True)


@api.post("/api/auth/invitations/preview", access="public", kind="Invitation", errors=[InvitationInvalid])
async def preview_invitation(tx: ReadTx, body: InvitationToken) -> InvitationPreview:
    """What an invitation's link is about. A POST, so that the token stands in no log."""
    return await service.preview_invitation(tx, body.token.get_secret_value())


@api.post(
    "/api/auth/invitations/accept",
    kind="Invitation",
    idempotent=False,
    errors=[InvitationInvalid, InvitedSomebodyElse, TenantIsSuspended],
)
async def accept_invitation(tx: WriteTx, body: InvitationToken) -> InvitationAccepted:
    """Accept an invitation to the address that one is signed in with."""
    return await service.accept_invitation(tx, body.token.get_secret_value())


@api.get("/api/auth/roles", kind="Role", plural="roles")
async def list_roles(tx: ReadTx) -> RolesRead:
    """What each role may do, in words."""
    return await service.list_roles(tx)
