"""Signing in and out. Answers that carry secrets are never stored by a cache on the way."""

from uuid import UUID

from starlette.requests import Request

from control_plane.identity import service
from control_plane.identity.demo import demo_accounts
from control_plane.identity.errors import (
    AccountLocked,
    DemoAccountsUnreadable,
    InvitationInvalid,
    InvitedSomebodyElse,
    NoSeat,
    NotADemo,
    OtpRequired,
    SessionEnded,
    SessionNotFound,
    SsoRequired,
    WrongCredentials,
    WrongOtp,
)
from control_plane.identity.rest.doors import not_cached, sessions_of
from control_plane.identity.schemas import (
    DemoAccounts,
    Refresh,
    SessionEnd,
    SessionQuery,
    SessionRead,
    SignedIn,
    SignedOut,
    SignIn,
    SignOut,
)
from shared.pages import Page
from shared.tx import ANONYMOUS, ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="auth", kind="Session", plural="sessions")
REFUSALS = (
    WrongCredentials,
    OtpRequired,
    WrongOtp,
    AccountLocked,
    NoSeat,
    SsoRequired,
    InvitationInvalid,
    InvitedSomebodyElse,
)


@api.post("/api/auth/token", access="public", kind="User", plural="users", errors=REFUSALS)
async def sign_in(request: Request, body: SignIn) -> SignedIn:
    """Sign in with e-mail, password and, if the account has one, the code of its second factor.

    Without a code that is needed: 401 OTP_REQUIRED, after the right password only. Each code counts once. After five
    wrong tries, each within a quarter of an hour of the one before: 429 ACCOUNT_LOCKED, and Retry-After.
    """
    return await _sign_in(request, body)


@api.post("/api/auth/login", access="public", kind="User", plural="users", errors=REFUSALS)
async def login(request: Request, body: SignIn) -> SignedIn:
    """The same as POST /api/auth/token."""
    return await _sign_in(request, body)


@api.post("/api/auth/refresh", access="public", kind="User", plural="users", errors=[SessionEnded, NoSeat, SsoRequired])
async def refresh_session(request: Request, body: Refresh) -> SignedIn:
    """Exchange a refresh token for new tokens.

    Each refresh token works once. One that comes a second time ends the session on all sides, so clients take turns.
    """
    not_cached(request)
    return await sessions_of(request).refresh(body)


@api.post("/api/auth/logout", access="public", kind="User", plural="users")
async def sign_out(request: Request, body: SignOut) -> SignedOut:
    """End the session of this refresh token; access tokens end by themselves within minutes."""
    await sessions_of(request).sign_out(body)
    return SignedOut(logged_out=True)


@api.get("/api/auth/sessions")
async def list_own_sessions(request: Request, tx: ReadTx, query: SessionQuery) -> Page[SessionRead]:
    """Where the caller is signed in, newest first."""
    return await service.list_own_sessions(tx, query, sessions_of(request).refresh_token_days)


@api.delete("/api/auth/sessions/{session_id}", errors=[SessionNotFound])
async def end_own_session(tx: WriteTx, session_id: UUID) -> SessionEnd:
    """End one of the caller's sessions; its access token ends by itself within minutes."""
    await service.end_own_session(tx, session_id)
    return SessionEnd(id=session_id, ended=True)


@api.get("/api/demo", access="public", kind="Demo", errors=[NotADemo, DemoAccountsUnreadable])
async def list_demo_accounts(request: Request) -> DemoAccounts:
    """The accounts of a demo installation; 404 on any other."""
    not_cached(request)

    async def code_of(email: str, secret: str) -> str | None:
        async with sessions_of(request).database.read(ANONYMOUS) as tx:
            return await service.unused_code(tx, email, secret)

    return await demo_accounts(request.app.state.demo_accounts_path, code_of)


async def _sign_in(request: Request, body: SignIn) -> SignedIn:
    not_cached(request)
    return await sessions_of(request).sign_in(body)
