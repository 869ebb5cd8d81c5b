"""Tables of the incidents domain; the schema itself is migrations/tenant/0001_initial.sql."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import REAL, BigInteger, FetchedValue, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenant_plane.core.base import Base


class Incident(Base):
    __tablename__ = "incidents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, FetchedValue())
    title: Mapped[str]
    description: Mapped[str]
    severity: Mapped[str]
    severity_rank: Mapped[int] = mapped_column(SmallInteger, FetchedValue(), FetchedValue(for_update=True))
    status: Mapped[str]
    attention: Mapped[int] = mapped_column(SmallInteger, FetchedValue(), FetchedValue(for_update=True))
    source: Mapped[str]
    service: Mapped[str | None]
    environment: Mapped[str | None]
    assignee: Mapped[str | None]
    ci_ids: Mapped[list[str]]
    group_key: Mapped[str | None]
    alert_count: Mapped[int]
    firing_count: Mapped[int]
    last_alert_at: Mapped[datetime | None]
    resolution_notes: Mapped[str | None]
    resolved_by: Mapped[str | None]
    snoozed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]


class IncidentAlert(Base):
    """Why an alert stands in an incident. An alert that fires again later may stand in several."""

    __tablename__ = "incident_alerts"

    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    rule: Mapped[str]
    reason: Mapped[str]
    confidence: Mapped[float] = mapped_column(REAL)
    linked_at: Mapped[datetime]


class TimelineEntry(Base):
    """Append-only: the tenant's role may insert and select, nothing else."""

    __tablename__ = "incident_timeline"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID]
    event_type: Mapped[str]
    actor: Mapped[str]
    actor_kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    once_key: Mapped[str | None]
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]
