"""Members of a tenant, and invitations to it."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update

from control_plane.core.tables import AnyRow, AnySelect
from control_plane.identity.models import Invitation, Membership, SecondFactor, Session, SignInPolicy, User
from control_plane.identity.queries.accounts import NO_PASSWORD
from control_plane.identity.schemas import PersonQuery
from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

MEMBER = (
    User.id.label("user_id"),
    User.email,
    User.name,
    Membership.role,
    Membership.deactivated_at.is_(None).label("is_active"),
    (User.password_hash != NO_PASSWORD).label("has_password"),
    Membership.created_at,
)


async def count_members(tx: ReadTx, tenant_ids: Collection[str]) -> dict[str, int]:
    statement = (
        select(Membership.tenant_id, func.count())
        .where(Membership.tenant_id.in_(tenant_ids))
        .group_by(Membership.tenant_id)
    )
    return {row[0]: row[1] for row in (await tx.session.execute(statement)).all()}


async def delete_all_of_tenant(tx: WriteTx, tenant_id: str) -> None:
    await tx.session.execute(delete(Session).where(Session.tenant_id == tenant_id))
    await tx.session.execute(delete(Membership).where(Membership.tenant_id == tenant_id))
    await tx.session.execute(delete(SignInPolicy).where(SignInPolicy.tenant_id == tenant_id))
    await tx.session.execute(delete(Invitation).where(Invitation.tenant_id == tenant_id))


async def one_member(tx: ReadTx, tenant_id: str, user_id: UUID) -> AnyRow | None:
    """None too for one whose account is disabled."""
    statement = (
        select(*MEMBER)
        .join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == tenant_id, Membership.user_id == user_id, User.disabled_at.is_(None))
    )
    return (await tx.session.execute(statement)).one_or_none()


async def members_by_id(tx: ReadTx, tenant_id: str, *, skip: int, limit: int) -> Sequence[AnyRow]:
    statement = (
        select(*MEMBER)
        .join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == tenant_id, User.disabled_at.is_(None))
        .order_by(Membership.user_id)
        .offset(skip)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).all()


async def one_person(tx: ReadTx, tenant_id: str, user_id: UUID) -> AnyRow | None:
    statement = _people(tenant_id).where(Membership.user_id == user_id)
    return (await tx.session.execute(statement)).one_or_none()


async def page_of_people(tx: ReadTx, tenant_id: str, asked: PersonQuery) -> tuple[Sequence[AnyRow], str | None, int]:
    """Newest first; the next cursor; and how many there are."""
    wanted = _wanted(asked)
    statement = _people(tenant_id).where(*wanted)
    if asked.after is not None:
        key = tuple_(Membership.created_at, Membership.user_id)
        statement = statement.where(key < position(asked.after, TIME_AND_ID))
    statement = statement.order_by(Membership.created_at.desc(), Membership.user_id.desc())
    rows = (await tx.session.execute(statement.offset(asked.skip).limit(asked.size + 1))).all()
    shown, cursor = cut(rows, asked.size, lambda row: (row.created_at, row.user_id))
    total = await tx.session.execute(select(func.count()).select_from(_people(tenant_id).where(*wanted).subquery()))
    return shown, cursor, total.scalar_one()


def _people(tenant_id: str) -> AnySelect:
    return (
        select(*MEMBER, Membership.last_used_at, SecondFactor.confirmed_at.is_not(None).label("has_second_factor"))
        .join(User, User.id == Membership.user_id)
        .outerjoin(SecondFactor, SecondFactor.user_id == Membership.user_id)
        .where(Membership.tenant_id == tenant_id, User.disabled_at.is_(None))
    )


def _wanted(asked: PersonQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.q is not None:
        wanted.append(
            or_(User.email.icontains(asked.q, autoescape=True), User.name.icontains(asked.q, autoescape=True))
        )
    if asked.role is not None:
        wanted.append(Membership.role == asked.role)
    if asked.state is not None:
        is_active = Membership.deactivated_at.is_(None)
        wanted.append(is_active if asked.state == "active" else ~is_active)
    return wanted


async def locked_membership(tx: WriteTx, tenant_id: str, user_id: UUID) -> Membership | None:
    statement = select(Membership).where(Membership.tenant_id == tenant_id, Membership.user_id == user_id)
    return (await tx.session.execute(statement.with_for_update())).scalar_one_or_none()


async def lock_admins(tx: WriteTx, tenant_id: str) -> Sequence[UUID]:
    """Who is an active admin, and stays one until this commit."""
    statement = (
        select(Membership.user_id)
        .where(Membership.tenant_id == tenant_id, Membership.role == "admin", Membership.deactivated_at.is_(None))
        .order_by(Membership.user_id)
        .with_for_update()
    )
    return (await tx.session.execute(statement)).scalars().all()


async def exempt_from_sso(tx: ReadTx, tenant_id: str) -> Sequence[UUID]:
    """Whose passwords count in a tenant that refuses others'; nobody where it refuses none."""
    statement = select(SignInPolicy.exempt_user_ids).where(
        SignInPolicy.tenant_id == tenant_id, func.cardinality(SignInPolicy.sso_domains) > 0
    )
    return (await tx.session.execute(statement)).scalar_one_or_none() or []


async def members_among(tx: ReadTx, tenant_id: str, emails: Collection[str]) -> set[str]:
    statement = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == tenant_id, User.email.in_(emails))
    )
    return set((await tx.session.execute(statement)).scalars())


async def unanswered_invitations(tx: WriteTx, tenant_id: str, emails: Collection[str]) -> dict[str, Invitation]:
    """Neither accepted nor revoked, expired ones too; by address, locked."""
    statement = select(Invitation).where(_unanswered(tenant_id), Invitation.email.in_(emails)).with_for_update()
    return {row.email: row for row in (await tx.session.execute(statement)).scalars()}


async def one_invitation(tx: WriteTx, tenant_id: str, invitation_id: UUID) -> Invitation | None:
    statement = select(Invitation).where(_unanswered(tenant_id), Invitation.id == invitation_id).with_for_update()
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def set_mailed(tx: WriteTx, token_hashes: Collection[bytes]) -> None:
    statement = update(Invitation).where(Invitation.token_hash.in_(token_hashes)).values(mailed_at=tx.now)
    await tx.session.execute(statement)


async def invitation_of(tx: ReadTx, token_hash: bytes, *, for_update: bool = False) -> Invitation | None:
    """Only one that is open."""
    statement = select(Invitation).where(
        Invitation.token_hash == token_hash,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > tx.now,
    )
    statement = statement.with_for_update() if for_update else statement
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def page_of_invitations(tx: ReadTx, tenant_id: str, asked: PageQuery) -> tuple[Sequence[Any], str | None, int]:
    """Neither accepted nor revoked, newest first; the next cursor; and how many there are."""
    statement = select(
        Invitation.id,
        Invitation.email,
        Invitation.role,
        Invitation.invited_by,
        Invitation.created_at,
        Invitation.expires_at,
    ).where(_unanswered(tenant_id))
    if asked.after is not None:
        statement = statement.where(tuple_(Invitation.created_at, Invitation.id) < position(asked.after, TIME_AND_ID))
    statement = statement.order_by(Invitation.created_at.desc(), Invitation.id.desc())
    rows = (await tx.session.execute(statement.offset(asked.skip).limit(asked.size + 1))).all()
    shown, cursor = cut(rows, asked.size, lambda row: (row.created_at, row.id))
    counted = select(func.count()).select_from(Invitation).where(_unanswered(tenant_id))
    return shown, cursor, (await tx.session.execute(counted)).scalar_one()


def _unanswered(tenant_id: str) -> ColumnElement[bool]:
    return (Invitation.tenant_id == tenant_id) & Invitation.accepted_at.is_(None) & Invitation.revoked_at.is_(None)
