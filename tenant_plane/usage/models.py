"""What was used on each day; the schema is migrations/tenant/0003_usage.sql."""

from datetime import date

from sqlalchemy import BigInteger, Date
from sqlalchemy.orm import Mapped, mapped_column

from tenant_plane.core.base import Base


class UsageDay(Base):
    __tablename__ = "usage_days"

    metric: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
