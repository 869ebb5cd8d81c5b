"""Accounts, their second factors, and where they sit."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, select

from control_plane.core.tables import AnyRow
from control_plane.identity.models import (
    KnownAddress,
    Membership,
    PasswordReset,
    RecoveryCode,
    SecondFactor,
    SignInPolicy,
    User,
)
from shared.tx import ReadTx, WriteTx

MAX_SEATS = 500
NO_PASSWORD = ""
"""No hash: no password matches it, and checking one takes as long as for a stranger."""


async def credentials_of(tx: ReadTx, email: str, address: str | None) -> AnyRow | None:
    """Id, password hash, and whether this account was signed in to from ``address`` before."""
    known = exists().where(KnownAddress.user_id == User.id, KnownAddress.address == address)
    statement = select(User.id, User.password_hash, known.label("is_known")).where(
        User.email == email, User.disabled_at.is_(None)
    )
    return (await tx.session.execute(statement)).one_or_none()


async def active_user(tx: ReadTx, user_id: UUID) -> User | None:
    statement = select(User).where(User.id == user_id, User.disabled_at.is_(None))
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def locked_user(tx: WriteTx, user_id: UUID) -> User | None:
    statement = select(User).where(User.id == user_id, User.disabled_at.is_(None)).with_for_update()
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def user_by_email(tx: ReadTx, email: str) -> User | None:
    return (await tx.session.execute(select(User).where(User.email == email))).scalar_one_or_none()


async def memberships_of(tx: ReadTx, user_id: UUID) -> Sequence[Row[str, str, list[str] | None, list[UUID] | None]]:
    """Tenant and role, with the tenant's sign-in policy if it has one; the one used last first."""
    statement = (
        select(Membership.tenant_id, Membership.role, SignInPolicy.sso_domains, SignInPolicy.exempt_user_ids)
        .outerjoin(SignInPolicy, SignInPolicy.tenant_id == Membership.tenant_id)
        .where(Membership.user_id == user_id, Membership.deactivated_at.is_(None))
        .order_by(Membership.last_used_at.desc().nulls_last(), Membership.tenant_id)
        .limit(MAX_SEATS)
    )
    return (await tx.session.execute(statement)).all()


async def count_seats(tx: ReadTx, user_id: UUID) -> int:
    """Tenants that the person is a member of, deactivated or not."""
    statement = select(func.count()).select_from(Membership).where(Membership.user_id == user_id)
    return (await tx.session.execute(statement)).scalar_one()


async def has_factor(tx: ReadTx, user_id: UUID) -> bool:
    statement = select(exists().where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)))
    return bool((await tx.session.execute(statement)).scalar_one())


async def locked_factor(tx: WriteTx, user_id: UUID) -> SecondFactor | None:
    """Locked, so that of two who bring the same code at once one is too late. Unconfirmed ones too."""
    statement = (
        select(SecondFactor)
        .where(SecondFactor.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def factor_by_email(tx: ReadTx, email: str) -> SecondFactor | None:
    statement = select(SecondFactor).join(User, User.id == SecondFactor.user_id).where(User.email == email)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def take_recovery_code(tx: WriteTx, user_id: UUID, code_hash: bytes) -> bool:
    statement = (
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash)
        .returning(RecoveryCode.code_hash)
    )
    return (await tx.session.execute(statement)).first() is not None


async def count_recovery_codes(tx: ReadTx, user_id: UUID) -> int:
    statement = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return (await tx.session.execute(statement)).scalar_one()


async def newest_reset(tx: ReadTx, user_id: UUID) -> datetime | None:
    statement = select(func.max(PasswordReset.created_at)).where(PasswordReset.user_id == user_id)
    return (await tx.session.execute(statement)).scalar_one()


async def end_of_reset(tx: ReadTx, token_hash: bytes) -> datetime | None:
    statement = select(PasswordReset.expires_at).where(PasswordReset.token_hash == token_hash)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def take_reset(tx: WriteTx, token_hash: bytes) -> AnyRow | None:
    """Whose it is and when it ends; it is gone after this commit."""
    statement = (
        delete(PasswordReset)
        .where(PasswordReset.token_hash == token_hash)
        .returning(PasswordReset.user_id, PasswordReset.expires_at)
    )
    return (await tx.session.execute(statement)).one_or_none()


async def delete_resets_of(tx: WriteTx, user_id: UUID) -> None:
    await tx.session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))


async def delete_expired_resets(tx: WriteTx, moment: datetime, limit: int) -> None:
    old = select(PasswordReset.token_hash).where(PasswordReset.expires_at < moment).limit(limit)
    await tx.session.execute(delete(PasswordReset).where(PasswordReset.token_hash.in_(old)))
