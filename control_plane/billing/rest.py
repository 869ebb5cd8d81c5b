"""The doors of billing: a tenant's admin for their own tenant, super-admins for any; and Stripe, by its signature."""

from starlette.requests import Request

from control_plane.billing import service
from control_plane.billing.errors import (
    AlreadySubscribed,
    BillingIsManual,
    ChangeRunning,
    EventUnreadable,
    NoCustomer,
    NoSubscription,
    NotForSale,
    NotNow,
    PaymentRefused,
    SignatureRefused,
    StripeAway,
    StripeRefused,
    TenantNotNamed,
    WrongCurrency,
)
from control_plane.billing.flows.changes import BillingFlows
from control_plane.billing.schemas import (
    BillingRead,
    CancelQuery,
    Checkout,
    CreditGrant,
    CreditRead,
    DisputeQuery,
    DisputeRead,
    InvoiceList,
    InvoiceQuery,
    Portal,
    Received,
    SentTo,
    SubscriptionChange,
    TenantChoice,
)
from control_plane.core.repeats import Repeat
from control_plane.tenants.errors import TenantNotFound
from shared.pages import Page
from shared.tx import Actor, ReadTx, WriteTx
from shared.web.operations import Api

api = Api(tag="billing", kind="Billing", plural="billing")
NAMED = (TenantNotFound, TenantNotNamed)
TALKS = (*NAMED, BillingIsManual, StripeAway, StripeRefused)
CHANGES = (*TALKS, ChangeRunning, NoSubscription)
MAX_EVENT_BYTES = 4 * 1024 * 1024


@api.get("/api/billing", errors=NAMED)
async def get_billing(request: Request, actor: Actor, query: TenantChoice) -> BillingRead:
    """How a tenant stands: its subscription in words, what was used, and what happens next."""
    return await _flows(request).read(actor, query.tenant_id)


@api.post("/api/billing/refresh", errors=TALKS)
async def refresh_billing(request: Request, actor: Actor, query: TenantChoice) -> BillingRead:
    """Compare with Stripe now, for who comes back from paying."""
    return await _flows(request).refresh(actor, query.tenant_id)


@api.post(
    "/api/billing/checkout",
    kind="Link",
    idempotent=True,
    errors=[*TALKS, NotForSale, AlreadySubscribed, ChangeRunning, NotNow],
)
async def start_checkout(request: Request, actor: Actor, query: TenantChoice, body: Checkout, raw: bytes) -> SentTo:
    """Begin a subscription: answers the address of Stripe's page where it is paid."""
    repeat = Repeat.of(request, actor, raw, SentTo)
    return await _flows(request).checkout(actor, query.tenant_id, body, _origin(request), repeat)


@api.post("/api/billing/portal", kind="Link", errors=[*TALKS, NoCustomer])
async def open_billing_portal(request: Request, actor: Actor, query: TenantChoice, body: Portal) -> SentTo:
    """Answers the address of Stripe's page for payment methods, addresses and invoices."""
    return await _flows(request).open_portal(actor, query.tenant_id, f"{_origin(request)}{body.return_path}")


@api.post("/api/billing/subscription", idempotent=True, errors=[*CHANGES, NotForSale, NotNow, PaymentRefused])
async def change_subscription(
    request: Request, actor: Actor, query: TenantChoice, body: SubscriptionChange, raw: bytes
) -> BillingRead:
    """Another plan: a larger one at once, with the difference invoiced; a smaller one when the period ends.

    The present plan takes back what is pending; ``free`` ends the subscription with its period.
    """
    repeat = Repeat.of(request, actor, raw, BillingRead)
    return await _flows(request).change_subscription(actor, query.tenant_id, body, repeat)


@api.delete("/api/billing/subscription", errors=CHANGES)
async def cancel_subscription(request: Request, actor: Actor, query: CancelQuery) -> BillingRead:
    """Cancel with the end of the period; ``now=true``, for super-admins, at once, with what is left as a credit."""
    return await _flows(request).cancel_subscription(actor, query.tenant_id, now=query.now)


@api.post("/api/billing/subscription/pause", idempotent=True, errors=[*CHANGES, NotNow])
async def pause_subscription(request: Request, actor: Actor, query: TenantChoice, raw: bytes) -> BillingRead:
    """Nothing is charged and the tenant is suspended until it resumes."""
    repeat = Repeat.of(request, actor, raw, BillingRead)
    return await _flows(request).pause_subscription(actor, query.tenant_id, repeat)


@api.post("/api/billing/subscription/resume", idempotent=True, errors=[*CHANGES, NotNow, PaymentRefused])
async def resume_subscription(request: Request, actor: Actor, query: TenantChoice, raw: bytes) -> BillingRead:
    """Go on after a pause, or after a trial that had no payment method."""
    repeat = Repeat.of(request, actor, raw, BillingRead)
    return await _flows(request).resume_subscription(actor, query.tenant_id, repeat)


@api.get("/api/billing/invoices", kind="Invoice", plural="invoices", errors=[*TALKS, NoCustomer])
async def list_invoices(request: Request, actor: Actor, query: InvoiceQuery) -> InvoiceList:
    """Invoices as Stripe has them, newest first, with all their lines."""
    return await _flows(request).list_invoices(actor, query)


@api.get("/api/billing/disputes", kind="Dispute", plural="disputes", errors=[TenantNotFound])
async def list_disputes(tx: ReadTx, query: DisputeQuery) -> Page[DisputeRead]:
    """A tenant's disputed payments as Stripe has them, newest first; for super-admins."""
    return await service.list_disputes(tx, query)


@api.post(
    "/api/billing/credits",
    status=201,
    kind="Credit",
    idempotent=True,
    errors=[*TALKS, ChangeRunning, WrongCurrency],
)
async def grant_credit(
    request: Request, actor: Actor, query: TenantChoice, body: CreditGrant, raw: bytes
) -> CreditRead:
    """Take an amount off a tenant's next invoices, with a reason; for super-admins."""
    repeat = Repeat.of(request, actor, raw, CreditRead)
    return await _flows(request).grant_credit(actor, query.tenant_id, body, repeat)


@api.post(
    "/api/billing/webhook",
    access="public",
    kind="StripeEvent",
    max_body_bytes=MAX_EVENT_BYTES,
    is_rate_limited=False,
    errors=[SignatureRefused, EventUnreadable],
)
async def receive_stripe_event(request: Request, tx: WriteTx, raw: bytes) -> Received:
    """For Stripe: an event, signed; 200 means that it is kept. What it means is looked up at Stripe afterwards."""
    event = _flows(request).read_event(raw, request.headers.get("stripe-signature", ""))
    return await service.receive_event(tx, event)


def _flows(request: Request) -> BillingFlows:
    flows: BillingFlows = request.app.state.billing
    return flows


def _origin(request: Request) -> str:
    """``OPSPLANE_PUBLIC_URL``, else what the browser asked for."""
    configured: str | None = request.app.state.public_url
    return configured or f"{request.url.scheme}://{request.url.netloc}"
