from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class Plan(Base):
    """Rows are added, never changed; the newest version of a name is the one on sale.

    ``created_by`` is an actor's id, or ``product`` for those that every installation has.
    """

    __tablename__ = "plans"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[int]
    limits: Mapped[dict[str, Any]]
    placement: Mapped[str]
    price_cents: Mapped[int | None]
    currency: Mapped[str | None]
    stripe_price_lookup_key: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
