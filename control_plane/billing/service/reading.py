"""How a tenant stands, in words and numbers."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from control_plane.billing import queries, rules
from control_plane.billing.errors import NoCustomer, TenantNotNamed
from control_plane.billing.models import BillingCustomer, Subscription
from control_plane.billing.rules import Access, ChangeKind, Next, Standing, Status
from control_plane.billing.schemas import Actions, BillingRead, MeterUsage, WhatIsNext
from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanRead
from control_plane.quotas import service as quotas
from control_plane.tenants import service as tenants
from control_plane.tenants.errors import TenantNotFound
from control_plane.tenants.rules import TenantState
from control_plane.tenants.schemas import TenantRead
from shared.fields import rfc3339
from shared.tx import Actor, ReadTx

DAY = 10
TEXTS = {
    Standing.NONE: "No subscription.",
    Standing.INCOMPLETE: "The first payment is not complete yet.",
    Standing.TRIALING: "In the trial period.",
    Standing.ACTIVE: "Active and paid.",
    Standing.GRACE: "A payment has failed. Everything works until the grace period ends.",
    Standing.OVERDUE: "A payment is overdue; the tenant is suspended until it is paid.",
    Standing.TRIAL_ENDED: "The trial has ended without a payment method; add one and resume.",
    Standing.PAUSED: "Paused: nothing is charged, and the tenant is suspended until it resumes.",
    Standing.ENDED: "The subscription has ended.",
}
LEAVING = "To be deleted; the subscription is about to be paused, so that nothing is charged meanwhile."
LEAVING_PAUSED = "To be deleted; the subscription is paused, so nothing is charged. Restoring the tenant resumes it."
NEXT_TEXTS = {
    Next.RENEWS: "The next period begins on {day} and is charged.",
    Next.TRIAL_ENDS: "The trial ends on {day}; the first period is charged then.",
    Next.ENDS: "The subscription ends on {day}; the plan {plan} counts from then on.",
    Next.PLAN_CHANGES: "The plan becomes {plan} on {day}.",
    Next.SUSPENDS: "Without a payment the tenant is suspended on {day}.",
}


def named_tenant(actor: Actor, asked: str | None) -> str:
    """The actor's own tenant; a super-admin names one. Another's looks like one that never was."""
    if actor.tenant is None:
        if asked is None:
            raise TenantNotNamed
        return asked
    if asked not in (None, actor.tenant.id):
        raise TenantNotFound(asked or "")
    return actor.tenant.id


async def find_customer_id(tx: ReadTx, tenant_id: str | None) -> str:
    """Stripe's, for what is read through. Raises TenantNotFound, NoCustomer."""
    tx.require(Permission.BILLING_READ)
    return await _customer_id(tx, tenant_id)


async def find_portal_customer(tx: ReadTx, tenant_id: str | None) -> str:
    """For those who may change things there. Raises TenantNotFound, NoCustomer."""
    tx.require(Permission.BILLING_MANAGE)
    return await _customer_id(tx, tenant_id)


async def _customer_id(tx: ReadTx, tenant_id: str | None) -> str:
    named = named_tenant(tx.actor, tenant_id)
    await tenants.plan_of(tx, named)
    found = await queries.customer(tx, named)
    if found is None or found.stripe_customer_id is None:
        raise NoCustomer
    return found.stripe_customer_id


async def get_billing(tx: ReadTx, tenant_id: str | None, grace_days: int, *, is_manual: bool) -> BillingRead:
    """Raises TenantNotFound, TenantNotNamed."""
    tx.require(Permission.BILLING_READ)
    named = named_tenant(tx.actor, tenant_id)
    sold = await tenants.plan_of(tx, named)
    plan = await plans.get_plan(tx, sold.plan, sold.plan_version)
    customer = await queries.customer(tx, named)
    subscription = rules.current(await queries.subscriptions_of(tx, named))
    change = await queries.unfinished_change(tx, named)
    access = rules.access_of(subscription, tx.now, grace_days)
    tenant = await tenants.facts_of(tx, named)
    is_suspended = tenant.state is TenantState.SUSPENDED
    return BillingRead(
        tenant_id=named,
        mode="manual" if is_manual else "stripe",
        plan=sold.plan,
        plan_version=sold.plan_version,
        **_price(plan, subscription),
        standing=access.standing,
        status=None if subscription is None else Status(subscription.status),
        status_text=_text(tenant, subscription, access, is_manual=is_manual),
        is_suspended=is_suspended,
        suspended_reason=tenant.suspended_reason if is_suspended else None,
        usage=await _usage(tx, named),
        credit_cents=0 if customer is None else max(0, -customer.balance_cents),
        next=None if tenant.state is TenantState.DELETING else _next(subscription, access),
        actions=_actions(tenant, customer, subscription, is_manual=is_manual),
        running_change=None if change is None else ChangeKind(change.kind),
        reconciled_at=None if customer is None else customer.reconciled_at,
        **_subscribed(subscription, access),
    )


async def standings_of(tx: ReadTx, tenant_ids: Collection[str], grace_days: int) -> Mapping[str, Standing]:
    """For lists of tenants."""
    tx.require(Permission.TENANTS_READ)
    theirs: dict[str, list[Subscription]] = {tenant_id: [] for tenant_id in tenant_ids}
    for subscription in await queries.subscriptions_of_all(tx, tenant_ids):
        theirs[subscription.tenant_id].append(subscription)
    return {
        tenant_id: rules.access_of(rules.current(subscriptions), tx.now, grace_days).standing
        for tenant_id, subscriptions in theirs.items()
    }


def _text(tenant: TenantRead, subscription: Subscription | None, access: Access, *, is_manual: bool) -> str:
    if tenant.state is TenantState.DELETING and subscription is not None and subscription.status in rules.LIVE:
        return LEAVING_PAUSED if subscription.pause_collection is not None else LEAVING
    if is_manual and access.standing is Standing.NONE:
        return "Plans are given by the provider; nothing is charged online."
    return TEXTS[access.standing]


def _price(plan: PlanRead, subscription: Subscription | None) -> dict[str, Any]:
    """What is paid a month: what Stripe charges, else what the plan says."""
    if subscription is not None and subscription.status in rules.LIVE:
        return {"price_cents": subscription.amount_cents, "currency": subscription.currency}
    return {"price_cents": plan.price_cents, "currency": plan.currency}


def _subscribed(subscription: Subscription | None, access: Access) -> dict[str, Any]:
    is_live = subscription is not None and subscription.status in rules.LIVE
    if subscription is None or not is_live:
        nothing = dict.fromkeys(("trial_ends_at", "current_period_ends_at", "pending_plan", "grace_ends_at"))
        return {**nothing, "is_cancelled": False, "payment_url": subscription.payment_url if subscription else None}
    return {
        "trial_ends_at": subscription.trial_end if access.standing is Standing.TRIALING else None,
        "current_period_ends_at": subscription.current_period_end,
        "is_cancelled": subscription.cancel_at_period_end or subscription.cancel_at is not None,
        "pending_plan": subscription.pending_plan,
        "grace_ends_at": access.review_at if access.standing is Standing.GRACE else None,
        "payment_url": subscription.payment_url,
    }


def _next(subscription: Subscription | None, access: Access) -> WhatIsNext | None:
    found = rules.outlook(subscription, access)
    if found is None or subscription is None:
        return None
    what, at = found
    plan = {Next.ENDS: rules.FREE, Next.PLAN_CHANGES: subscription.pending_plan}.get(what)
    charged = what in (Next.RENEWS, Next.TRIAL_ENDS)
    return WhatIsNext(
        what=what,
        at=at,
        plan=plan,
        amount_cents=subscription.amount_cents if charged else None,
        currency=subscription.currency if charged else None,
        text=NEXT_TEXTS[what].format(day=_day(at), plan=plan),
    )


def _day(at: datetime) -> str:
    return rfc3339(at)[:DAY]


def _actions(
    tenant: TenantRead, customer: BillingCustomer | None, subscription: Subscription | None, *, is_manual: bool
) -> Actions:
    """While it waits for its deletion a subscription may be cancelled and nothing else."""
    status = None if subscription is None or is_manual else Status(subscription.status)
    is_live = status in rules.LIVE
    is_paused = subscription is not None and subscription.pause_collection is not None
    stays = tenant.state is not TenantState.DELETING
    is_well = stays and status in rules.CHANGEABLE and not is_paused
    has_customer = customer is not None and customer.stripe_customer_id is not None
    return Actions(
        checkout=stays and not is_manual and not is_live,
        portal=not is_manual and has_customer,
        change=is_well,
        cancel=is_live,
        pause=is_well,
        resume=stays and is_live and (is_paused or status is Status.PAUSED),
    )


async def _usage(tx: ReadTx, tenant_id: str) -> list[MeterUsage]:
    usage = await quotas.read_usage(tx, tenant_id)
    return [
        MeterUsage(meter=item.limit_name, used=item.used, limit=item.limit, resets_at=item.resets_at)
        for item in usage.items
        if item.used is not None
    ]
