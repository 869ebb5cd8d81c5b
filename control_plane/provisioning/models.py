from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Double, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class Deployment(Base):
    __tablename__ = "deployments"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    namespace: Mapped[str]
    size: Mapped[str]
    is_serving: Mapped[bool]
    is_routed: Mapped[bool]
    wanted_version: Mapped[str]
    actual_version: Mapped[str | None]
    state: Mapped[str]
    ready: Mapped[bool]
    drift: Mapped[list[str]] = mapped_column(ARRAY(Text))
    last_error: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Cell(Base):
    __tablename__ = "cells"

    name: Mapped[str] = mapped_column(primary_key=True)
    placement: Mapped[str]
    url: Mapped[str]
    version: Mapped[str | None]
    tenants: Mapped[int | None]
    queue_waiting: Mapped[int | None]
    oldest_waiting_seconds: Mapped[float | None] = mapped_column(Double)
    held: Mapped[int | None]
    database_ms: Mapped[float | None] = mapped_column(Double)
    requests_last_minute: Mapped[int | None] = mapped_column(BigInteger)
    errors_last_minute: Mapped[int | None] = mapped_column(BigInteger)
    busiest: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    ready: Mapped[bool]
    last_error: Mapped[str | None]
    looked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Rollout(Base):
    __tablename__ = "rollouts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[str]
    state: Mapped[str]
    wave: Mapped[int]
    waves: Mapped[int]
    reason: Mapped[str | None]
    started_by: Mapped[str]
    wave_started_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Turn(Base):
    """One tenant in a rollout."""

    __tablename__ = "rollout_turns"

    rollout_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    wave: Mapped[int]
    state: Mapped[str]
    previous_version: Mapped[str]
    error: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Orphan(Base):
    __tablename__ = "orphans"

    namespace: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
