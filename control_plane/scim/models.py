from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class ScimToken(Base):
    """One for each tenant; ``token_hash`` is the SHA-256 of a token with 256 random bits."""

    __tablename__ = "scim_tokens"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_refused_at: Mapped[datetime | None]
    last_refusal: Mapped[str | None]


class ScimUserRow(Base):
    """What a directory calls a member: of the membership, never of the account, which other tenants may share."""

    __tablename__ = "scim_users"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_name: Mapped[str]
    external_id: Mapped[str | None]
    resource: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
