"""Sessions that are open: refreshed, listed, ended."""

from datetime import timedelta
from uuid import UUID

from control_plane.core.permissions import Permission
from control_plane.identity import queries, rules
from control_plane.identity.errors import NoSeat, SessionEnded, SessionNotFound, SsoRequired
from control_plane.identity.rules import Method, Turn
from control_plane.identity.schemas import OpenSession, SessionQuery, SessionRead
from control_plane.identity.service.opening import hash_of, profile_of, revoke, turn_token
from shared.pages import Page
from shared.tx import ReadTx, WriteTx

FORGOTTEN_AT_ONCE = 1000


async def refresh_session(
    tx: WriteTx, refresh_token: str, tenant_id: str | None, refresh_token_days: int
) -> OpenSession | None:
    """Rotate: the token is used up, a new one takes its place. Raises SessionEnded; NoSeat for a wrong ``tenant_id``.

    None: the token had been used before, so the session is revoked now. Commit that, then refuse.
    """
    tx.public()
    found = await queries.locked_session(tx, hash_of(refresh_token))
    if found is None:
        raise SessionEnded
    session, token = found
    turn = rules.judge_refresh(
        now=tx.now, expires_at=token.expires_at, used_at=token.used_at, revoked_at=session.revoked_at
    )
    if turn is Turn.REVOKE:
        revoke(tx, [session], "token_reused")
        return None
    user = await queries.active_user(tx, session.user_id)
    if turn is Turn.REFUSE or user is None:
        raise SessionEnded
    method, has_second_factor = Method(session.method), session.has_second_factor
    if method is Method.SSO and tenant_id not in (None, session.tenant_id):
        raise NoSeat(tenant_id)  # a tenant's provider speaks for that tenant only
    try:
        profile = await profile_of(
            tx, user, tenant_id or session.tenant_id, method, has_second_factor=has_second_factor
        )
    except (NoSeat, SsoRequired):
        if tenant_id is None:
            raise SessionEnded from None
        raise
    session.tenant_id, session.last_used_at = profile.tenant_id, tx.now
    new_token, token.replaced_by = await turn_token(tx, session, profile, refresh_token_days)
    token.used_at = tx.now
    return OpenSession(session.id, new_token, profile, tx.now, method, has_second_factor)


async def end_session(tx: WriteTx, refresh_token: str) -> None:
    """Any token of the family ends it; an unknown one changes nothing, and the caller can't tell."""
    tx.public()
    found = await queries.locked_session(tx, hash_of(refresh_token))
    if found is not None and found[0].revoked_at is None:
        revoke(tx, [found[0]], "signed_out")


async def list_own_sessions(tx: ReadTx, asked: SessionQuery, refresh_token_days: int) -> Page[SessionRead]:
    """Those that can still be refreshed, newest first."""
    tx.require(Permission.ACCOUNT_MANAGE)
    since = tx.now - timedelta(days=refresh_token_days)
    rows, cursor, total = await queries.page_of_sessions(tx, UUID(tx.actor.id), since, asked)
    return Page(
        items=[
            SessionRead.model_validate({**row._mapping, "is_current": row.id == tx.actor.session_id}) for row in rows
        ],
        total=total,
        limit=asked.size,
        offset=asked.skip,
        next_cursor=cursor,
    )


async def end_own_session(tx: WriteTx, session_id: UUID) -> None:
    """Raises SessionNotFound, also for somebody else's and for one that has ended."""
    tx.require(Permission.ACCOUNT_MANAGE)
    session = await queries.own_session(tx, UUID(tx.actor.id), session_id)
    if session is None:
        raise SessionNotFound
    revoke(tx, [session], "ended_elsewhere")


async def forget_sessions(tx: WriteTx, refresh_token_days: int) -> None:
    """Drop sessions, a bounded number, whose last refresh token has expired."""
    tx.require(Permission.USERS_MANAGE)
    last = tx.now - timedelta(days=refresh_token_days)
    await queries.delete_sessions_unused_since(tx, last, FORGOTTEN_AT_ONCE)
