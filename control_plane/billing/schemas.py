from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from control_plane.billing.rules import ChangeKind, ChangeState, DisputeStatus, Next, Standing, Status
from control_plane.plans.schemas import PlanName
from control_plane.quotas.rules import LimitName
from shared.contracts.tenants import TenantId
from shared.fields import ShortText, Text, Timestamp
from shared.pages import PageQuery
from shared.tx import AuditedEvent, TenantAuditedEvent

ReturnPath = Annotated[Text, StringConstraints(pattern=r"^/([!-.0-\[\]-~][!-~]*)?$", max_length=300)]
Currency = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")]


class TenantChoice(BaseModel):
    """``tenant_id``: for super-admins, who work in no tenant; a tenant's admin may leave it out."""

    tenant_id: TenantId | None = None


class Checkout(BaseModel):
    """``return_path``: where the browser comes back to, with ``?checkout=done`` or ``?checkout=cancelled``."""

    model_config = ConfigDict(extra="forbid")

    plan: PlanName = Field(examples=["pro"])
    return_path: ReturnPath = "/settings/billing"


class Portal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    return_path: ReturnPath = "/settings/billing"


class SubscriptionChange(BaseModel):
    """A larger plan counts at once, a smaller one when the period ends; the present one takes back what is pending."""

    model_config = ConfigDict(extra="forbid")

    plan: PlanName = Field(examples=["enterprise"])


class CancelQuery(TenantChoice):
    """``now``: not with the end of the period but at once; for super-admins."""

    now: bool = False


class CreditGrant(BaseModel):
    """``amount_cents`` is taken off the next invoices."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: Annotated[int, Field(ge=1, lt=2**31)]
    currency: Currency = Field(examples=["usd"])
    reason: ShortText


class InvoiceQuery(TenantChoice):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[Text, Field(max_length=200)] | None = None


class SentTo(BaseModel):
    """Open ``url`` in the browser; it is Stripe's."""

    url: str
    expires_at: Timestamp | None = None


class WhatIsNext(BaseModel):
    what: Next
    at: Timestamp
    plan: str | None
    amount_cents: int | None
    currency: str | None
    text: str


class MeterUsage(BaseModel):
    meter: LimitName
    used: int
    limit: int | None
    resets_at: Timestamp | None


class Actions(BaseModel):
    """What the tenant's admin may do now."""

    checkout: bool
    portal: bool
    change: bool
    cancel: bool
    pause: bool
    resume: bool


class BillingRead(BaseModel):
    """``mode`` manual: this installation has no Stripe key, and plans are given by super-admins.

    ``standing`` is ours, ``status`` is Stripe's, ``status_text`` says it in words. ``credit_cents`` is taken off the
    next invoices. ``payment_url``: an invoice that waits for its payment. ``running_change``: one that is recorded and
    not yet done. ``reconciled_at``: when this was last compared with Stripe.
    """

    tenant_id: str
    mode: str
    plan: str
    plan_version: int
    price_cents: int | None
    currency: str | None
    standing: Standing
    status: Status | None
    status_text: str
    is_suspended: bool
    suspended_reason: str | None
    trial_ends_at: Timestamp | None
    current_period_ends_at: Timestamp | None
    is_cancelled: bool
    pending_plan: str | None
    grace_ends_at: Timestamp | None
    payment_url: str | None
    credit_cents: int
    next: WhatIsNext | None
    usage: list[MeterUsage]
    actions: Actions
    running_change: ChangeKind | None
    reconciled_at: Timestamp | None


class InvoiceLine(BaseModel):
    description: str
    amount_cents: int
    quantity: int | None
    period_start: Timestamp
    period_end: Timestamp


class InvoiceRead(BaseModel):
    """``subtotal_cents`` is the sum of the lines; ``total_cents`` = subtotal - discount + tax; ``amount_due_cents`` =
    total - credit. A total below 0 becomes a credit.
    """

    id: str
    number: str | None
    status: str | None
    currency: str
    created_at: Timestamp
    due_at: Timestamp | None
    lines: list[InvoiceLine]
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


class InvoiceList(BaseModel):
    """Newest first, as Stripe has them. Ask again with ``next_cursor``."""

    items: list[InvoiceRead]
    limit: int
    next_cursor: str | None


class DisputeQuery(PageQuery):
    tenant_id: TenantId


class DisputeRead(BaseModel):
    """A payment that the card's holder disputes with the bank, as Stripe had it at ``fetched_at``.

    ``evidence_due_at``: null when the bank takes no answer. ``needs_response``: somebody must answer at ``stripe_url``.
    """

    dispute_id: str
    tenant_id: str
    charge_id: str
    amount_cents: int
    currency: str
    reason: str
    status: DisputeStatus
    needs_response: bool
    evidence_due_at: Timestamp | None
    has_evidence: bool
    stripe_url: str
    opened_at: Timestamp
    fetched_at: Timestamp


class CreditRead(BaseModel):
    credit_id: str
    tenant_id: str
    amount_cents: int
    currency: str
    reason: str


class Received(BaseModel):
    """``is_new`` false: it had come before."""

    id: str
    is_new: bool


class StripeEventIn(BaseModel):
    """Of an event only its envelope counts; what it tells about is fetched."""

    id: Annotated[Text, Field(min_length=1, max_length=255)]
    type: Annotated[Text, Field(min_length=1, max_length=255)]
    created: Annotated[int, Field(ge=0, lt=2**34)]
    customer_id: Annotated[Text, Field(max_length=255)] | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One of ``billing_changes``, as the flow that does it needs it."""

    id: UUID
    tenant_id: str
    kind: ChangeKind
    details: dict[str, Any]
    customer_id: str | None
    created_at: datetime

    def key(self, step: str) -> str:
        return f"opsplane-{self.id}-{step}"


@dataclass(frozen=True, slots=True)
class Fetch:
    """The right to store what Stripe says, unless a later fetch has stored already."""

    tenant_id: str
    number: int
    customer_id: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """``tenant_id`` None: of a customer that is none of ours, or of a dispute, whose charge says whose it is."""

    id: str
    tenant_id: str | None
    dispute_id: str | None = None


@dataclass(frozen=True, slots=True)
class Metered:
    tenant_id: str
    meter: str
    day: date
    amount: int
    customer_id: str
    is_repeatable: bool


class BillingChangeRequested(TenantAuditedEvent):
    kind: ClassVar[str] = "billing.change_requested"

    change_id: UUID
    change: ChangeKind
    plan: str | None
    previous_plan: str | None


class BillingChangeEnded(TenantAuditedEvent):
    kind: ClassVar[str] = "billing.change_ended"

    change_id: UUID
    change: ChangeKind
    state: ChangeState
    error: str | None


class CreditGranted(TenantAuditedEvent):
    kind: ClassVar[str] = "billing.credit_granted"

    change_id: UUID
    amount_cents: int
    currency: str
    reason: str


class SubscriptionPicture(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    status: Status
    plan: str | None
    amount_cents: int | None
    currency: str
    cancel_at_period_end: bool
    pause_collection: str | None
    pending_plan: str | None


class SubscriptionChanged(TenantAuditedEvent):
    """As Stripe says; ``before`` is null for a new one."""

    kind: ClassVar[str] = "billing.subscription_changed"

    subscription_id: str
    before: SubscriptionPicture | None
    after: SubscriptionPicture


class SurplusCancelled(TenantAuditedEvent):
    """A second subscription, or one of a tenant that is gone."""

    kind: ClassVar[str] = "billing.surplus_cancelled"

    subscription_id: str


class DisputeChanged(AuditedEvent):
    """As Stripe says; ``before`` is null for a new one. For super-admins: it is the provider who answers it."""

    kind: ClassVar[str] = "billing.dispute_changed"
    about: ClassVar[str] = "tenant:{0.tenant_id}"

    tenant_id: str
    dispute_id: str
    amount_cents: int
    currency: str
    reason: str
    before: DisputeStatus | None
    after: DisputeStatus
