from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class Tenant(Base):
    """``created_by`` is an actor's id: a user's, or ``system``."""

    __tablename__ = "tenants"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    plan: Mapped[str]
    plan_version: Mapped[int]
    contact_email: Mapped[str]
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
