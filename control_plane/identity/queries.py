from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, or_, select

from control_plane.identity.models import Membership, RefreshToken, Session, SigningKeyRow, User
from shared.tx import ReadTx, WriteTx

MAX_SEATS = 500


async def credentials_of(tx: ReadTx, email: str) -> Row[UUID, str] | None:
    statement = select(User.id, User.password_hash).where(User.email == email, User.disabled_at.is_(None))
    return (await tx.session.execute(statement)).one_or_none()


async def active_user(tx: ReadTx, user_id: UUID) -> User | None:
    statement = select(User).where(User.id == user_id, User.disabled_at.is_(None))
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def user_by_email(tx: ReadTx, email: str) -> User | None:
    return (await tx.session.execute(select(User).where(User.email == email))).scalar_one_or_none()


async def memberships_of(tx: ReadTx, user_id: UUID) -> Sequence[Row[str, str]]:
    """Tenant and role, the one used last first."""
    statement = (
        select(Membership.tenant_id, Membership.role)
        .where(Membership.user_id == user_id)
        .order_by(Membership.last_used_at.desc().nulls_last(), Membership.tenant_id)
        .limit(MAX_SEATS)
    )
    return (await tx.session.execute(statement)).all()


async def locked_session(tx: WriteTx, token_hash: bytes) -> tuple[Session, RefreshToken] | None:
    """Both rows are locked, so that a turn, a reuse and a sign-out of one family never pass each other."""
    statement = (
        select(Session, RefreshToken)
        .join(RefreshToken, RefreshToken.session_id == Session.id)
        .where(RefreshToken.token_hash == token_hash)
        .with_for_update()
    )
    row = (await tx.session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def unretired_keys(tx: ReadTx) -> Sequence[SigningKeyRow]:
    statement = (
        select(SigningKeyRow)
        .where(or_(SigningKeyRow.retire_at.is_(None), SigningKeyRow.retire_at > tx.now))
        .order_by(SigningKeyRow.active_from, SigningKeyRow.kid)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def delete_sessions_unused_since(tx: WriteTx, moment: datetime, limit: int) -> None:
    old = select(Session.id).where(Session.last_used_at < moment).order_by(Session.last_used_at).limit(limit)
    await tx.session.execute(delete(Session).where(Session.id.in_(old)))
