from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Date, Double
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class LimitOverride(Base):
    """``created_by`` and ``ended_by`` are names as people know them; the audit log has their ids."""

    __tablename__ = "limit_overrides"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    limit_name: Mapped[str]
    value: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class UsageDay(Base):
    __tablename__ = "usage_days"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    reported_at: Mapped[datetime]


class UsageShare(Base):
    """``limit_value`` is null, and ``share`` 0, where there is no limit."""

    __tablename__ = "usage_shares"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    limit_name: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
    limit_value: Mapped[int | None] = mapped_column(BigInteger)
    share: Mapped[float] = mapped_column(Double)
    measured_at: Mapped[datetime]
