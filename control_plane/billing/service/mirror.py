"""The mirror of Stripe: written from what was fetched, never from what an event says."""

from collections.abc import Mapping
from datetime import timedelta

from control_plane.billing import queries, rules
from control_plane.billing.models import BillingCustomer, Subscription
from control_plane.billing.ports import CustomerSeen, SubscriptionSeen
from control_plane.billing.schemas import Fetch, SubscriptionChanged, SubscriptionPicture, SurplusCancelled
from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanRead
from control_plane.tenants import service as tenants
from control_plane.tenants.rules import TenantState
from shared.tx import WriteTx

CLAIMED_SECONDS = 60


async def claim_due_customers(tx: WriteTx, limit: int) -> list[str]:
    tx.require(Permission.TENANTS_MANAGE)
    return await queries.claim_customers(tx, tx.now + timedelta(seconds=CLAIMED_SECONDS), limit)


async def begin_fetch(tx: WriteTx, tenant_id: str) -> Fetch | None:
    """None: Stripe knows nothing of this tenant."""
    tx.require(Permission.TENANTS_MANAGE)
    tenant = await tenants.get_tenant(tx, tenant_id)
    customer = await queries.locked_customer(tx, tenant_id)
    if customer.stripe_customer_id is None:
        customer.next_look_at = None
        return None
    customer.fetches += 1
    is_gone = tenant.state is TenantState.GONE
    return Fetch(tenant_id, customer.fetches, customer.stripe_customer_id, is_gone)


async def note_seen(tx: WriteTx, fetch: Fetch, seen: CustomerSeen) -> None:
    """Store it, unless a fetch that began later has stored already."""
    tx.require(Permission.TENANTS_MANAGE)
    customer = await queries.locked_customer(tx, fetch.tenant_id)
    if customer.stored_fetch > fetch.number or customer.stripe_customer_id != seen.id:
        return
    customer.stored_fetch = fetch.number
    customer.balance_cents, customer.currency = seen.balance_cents, seen.currency
    customer.reconciled_at, customer.failures, customer.error = tx.now, 0, None
    if seen.is_deleted:
        customer.stripe_customer_id = None
    sold = await _plans_by_price(tx, seen)
    known = {one.id: one for one in await queries.subscriptions_of(tx, fetch.tenant_id)}
    for one in seen.subscriptions:
        _store(tx, fetch.tenant_id, known.pop(one.id, None), one, sold)
    for vanished in known.values():
        _end(tx, vanished)
    await tx.session.flush()


async def note_unseen(tx: WriteTx, tenant_id: str, error: str) -> None:
    """The attempt failed; the next one comes after a delay that grows."""
    tx.require(Permission.TENANTS_MANAGE)
    customer = await queries.locked_customer(tx, tenant_id)
    customer.failures, customer.error = customer.failures + 1, error
    customer.next_look_at = tx.now + timedelta(seconds=rules.delay_seconds(customer.failures))


async def note_surplus_cancelled(tx: WriteTx, tenant_id: str, subscription_id: str) -> None:
    tx.require(Permission.TENANTS_MANAGE)
    customer = await queries.locked_customer(tx, tenant_id)
    _look_now(tx, customer)
    tx.record(SurplusCancelled(tenant_id=tenant_id, subscription_id=subscription_id))


async def _plans_by_price(tx: WriteTx, seen: CustomerSeen) -> Mapping[str, PlanRead]:
    """By price id: what is sold under its lookup key, or under the one that it had."""
    prices = [one.price for one in seen.subscriptions]
    prices += [one.pending_price for one in seen.subscriptions if one.pending_price is not None]
    ours = await plans.plans_sold_as(tx, {price.lookup_key for price in prices if price.lookup_key is not None})
    await queries.remember_prices(tx, {p.id: p.lookup_key for p in prices if p.lookup_key in ours})
    remembered = await queries.lookup_keys(tx, {price.id for price in prices})
    known = await plans.plans_sold_as(tx, set(remembered.values()))
    return {price: known[key] for price, key in remembered.items() if key in known}


def _store(
    tx: WriteTx,
    tenant_id: str,
    row: Subscription | None,
    seen: SubscriptionSeen,
    sold: Mapping[str, PlanRead],
) -> None:
    before = None if row is None else SubscriptionPicture.model_validate(row)
    plan = sold.get(seen.price.id)
    pending = None if seen.pending_price is None else sold.get(seen.pending_price.id)
    values = {
        "status": seen.status,
        "price_id": seen.price.id,
        "plan": None if plan is None else plan.name,
        "plan_version": None if plan is None else plan.version,
        "amount_cents": seen.price.amount_cents,
        "currency": seen.price.currency,
        "started_at": seen.started_at,
        "current_period_end": seen.current_period_end,
        "cancel_at_period_end": seen.cancel_at_period_end,
        "cancel_at": seen.cancel_at,
        "trial_end": seen.trial_end,
        "pause_collection": seen.pause_collection,
        "past_due_since": seen.past_due_since,
        "pending_plan": None if pending is None else pending.name,
        "pending_at": None if pending is None else seen.pending_at,
        "payment_url": seen.payment_url,
        "ended_at": seen.ended_at,
        "snapshot": dict(seen.snapshot),
        "reconciled_at": tx.now,
    }
    if row is None:
        row = Subscription(id=seen.id, tenant_id=tenant_id, **values)
        tx.session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    after = SubscriptionPicture.model_validate(row)
    if before != after:
        tx.record(SubscriptionChanged(tenant_id=tenant_id, subscription_id=seen.id, before=before, after=after))


def _end(tx: WriteTx, row: Subscription) -> None:
    """Stripe does not have it any more, since its customer was deleted there."""
    if row.status in (rules.Status.CANCELED, rules.Status.INCOMPLETE_EXPIRED):
        return
    before = SubscriptionPicture.model_validate(row)
    row.status, row.ended_at, row.reconciled_at = rules.Status.CANCELED, tx.now, tx.now
    after = SubscriptionPicture.model_validate(row)
    tx.record(SubscriptionChanged(tenant_id=row.tenant_id, subscription_id=row.id, before=before, after=after))


def _look_now(tx: WriteTx, customer: BillingCustomer) -> None:
    if customer.stripe_customer_id is not None:
        customer.next_look_at = tx.now
