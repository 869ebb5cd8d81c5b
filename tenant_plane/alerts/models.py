"""Tables of the alerts domain; the schema itself is migrations/tenant/0001_initial.sql."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenant_plane.core.base import Base


class Alert(Base):
    __tablename__ = "alerts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    source: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str]
    service: Mapped[str | None]
    environment: Mapped[str | None]
    labels: Mapped[dict[str, str]]
    annotations: Mapped[dict[str, str]]
    url: Mapped[str | None]
    warnings: Mapped[list[str]]
    occurrences: Mapped[int] = mapped_column(BigInteger)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    incident_id: Mapped[UUID | None]
    incident_reference: Mapped[str | None]
    link_rule: Mapped[str | None]
    link_reason: Mapped[str | None]


class AlertEventRow(Base):
    __tablename__ = "alert_events"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID]
    action: Mapped[str]
    change: Mapped[str]
    sender: Mapped[str]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    raw: Mapped[dict[str, Any]]
