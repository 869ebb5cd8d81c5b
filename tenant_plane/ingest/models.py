"""Bodies that no adapter could read, kept until somebody looks, and bodies that may not be processed yet.

The schema is migrations/tenant/0001_initial.sql and 0003_usage.sql.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from tenant_plane.core.base import Base


class DeadLetter(Base):
    __tablename__ = "dead_letters"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    sender: Mapped[str]
    payload: Mapped[str]
    error: Mapped[str]
    received_at: Mapped[datetime]
    replayed_at: Mapped[datetime | None]


class HeldPayload(Base):
    __tablename__ = "held_payloads"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    sender: Mapped[str]
    payload: Mapped[bytes]
    reason: Mapped[str]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    error: Mapped[str | None]
