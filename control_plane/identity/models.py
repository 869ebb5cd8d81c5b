from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    is_super_admin: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    time_zone: Mapped[str | None]
    email_verified_at: Mapped[datetime | None]
    """Null: whoever made the account has not shown that the address is theirs."""


class Membership(Base):
    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]


class SignInPolicy(Base):
    """Into this tenant no password lets members whose address is in ``sso_domains``, except the exempt."""

    __tablename__ = "sign_in_policies"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    sso_domains: Mapped[list[str]] = mapped_column(ARRAY(Text))
    exempt_user_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class Session(Base):
    """One family of refresh tokens: a sign-in on one device. ``tenant_id`` is null while a super-admin acts as one.

    One whose ``method`` is ``sso`` never leaves its tenant.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    tenant_id: Mapped[str | None]
    method: Mapped[str] = mapped_column(default="password")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]
    address: Mapped[str | None]
    has_second_factor: Mapped[bool] = mapped_column(default=False)


class RefreshToken(Base):
    """``token_hash`` is the SHA-256 of a token with 256 random bits, which no dictionary can find."""

    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None]


class SigningKeyRow(Base):
    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[dict[str, Any]]
    sealed_private_key: Mapped[bytes]
    created_at: Mapped[datetime]
    active_from: Mapped[datetime]
    retire_at: Mapped[datetime | None]


class SecondFactor(Base):
    """An authenticator app. It counts from ``confirmed_at`` on; ``last_step`` is the newest time step that was used."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    sealed_secret: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("second_factors.user_id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)


class SignInTries(Base):
    """``rules.Tries`` of one ``subject``, the hash of an e-mail or network address, seen from one ``origin``."""

    __tablename__ = "sign_in_tries"

    subject: Mapped[bytes] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    waits: Mapped[int]
    last_failed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class KnownAddress(Base):
    """A network address that an account signed in from."""

    __tablename__ = "known_addresses"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    last_used_at: Mapped[datetime]


class Invitation(Base):
    """Open as long as it is neither accepted, revoked nor expired. ``mailed_at``: its token is known to the mail alone;
    null where nobody sends mail, and whoever invites hands the link over.
    """

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    email: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[bytes]
    invited_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


class PasswordReset(Base):
    __tablename__ = "password_resets"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ImpersonationRow(Base):
    """``by``: the super-admin's e-mail address at that time. ``told_at``: the plane knows the row as it stands."""

    __tablename__ = "impersonations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    by: Mapped[str]
    reason: Mapped[str]
    read_only: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    told_at: Mapped[datetime | None]
