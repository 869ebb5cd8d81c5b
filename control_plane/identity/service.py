"""The verbs of identity, one transaction each. ``flows.py`` puts slow password checks and signing between them."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from control_plane.core.permissions import SUPER_ADMIN, Permission
from control_plane.identity import queries, rules
from control_plane.identity.errors import EmailTaken, NoSeat, SessionEnded, UserNotFound, WrongCredentials
from control_plane.identity.models import Membership, RefreshToken, Session, SigningKeyRow, User
from control_plane.identity.rules import Role, Seat, Turn
from control_plane.identity.schemas import (
    Credentials,
    MemberAdded,
    OpenSession,
    Profile,
    SeatRead,
    SessionRevoked,
    SessionStarted,
    UserCreate,
    UserCreated,
    UserRead,
)
from control_plane.identity.vault import KeyVault, public_jwk
from control_plane.tenants import service as tenants
from shared.errors import Unauthorized
from shared.tx import ReadTx, WriteTx

ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('control:signing_keys'))")
FORGOTTEN_AT_ONCE = 1000


async def create_user(tx: WriteTx, command: UserCreate) -> UserRead:
    """Raises EmailTaken. The hash comes from ``passwords.hash_password``, made before the transaction."""
    tx.require(Permission.USERS_MANAGE)
    values = {**command.model_dump(), "id": uuid7(), "created_at": tx.now}
    statement = insert(User).values(**values).on_conflict_do_nothing().returning(User.id)
    user_id = (await tx.session.execute(statement)).scalar_one_or_none()
    if user_id is None:
        raise EmailTaken(command.email)
    tx.record(UserCreated(user_id=user_id, is_super_admin=command.is_super_admin))
    return UserRead(id=user_id, email=command.email, name=command.name, is_super_admin=command.is_super_admin)


async def find_user(tx: ReadTx, email: str) -> UserRead | None:
    """``email`` in lower case."""
    tx.require(Permission.USERS_MANAGE)
    user = await queries.user_by_email(tx, email)
    return None if user is None else UserRead.model_validate(user)


async def add_membership(tx: WriteTx, user_id: UUID, tenant_id: str, role: Role) -> None:
    """Somebody who is a member already gets the new role. Raises UserNotFound, TenantNotFound."""
    tx.require(Permission.USERS_MANAGE)
    await tenants.get_tenant(tx, tenant_id)
    if await queries.active_user(tx, user_id) is None:
        raise UserNotFound
    await tx.session.execute(
        insert(Membership)
        .values(user_id=user_id, tenant_id=tenant_id, role=role, created_at=tx.now)
        .on_conflict_do_update(index_elements=[Membership.user_id, Membership.tenant_id], set_={"role": role})
    )
    tx.record(MemberAdded(user_id=user_id, tenant_id=tenant_id, role=role))


async def find_credentials(tx: ReadTx, email: str) -> Credentials | None:
    """What a password must be checked against; None for an unknown address and a disabled account."""
    tx.public()
    row = await queries.credentials_of(tx, email)
    return None if row is None else Credentials(row.id, row.password_hash)


async def start_session(
    tx: WriteTx, proven: Credentials, tenant_id: str | None, refresh_token_days: int
) -> OpenSession:
    """``proven``: the caller has checked the password against them.

    Raises WrongCredentials when they have changed since; NoSeat.
    """
    tx.public()
    user = await queries.active_user(tx, proven.user_id)
    if user is None or user.password_hash != proven.password_hash:
        raise WrongCredentials
    profile = await _profile(tx, user, tenant_id)
    session = Session(id=uuid7(), user_id=user.id, tenant_id=profile.tenant_id, created_at=tx.now, last_used_at=tx.now)
    tx.session.add(session)
    await tx.session.flush()
    tx.record(SessionStarted(session_id=session.id, user_id=user.id, tenant_id=profile.tenant_id))
    token, _ = await _turn(tx, session, profile, refresh_token_days)
    return OpenSession(session.id, token, profile, tx.now)


async def refresh_session(
    tx: WriteTx, refresh_token: str, tenant_id: str | None, refresh_token_days: int
) -> OpenSession | None:
    """Rotate: the token is used up, a new one takes its place. Raises SessionEnded; NoSeat for a wrong ``tenant_id``.

    None: the token had been used before, so the session is revoked now. Commit that, then refuse.
    """
    tx.public()
    found = await queries.locked_session(tx, _hash(refresh_token))
    if found is None:
        raise SessionEnded
    session, token = found
    turn = rules.judge_refresh(
        now=tx.now, expires_at=token.expires_at, used_at=token.used_at, revoked_at=session.revoked_at
    )
    if turn is Turn.REVOKE:
        _revoke(tx, session, "token_reused")
        return None
    user = await queries.active_user(tx, session.user_id)
    if turn is Turn.REFUSE or user is None:
        raise SessionEnded
    try:
        profile = await _profile(tx, user, tenant_id or session.tenant_id)
    except NoSeat:
        if tenant_id is None:
            raise SessionEnded from None
        raise
    session.tenant_id, session.last_used_at = profile.tenant_id, tx.now
    new_token, token.replaced_by = await _turn(tx, session, profile, refresh_token_days)
    token.used_at = tx.now
    return OpenSession(session.id, new_token, profile, tx.now)


async def end_session(tx: WriteTx, refresh_token: str) -> None:
    """Any token of the family ends it; an unknown one changes nothing, and the caller can't tell."""
    tx.public()
    found = await queries.locked_session(tx, _hash(refresh_token))
    if found is not None and found[0].revoked_at is None:
        _revoke(tx, found[0], "signed_out")


async def read_profile(tx: ReadTx) -> Profile:
    """The signed-in user as this session sees them; Unauthorized when the user, or the seat, is gone since."""
    tx.require(Permission.PROFILE_READ)
    user = await queries.active_user(tx, UUID(tx.actor.id))
    if user is None:
        raise SessionEnded
    try:
        profile = await _profile(tx, user, None if tx.actor.tenant is None else tx.actor.tenant.id)
    except NoSeat:
        raise SessionEnded from None
    if profile.role != tx.actor.role:
        raise Unauthorized("Your role has changed; refresh your token or sign in again.")
    return profile


async def list_signing_keys(tx: ReadTx) -> Sequence[SigningKeyRow]:
    """All that sign or verify now or later, oldest first."""
    tx.require(Permission.USERS_MANAGE)
    return await queries.unretired_keys(tx)


async def ensure_signing_key(tx: WriteTx, vault: KeyVault) -> Sequence[SigningKeyRow]:
    """Make the first key. Processes that start together agree on one."""
    tx.require(Permission.USERS_MANAGE)
    await tx.session.execute(ONE_AT_A_TIME)
    rows = await queries.unretired_keys(tx)
    if any(row.active_from <= tx.now for row in rows):
        return rows
    kid, key = str(uuid7()), Ed25519PrivateKey.generate()
    tx.session.add(
        SigningKeyRow(
            kid=kid,
            public_jwk=public_jwk(kid, key),
            sealed_private_key=vault.seal(kid, key),
            created_at=tx.now,
            active_from=tx.now,
        )
    )
    return await queries.unretired_keys(tx)


async def forget_sessions(tx: WriteTx, refresh_token_days: int) -> None:
    """Drop sessions, a bounded number, whose last refresh token has expired."""
    tx.require(Permission.USERS_MANAGE)
    last = tx.now - timedelta(days=refresh_token_days)
    await queries.delete_sessions_unused_since(tx, last, FORGOTTEN_AT_ONCE)


async def _profile(tx: ReadTx, user: User, wanted: str | None) -> Profile:
    """A super-admin who names no tenant sits in none. Raises NoSeat."""
    seats = await _seats(tx, user.id)
    seat = None if user.is_super_admin and wanted is None else rules.choose_seat(seats, wanted)
    if seat is None and not (user.is_super_admin and wanted is None):
        raise NoSeat(wanted)
    return Profile(
        id=user.id,
        email=user.email,
        name=user.name,
        role=SUPER_ADMIN if seat is None else seat.role,
        tenant_id=None if seat is None else seat.tenant_id,
        tenant_name=None if seat is None else seat.tenant_name,
        tenants=[
            SeatRead(tenant_id=other.tenant_id, name=other.tenant_name, role=other.role)
            for other in sorted(seats, key=lambda other: other.tenant_name.casefold())
            if other.is_open
        ],
    )


async def _seats(tx: ReadTx, user_id: UUID) -> list[Seat]:
    memberships = await queries.memberships_of(tx, user_id)
    if not memberships:
        return []
    known = await tenants.describe_tenants(tx, [tenant_id for tenant_id, _ in memberships])
    return [
        Seat(tenant_id, known[tenant_id].name, Role(role), known[tenant_id].is_open) for tenant_id, role in memberships
    ]


async def _turn(tx: WriteTx, session: Session, profile: Profile, refresh_token_days: int) -> tuple[str, UUID]:
    """A new refresh token for the session, and its row's id; remembers where the user works."""
    token = f"opr_{secrets.token_urlsafe(32)}"
    row = RefreshToken(
        id=uuid7(),
        session_id=session.id,
        token_hash=_hash(token),
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=refresh_token_days),
    )
    tx.session.add(row)
    await tx.session.flush()
    await tx.session.execute(
        update(Membership)
        .where(Membership.user_id == session.user_id, Membership.tenant_id == profile.tenant_id)
        .values(last_used_at=tx.now)
    )
    return token, row.id


def _revoke(tx: WriteTx, session: Session, reason: str) -> None:
    session.revoked_at, session.revoked_reason = tx.now, reason
    tx.record(SessionRevoked(session_id=session.id, user_id=session.user_id, reason=reason))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
