from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from tenant_plane.core.base import Base


class ImpersonationRow(Base):
    """As the control plane told it; ``core/impersonations.py`` reads it for every token that names it."""

    __tablename__ = "impersonations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    by: Mapped[str]
    reason: Mapped[str]
    read_only: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
