from datetime import datetime
from typing import Any
from uuid import UUID

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
    generation: Mapped[int]
    observed_generation: Mapped[int]
    placement: Mapped[str]
    cell: Mapped[str]
    suspended_reason: Mapped[str | None]
    state_before_delete: Mapped[str | None]
    delete_after: Mapped[datetime | None]
    failures: Mapped[int]
    next_try_at: Mapped[datetime | None]


class Operation(Base):
    __tablename__ = "operations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    generation: Mapped[int]
    details: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    requested_by: Mapped[str]
    requested_by_name: Mapped[str]
    attempts: Mapped[int]
    error: Mapped[str | None]
    is_rolling_back: Mapped[bool]
    lease_holder: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class OperationStep(Base):
    __tablename__ = "operation_steps"

    operation_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    error: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
