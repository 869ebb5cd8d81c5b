from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class SsoConnection(Base):
    """``role_mapping``: {group: role}. Without ``sealed_client_secret`` we are a public client, which PKCE protects."""

    __tablename__ = "sso_connections"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    sealed_client_secret: Mapped[bytes | None]
    display_name: Mapped[str]
    email_domains: Mapped[list[str]] = mapped_column(ARRAY(Text))
    confirmed_domains: Mapped[list[str]] = mapped_column(ARRAY(Text))
    group_claim: Mapped[str]
    role_mapping: Mapped[dict[str, Any]]
    default_role: Mapped[str | None]
    create_users: Mapped[bool]
    is_email_trusted: Mapped[bool]
    is_enforced: Mapped[bool]
    break_glass_user_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SsoAttempt(Base):
    """One sign-in on its way to a provider; it comes back with the state whose hash stands here, or not at all."""

    __tablename__ = "sso_attempts"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("sso_connections.id"))
    browser_hash: Mapped[bytes]
    nonce: Mapped[str]
    code_verifier: Mapped[str]
    next_path: Mapped[str]
    expires_at: Mapped[datetime]


class SsoExchange(Base):
    """Somebody whom a provider has vouched for, and whose page has not yet fetched its tokens."""

    __tablename__ = "sso_exchanges"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("sso_connections.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    browser_hash: Mapped[bytes]
    expires_at: Mapped[datetime]


class SsoIdentity(Base):
    __tablename__ = "sso_identities"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("sso_connections.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    tenant_id: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
