"""API keys; the schema itself is migrations/tenant/0001_initial.sql and 0003_usage.sql."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from tenant_plane.core.base import Base


class ApiKey(Base):
    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    scope: Mapped[str]
    secret_hash: Mapped[bytes]
    profile: Mapped[str | None]
    rate_limit_rps: Mapped[int | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_address: Mapped[str | None]
