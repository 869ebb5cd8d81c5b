from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.core.tables import Base


class BillingCustomer(Base):
    """``suspension``: the reason with which billing suspended the tenant, until it has access again."""

    __tablename__ = "billing_customers"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    stripe_customer_id: Mapped[str | None]
    balance_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    fetches: Mapped[int] = mapped_column(BigInteger)
    stored_fetch: Mapped[int] = mapped_column(BigInteger)
    suspension: Mapped[str | None]
    reconciled_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime | None]
    failures: Mapped[int]
    error: Mapped[str | None]
    created_at: Mapped[datetime]


class Subscription(Base):
    """What Stripe said last; ``plan`` is null when no plan of ours is sold at its price."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    status: Mapped[str]
    price_id: Mapped[str]
    plan: Mapped[str | None]
    plan_version: Mapped[int | None]
    amount_cents: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str]
    started_at: Mapped[datetime]
    current_period_end: Mapped[datetime]
    cancel_at_period_end: Mapped[bool]
    cancel_at: Mapped[datetime | None]
    trial_end: Mapped[datetime | None]
    pause_collection: Mapped[str | None]
    past_due_since: Mapped[datetime | None]
    pending_plan: Mapped[str | None]
    pending_at: Mapped[datetime | None]
    payment_url: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    snapshot: Mapped[dict[str, Any]]
    reconciled_at: Mapped[datetime]


class StripePrice(Base):
    __tablename__ = "stripe_prices"

    id: Mapped[str] = mapped_column(primary_key=True)
    lookup_key: Mapped[str]
    seen_at: Mapped[datetime]


class BillingChange(Base):
    """Wanted of Stripe. ``details`` are all that the calls need, so that a repeated one sends the same bytes."""

    __tablename__ = "billing_changes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    details: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    error: Mapped[str | None]
    attempts: Mapped[int]
    requested_by: Mapped[str]
    requested_by_name: Mapped[str]
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class StripeEvent(Base):
    """The inbox. ``created`` is Stripe's time, ``received_at`` ours."""

    __tablename__ = "stripe_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    created: Mapped[datetime]
    stripe_customer_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error: Mapped[str | None]
    attempts: Mapped[int]
    next_try_at: Mapped[datetime | None]


class MeterReport(Base):
    __tablename__ = "meter_reports"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    meter: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    stripe_customer_id: Mapped[str]
    wanted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
    error: Mapped[str | None]
    next_try_at: Mapped[datetime | None]


class Dispute(Base):
    """What Stripe said last; ``evidence_due_at`` is null when the bank takes no answer."""

    __tablename__ = "disputes"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    charge_id: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str]
    evidence_due_at: Mapped[datetime | None]
    has_evidence: Mapped[bool]
    is_live: Mapped[bool]
    opened_at: Mapped[datetime]
    fetched_at: Mapped[datetime]
