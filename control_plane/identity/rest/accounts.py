"""One's own account: registered, read, changed, protected by a second factor."""

from starlette.requests import Request

from control_plane.identity import service
from control_plane.identity.errors import (
    AccountExists,
    AccountLocked,
    EmailTaken,
    FactorExists,
    FactorRequired,
    InvitationInvalid,
    MailNotConfigured,
    NoFactor,
    NoFactorBegun,
    RegistrationClosed,
    ResetInvalid,
    SessionEnded,
    WrongCredentials,
    WrongOtp,
)
from control_plane.identity.rest.doors import accounts_of, not_cached, sessions_of
from control_plane.identity.schemas import (
    FactorBegin,
    FactorBegun,
    FactorConfirm,
    FactorRemove,
    FactorRemoved,
    Forgotten,
    MailOnItsWay,
    PasswordChange,
    PasswordChangedAnswer,
    PasswordResetCommand,
    PasswordResetDone,
    Profile,
    ProfilePatch,
    ProfilePut,
    RecoveryCodes,
    Register,
    Registered,
    RegistrationRead,
)
from control_plane.tenants.errors import TenantIsSuspended
from shared.tx import Actor, ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="auth", kind="User", plural="users")


@api.post(
    "/api/auth/register",
    status=201,
    access="public",
    errors=[RegistrationClosed, EmailTaken, InvitationInvalid, AccountExists, TenantIsSuspended],
)
async def register(request: Request, body: Register) -> Registered:
    """Make an account; then sign in with it.

    With an invitation's token, as a member of its tenant; or with an e-mail address, where the installation is open
    (OPSPLANE_OPEN_REGISTRATION), without a tenant until it is invited to one.
    """
    return await accounts_of(request).register(body)


@api.get("/api/auth/register", access="public", kind="Registration", plural="registrations")
async def get_registration(request: Request) -> RegistrationRead:
    """Tell whether one can register without an invitation."""
    return RegistrationRead(is_open=accounts_of(request).is_open)


@api.get("/api/auth/me", errors=[SessionEnded])
async def read_profile(request: Request, tx: ReadTx) -> Profile:
    """Who is signed in, where, and which other tenants they may work in."""
    not_cached(request)
    return await service.read_profile(tx)


@api.put("/api/auth/me", errors=[SessionEnded])
async def replace_profile(tx: WriteTx, body: ProfilePut) -> Profile:
    """Change one's name and time zone; a time zone that is left out is forgotten."""
    return await service.update_profile(tx, ProfilePatch(name=body.name, time_zone=body.time_zone))


@api.patch("/api/auth/me", errors=[SessionEnded])
async def update_profile(tx: WriteTx, body: ProfilePatch) -> Profile:
    """Change one's name or time zone."""
    return await service.update_profile(tx, body)


@api.post("/api/auth/change-password", errors=[WrongCredentials, AccountLocked, SessionEnded])
async def change_password(request: Request, actor: Actor, body: PasswordChange) -> PasswordChangedAnswer:
    """Change one's password; all other sessions end. Wrong old passwords count like wrong ones at the sign-in."""
    return PasswordChangedAnswer(changed=True, sessions_ended=await accounts_of(request).change_password(actor, body))


@api.post("/api/auth/forgot-password", status=202, access="public", errors=[MailNotConfigured])
async def forgot_password(request: Request, body: Forgotten) -> MailOnItsWay:
    """Ask for a mail with a link to a new password, at most every five minutes; 409 where no mail can be sent."""
    await accounts_of(request).forgot_password(body)
    return MailOnItsWay(requested=True)


@api.post("/api/auth/reset-password", access="public", errors=[ResetInvalid])
async def reset_password(request: Request, body: PasswordResetCommand) -> PasswordResetDone:
    """Choose a new password with the token of the mail. All sessions end, and so does a wait after wrong tries."""
    await accounts_of(request).reset_password(body)
    return PasswordResetDone(reset=True)


@api.post("/api/auth/totp", kind="SecondFactor", errors=[WrongCredentials, AccountLocked, FactorExists])
async def begin_totp(request: Request, actor: Actor, body: FactorBegin) -> FactorBegun:
    """Begin to set up an authenticator app (RFC 6238); nothing changes until a code of it is confirmed.

    A wrong password counts like a wrong one at the sign-in.
    """
    not_cached(request)
    return await accounts_of(request).begin_totp(actor, body)


@api.post(
    "/api/auth/totp/confirm", kind="SecondFactor", idempotent=False, errors=[NoFactorBegun, FactorExists, WrongOtp]
)
async def confirm_totp(request: Request, tx: WriteTx, body: FactorConfirm) -> RecoveryCodes:
    """From now on the account needs a code of this app at each sign-in. Recovery codes are in this answer only."""
    not_cached(request)
    return await service.confirm_totp(tx, body.code.get_secret_value(), sessions_of(request).factors)


@api.delete(
    "/api/auth/totp",
    kind="SecondFactor",
    errors=[WrongCredentials, WrongOtp, AccountLocked, NoFactor, FactorRequired],
)
async def remove_totp(request: Request, actor: Actor, body: FactorRemove) -> FactorRemoved:
    """Do without a second factor from now on; a super-admin can't."""
    await accounts_of(request).remove_totp(actor, body)
    return FactorRemoved(removed=True)
