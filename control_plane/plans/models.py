from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class Plan(Base):
    """Rows are added, never changed; the newest version of a name is the one on sale."""

    __tablename__ = "plans"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[int]
    limits: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
