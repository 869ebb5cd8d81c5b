"""Sessions, their refresh tokens, and wrong tries to open one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.tables import AnyRow
from control_plane.identity.models import KnownAddress, Membership, RefreshToken, Session, SignInTries
from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

Counter = tuple[bytes, str]
"""Subject and origin of ``SignInTries``."""


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


async def own_session(tx: WriteTx, user_id: UUID, session_id: UUID) -> Session | None:
    """One that is open."""
    statement = (
        select(Session)
        .where(Session.id == session_id, Session.user_id == user_id, Session.revoked_at.is_(None))
        .with_for_update()
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def page_of_sessions(
    tx: ReadTx, user_id: UUID, since: datetime, asked: PageQuery
) -> tuple[Sequence[AnyRow], str | None, int]:
    """Open ones that were used since then, newest first; the next cursor; and how many there are."""
    mine = (Session.user_id == user_id, Session.revoked_at.is_(None), Session.last_used_at >= since)
    statement = select(
        Session.id,
        Session.tenant_id,
        Session.method,
        Session.address,
        Session.has_second_factor,
        Session.created_at,
        Session.last_used_at,
    ).where(*mine)
    if asked.after is not None:
        statement = statement.where(tuple_(Session.created_at, Session.id) < position(asked.after, TIME_AND_ID))
    statement = statement.order_by(Session.created_at.desc(), Session.id.desc())
    rows = (await tx.session.execute(statement.offset(asked.skip).limit(asked.size + 1))).all()
    shown, cursor = cut(rows, asked.size, lambda row: (row.created_at, row.id))
    total = (await tx.session.execute(select(func.count()).select_from(Session).where(*mine))).scalar_one()
    return shown, cursor, total


async def open_sessions(
    tx: WriteTx, *, user_id: UUID | None = None, tenant_id: str | None = None, method: str | None = None
) -> Sequence[Session]:
    """At least one of user and tenant is given."""
    wanted = {Session.user_id: user_id, Session.tenant_id: tenant_id, Session.method: method}
    statement = (
        select(Session)
        .where(
            Session.revoked_at.is_(None), *(column == value for column, value in wanted.items() if value is not None)
        )
        .order_by(Session.id)
        .with_for_update()
    )
    return (await tx.session.execute(statement)).scalars().all()


async def delete_sessions_unused_since(tx: WriteTx, moment: datetime, limit: int) -> None:
    old = select(Session.id).where(Session.last_used_at < moment).order_by(Session.last_used_at).limit(limit)
    await tx.session.execute(delete(Session).where(Session.id.in_(old)))


async def locked_until(tx: ReadTx, counters: Collection[Counter]) -> datetime | None:
    """The latest end of a wait that one of the counters is in."""
    statement = select(func.max(SignInTries.locked_until)).where(_among(counters), SignInTries.locked_until > tx.now)
    return (await tx.session.execute(statement)).scalar_one()


async def waits_of(tx: ReadTx, subjects: Collection[bytes]) -> Sequence[Row[bytes, datetime | None]]:
    """Subjects that are in a wait, and its end."""
    statement = (
        select(SignInTries.subject, func.max(SignInTries.locked_until))
        .where(SignInTries.subject.in_(subjects), SignInTries.locked_until > tx.now)
        .group_by(SignInTries.subject)
    )
    return (await tx.session.execute(statement)).all()


async def locked_tries(tx: WriteTx, counters: Sequence[Counter]) -> Sequence[SignInTries]:
    """Made where they are not there yet; locked one after the other in one order."""
    fresh = [
        {"subject": subject, "origin": origin, "failures": 0, "waits": 0, "last_failed_at": tx.now}
        for subject, origin in sorted(counters)
    ]
    await tx.session.execute(insert(SignInTries).values(fresh).on_conflict_do_nothing())
    statement = (
        select(SignInTries)
        .where(_among(counters))
        .order_by(SignInTries.subject, SignInTries.origin)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def delete_tries(tx: WriteTx, subject: bytes, origin: str | None = None) -> None:
    """Of one origin, or of all."""
    statement = delete(SignInTries).where(SignInTries.subject == subject)
    await tx.session.execute(statement if origin is None else statement.where(SignInTries.origin == origin))


async def remember_address(tx: WriteTx, user_id: UUID, address: str) -> None:
    await tx.session.execute(
        insert(KnownAddress)
        .values(user_id=user_id, address=address, last_used_at=tx.now)
        .on_conflict_do_update(
            index_elements=[KnownAddress.user_id, KnownAddress.address], set_={"last_used_at": tx.now}
        )
    )


async def forget_old_tries(tx: WriteTx, failed_before: datetime, used_before: datetime, limit: int) -> None:
    old = (
        select(SignInTries.subject, SignInTries.origin)
        .where(SignInTries.last_failed_at < failed_before)
        .order_by(SignInTries.last_failed_at)
        .limit(limit)
    )
    await tx.session.execute(delete(SignInTries).where(tuple_(SignInTries.subject, SignInTries.origin).in_(old)))
    unused = (
        select(KnownAddress.user_id, KnownAddress.address)
        .where(KnownAddress.last_used_at < used_before)
        .order_by(KnownAddress.last_used_at)
        .limit(limit)
    )
    await tx.session.execute(delete(KnownAddress).where(tuple_(KnownAddress.user_id, KnownAddress.address).in_(unused)))


async def touch_seat(tx: WriteTx, user_id: UUID, tenant_id: str | None) -> None:
    await tx.session.execute(
        update(Membership)
        .where(Membership.user_id == user_id, Membership.tenant_id == tenant_id)
        .values(last_used_at=tx.now)
    )


def _among(counters: Collection[Counter]) -> ColumnElement[bool]:
    return or_(*(and_(SignInTries.subject == s, SignInTries.origin == o) for s, o in counters))
