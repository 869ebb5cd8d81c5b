"""What the other verbs share: where somebody sits, a session and its next refresh token, a session's end."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from control_plane.core.permissions import SUPER_ADMIN
from control_plane.identity import queries, rules
from control_plane.identity.errors import NoSeat, NotAMember, SsoRequired, TenantNotNamed
from control_plane.identity.models import RefreshToken, Session, User
from control_plane.identity.rules import Method, Role, Seat
from control_plane.identity.schemas import OpenSession, Profile, SeatRead, SessionRevoked, SessionStarted
from control_plane.tenants import service as tenants
from control_plane.tenants.errors import TenantNotFound
from control_plane.tenants.schemas import TenantSummary
from shared.trace import current_address
from shared.tx import ReadTx, WriteTx


async def open_session(
    tx: WriteTx,
    user: User,
    tenant_id: str | None,
    method: Method,
    refresh_token_days: int,
    *,
    has_second_factor: bool = False,
) -> OpenSession:
    """For whoever has proven to be this user. Raises NoSeat, SsoRequired."""
    tx.public()
    profile = await profile_of(tx, user, tenant_id, method, has_second_factor=has_second_factor)
    session = Session(
        id=uuid7(),
        user_id=user.id,
        tenant_id=profile.tenant_id,
        method=method,
        address=current_address.get(),
        has_second_factor=has_second_factor,
        created_at=tx.now,
        last_used_at=tx.now,
    )
    tx.session.add(session)
    await tx.session.flush()
    tx.record(
        SessionStarted(
            session_id=session.id,
            user_id=user.id,
            tenant_id=profile.tenant_id,
            method=method,
            has_second_factor=has_second_factor,
        )
    )
    token, _ = await turn_token(tx, session, profile, refresh_token_days)
    return OpenSession(session.id, token, profile, tx.now, method, has_second_factor)


async def turn_token(tx: WriteTx, session: Session, profile: Profile, refresh_token_days: int) -> tuple[str, UUID]:
    """A new refresh token for the session, and its row's id; remembers where the user works."""
    tx.public()
    token = f"opr_{secrets.token_urlsafe(32)}"
    row = RefreshToken(
        id=uuid7(),
        session_id=session.id,
        token_hash=hash_of(token),
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=refresh_token_days),
    )
    tx.session.add(row)
    await tx.session.flush()
    if session.method == Method.PASSWORD:  # a provider does not choose where its member's password leads next time
        await queries.touch_seat(tx, session.user_id, profile.tenant_id)
    return token, row.id


async def profile_of(tx: ReadTx, user: User, wanted: str | None, method: Method, *, has_second_factor: bool) -> Profile:
    """A super-admin who names no tenant sits in none. Raises NoSeat; SsoRequired where a password does not count."""
    tx.public()
    seats = await _seats(tx, user)
    if method is Method.SSO:
        seats = [seat for seat in seats if seat.tenant_id == wanted]  # the provider of one learns nothing about others
    is_root = user.is_super_admin and wanted is None
    seat = None if is_root else rules.choose_seat(seats, wanted, method)
    if seat is None and not is_root:
        closed = rules.choose_seat(seats, wanted, Method.SSO)
        raise NoSeat(wanted, rules.going_seat(seats, wanted)) if closed is None else SsoRequired(closed.tenant_id)
    return Profile(
        id=user.id,
        email=user.email,
        name=user.name,
        role=SUPER_ADMIN if seat is None else seat.role,
        tenant_id=None if seat is None else seat.tenant_id,
        tenant_name=None if seat is None else seat.tenant_name,
        tenants=[
            SeatRead(tenant_id=other.tenant_id, name=other.tenant_name, role=other.role)
            for other in sorted(rules.usable_seats(seats, method), key=lambda other: other.tenant_name.casefold())
        ],
        time_zone=user.time_zone,
        method=method,
        has_second_factor=await queries.has_factor(tx, user.id),
        must_enrol=is_root and not has_second_factor,
    )


async def _seats(tx: ReadTx, user: User) -> list[Seat]:
    memberships = await queries.memberships_of(tx, user.id)
    if not memberships:
        return []
    known = await tenants.describe_tenants(tx, [row.tenant_id for row in memberships])
    return [
        Seat(
            row.tenant_id,
            known[row.tenant_id].name,
            Role(row.role),
            known[row.tenant_id].is_open,
            rules.needs_sso(user.email, user.id, row.sso_domains or [], row.exempt_user_ids or []),
            known[row.tenant_id].delete_after,
        )
        for row in memberships
    ]


def revoke(tx: WriteTx, sessions: Sequence[Session], reason: str) -> int:
    """How many there were."""
    for session in sessions:
        session.revoked_at, session.revoked_reason = tx.now, reason
        tx.record(
            SessionRevoked(session_id=session.id, user_id=session.user_id, tenant_id=session.tenant_id, reason=reason)
        )
    return len(sessions)


async def named_tenant(tx: ReadTx, asked: str | None) -> TenantSummary:
    """The actor's own tenant; a super-admin names one. Another one looks as if it did not exist: TenantNotFound."""
    tx.public()
    own = tx.actor.tenant
    if own is not None and asked not in (None, own.id):
        raise TenantNotFound(str(asked))
    wanted = own.id if own is not None else asked
    if wanted is None:
        raise TenantNotNamed
    found = (await tenants.describe_tenants(tx, [wanted])).get(wanted)
    if found is None:
        raise TenantNotFound(wanted)
    return found


async def changeable_tenant(tx: WriteTx, asked: str | None) -> TenantSummary:
    """The same for whoever changes something of it; raises TenantIsSuspended as well."""
    tx.public()
    named = await named_tenant(tx, asked)
    tenants.require_active(tx, named)
    return named


def check_own(tx: ReadTx, tenant_id: str) -> None:
    """Whoever acts for a tenant acts for no other; raises NotAMember."""
    if tx.actor.tenant is not None and tx.actor.tenant.id != tenant_id:
        raise NotAMember


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
