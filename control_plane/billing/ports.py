"""Stripe, as billing needs it, in our own words; ``adapters/stripe.py`` speaks to it through its SDK.

``key`` is an idempotency key: Stripe does a call with the same key once. Times are UTC, money is integer cents of
``currency`` (lower case, ISO 4217). Every call raises StripeAway, StripeRefused or PaymentRefused.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from control_plane.tenants.rules import Where


@dataclass(frozen=True, slots=True)
class PriceSeen:
    id: str
    lookup_key: str | None
    amount_cents: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class SubscriptionSeen:
    """``past_due_since``: when the oldest invoice that is still open was to be paid.

    ``payment_url``: where a change waits for its payment, or the open invoice can be paid.
    """

    id: str
    status: str
    item_id: str
    price: PriceSeen
    started_at: datetime
    current_period_end: datetime
    cancel_at_period_end: bool
    cancel_at: datetime | None
    trial_end: datetime | None
    pause_collection: str | None
    past_due_since: datetime | None
    schedule_id: str | None
    pending_price: PriceSeen | None
    pending_at: datetime | None
    payment_url: str | None
    ended_at: datetime | None
    snapshot: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CustomerSeen:
    id: str
    is_deleted: bool
    balance_cents: int
    currency: str | None
    subscriptions: Sequence[SubscriptionSeen]


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    tenant_id: str
    customer_id: str
    price_id: str
    trial_days: int
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class CheckoutOpened:
    session_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LineSeen:
    description: str
    amount_cents: int
    quantity: int | None
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class InvoiceSeen:
    """``subtotal`` is the sum of the lines; ``total`` = subtotal - discount + tax; ``credit`` is what the customer's
    balance paid of it.
    """

    id: str
    number: str | None
    status: str | None
    currency: str
    created_at: datetime
    due_at: datetime | None
    lines: Sequence[LineSeen]
    subtotal_cents: int
    discount_cents: int
    tax_cents: int
    total_cents: int
    credit_cents: int
    amount_due_cents: int
    amount_paid_cents: int
    amount_remaining_cents: int
    hosted_url: str | None
    pdf_url: str | None


@dataclass(frozen=True, slots=True)
class DisputeSeen:
    """``customer_id`` None: the charge was nobody's whom Stripe knows. ``is_live``: real money."""

    id: str
    customer_id: str | None
    charge_id: str
    amount_cents: int
    currency: str
    reason: str
    status: str
    evidence_due_at: datetime | None
    has_evidence: bool
    is_live: bool
    opened_at: datetime


class Payments(Protocol):
    async def find_price(self, lookup_key: str) -> PriceSeen | None: ...

    async def create_customer(self, tenant_id: str, name: str, email: str, key: str) -> str: ...

    async def see_customer(self, customer_id: str) -> CustomerSeen: ...

    async def open_checkout(self, order: CheckoutOrder, key: str) -> CheckoutOpened: ...

    async def expire_checkout(self, session_id: str, key: str) -> None:
        """One that is complete or has expired stays what it is."""
        ...

    async def open_portal(self, customer_id: str, return_url: str, key: str) -> str: ...

    async def change_price(self, subscription: SubscriptionSeen, price_id: str, key: str) -> None:
        """Now; the difference is invoiced at once, and the change counts when that is paid."""
        ...

    async def schedule_price(self, subscription: SubscriptionSeen, price_id: str, key: str) -> None:
        """When the period that is paid for ends."""
        ...

    async def release_schedule(self, schedule_id: str, key: str) -> None:
        """The subscription goes on as it is now."""
        ...

    async def end_with_period(self, subscription_id: str, ends: bool, key: str) -> None: ...

    async def cancel_now(self, subscription_id: str, key: str) -> None:
        """What was paid for and not used becomes a credit."""
        ...

    async def pause(self, subscription_id: str, key: str) -> None:
        """Nothing is charged until it goes on."""
        ...

    async def unpause(self, subscription_id: str, key: str) -> None: ...

    async def resume(self, subscription_id: str, key: str) -> None:
        """One that paused since its trial ended; a new period begins and is charged."""
        ...

    async def add_credit(self, customer_id: str, cents: int, currency: str, reason: str, key: str) -> str: ...

    async def list_invoices(self, customer_id: str, after: str | None, limit: int) -> tuple[list[InvoiceSeen], bool]:
        """Newest first, and whether there are more."""
        ...

    async def see_dispute(self, dispute_id: str) -> DisputeSeen: ...

    async def list_disputes(self, since: datetime) -> list[DisputeSeen]:
        """Those opened since then, newest first; a bounded number."""
        ...

    async def report_usage(
        self, meter: str, customer_id: str, amount: int, at: datetime, identifier: str, key: str
    ) -> None:
        """An identifier that Stripe knows already is a success."""
        ...


Apply = Callable[[str], Awaitable[object]]
"""Bring a tenant's plane to what was recorded for it, now; what fails is tried again by others."""
Offers = Callable[[str, Where], bool]
"""Whether this installation has such a place for this tenant. Asks nobody."""
