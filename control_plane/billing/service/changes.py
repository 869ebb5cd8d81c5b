"""What people want of Stripe: refused here when it can't be, else recorded; ``flows/changes.py`` does it afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from uuid_utils.compat import uuid7

from control_plane.billing import queries, rules
from control_plane.billing.errors import (
    AlreadySubscribed,
    ChangeRunning,
    NoSubscription,
    NotForSale,
    NotNow,
    WrongCurrency,
)
from control_plane.billing.models import BillingChange, BillingCustomer, Subscription
from control_plane.billing.ports import Offers, PriceSeen
from control_plane.billing.rules import CHANGEABLE, LIVE, ChangeKind, ChangeState, Status
from control_plane.billing.schemas import (
    BillingChangeEnded,
    BillingChangeRequested,
    Change,
    CreditGrant,
    CreditGranted,
)
from control_plane.billing.service.reading import named_tenant
from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.tenants import service as tenants
from control_plane.tenants.rules import TenantState, Where
from shared.fields import Timestamp
from shared.tx import ReadTx, WriteTx

CLAIMED_SECONDS = 60
"""So long a change belongs to whoever begins it. Two that do it at once harm nothing: the keys are the same."""
TOO_OLD = "Stripe did not answer for a day; what it has is what counts."
TIME: TypeAdapter[datetime] = TypeAdapter(Timestamp)


async def price_key_of(tx: ReadTx, tenant_id: str | None, plan_name: str, offers: Offers) -> tuple[str, str]:
    """The tenant, and Stripe's lookup key of what is on sale as this plan. Raises NotForSale, TenantNotFound."""
    tx.require(Permission.BILLING_MANAGE)
    named = named_tenant(tx.actor, tenant_id)
    present = await tenants.plan_of(tx, named)
    plan = await plans.find_plan(tx, plan_name)
    if plan is None:
        raise NotForSale(plan_name, "there is no such plan.")
    if plan.stripe_price_lookup_key is None:
        raise NotForSale(plan_name, "it has no price online.")
    if plan.name != present.plan and not offers(named, Where(plan.placement)):
        raise NotForSale(plan_name, f"this installation has no {plan.placement} plane for {named}.")
    return named, plan.stripe_price_lookup_key


async def begin_checkout(
    tx: WriteTx, tenant_id: str | None, plan: str, price: PriceSeen, urls: tuple[str, str], trial_days: int
) -> Change:
    """``urls``: where the browser comes back to after paying, and after giving up. A trial is for a first subscription.

    Raises AlreadySubscribed, ChangeRunning, NotNow.
    """
    tx.require(Permission.BILLING_MANAGE)
    named, customer, subscriptions = await _locked(tx, tenant_id)
    await _refuse_leaving(tx, named)
    subscription = rules.current(subscriptions)
    if subscription is not None and subscription.status in LIVE:
        raise AlreadySubscribed(subscription.plan)
    tenant = await tenants.facts_of(tx, named)
    had_one = any(s.status != Status.INCOMPLETE_EXPIRED for s in subscriptions)
    details = {
        "plan": plan,
        "price_id": price.id,
        "name": tenant.name,
        "email": tenant.contact_email,
        "trial_days": 0 if had_one else trial_days,
        "success_url": urls[0],
        "cancel_url": urls[1],
        "open_session": await _open_session(tx, named),
    }
    return await _want(tx, customer, ChangeKind.CHECKOUT, details, plan=plan)


async def begin_keep_or_change(
    tx: WriteTx, tenant_id: str | None, plan_name: str, price: PriceSeen | None
) -> Change | None:
    """``price`` None: the plan is ``free``, so the subscription ends with its period. None: nothing is to be done.

    Raises NoSubscription, NotNow, ChangeRunning.
    """
    tx.require(Permission.BILLING_MANAGE)
    named, customer, subscriptions = await _locked(tx, tenant_id)
    subscription = _live(subscriptions)
    await _refuse_leaving(tx, named)
    _check_well(subscription)
    if price is None:
        return await _cancel(tx, customer, subscription, ChangeKind.CANCEL)
    is_pending = subscription.cancel_at_period_end or subscription.pending_plan is not None
    if subscription.plan == plan_name:
        return await want_of(tx, customer, subscription, ChangeKind.KEEP, plan_name) if is_pending else None
    if subscription.pending_plan == plan_name and not subscription.cancel_at_period_end:
        return None
    kind = await _direction(tx, subscription.plan, plan_name)
    return await want_of(tx, customer, subscription, kind, plan_name, price_id=price.id)


async def begin_cancel(tx: WriteTx, tenant_id: str | None, *, now: bool) -> Change | None:
    """With the end of the period, or at once. Raises NoSubscription, ChangeRunning."""
    tx.require(Permission.BILLING_MANAGE)
    if now:
        tx.require(Permission.TENANTS_MANAGE)
    _, customer, subscriptions = await _locked(tx, tenant_id)
    kind = ChangeKind.CANCEL_NOW if now else ChangeKind.CANCEL
    return await _cancel(tx, customer, _live(subscriptions), kind)


async def begin_pause(tx: WriteTx, tenant_id: str | None) -> Change | None:
    """Raises NoSubscription, NotNow, ChangeRunning."""
    tx.require(Permission.BILLING_MANAGE)
    named, customer, subscriptions = await _locked(tx, tenant_id)
    subscription = _live(subscriptions)
    await _refuse_leaving(tx, named)
    if subscription.pause_collection is not None:
        return None
    _check_well(subscription)
    return await want_of(tx, customer, subscription, ChangeKind.PAUSE, subscription.plan)


async def begin_resume(tx: WriteTx, tenant_id: str | None) -> Change | None:
    """From a pause by choice, or after a trial that ended without a payment method. Raises NoSubscription, NotNow."""
    tx.require(Permission.BILLING_MANAGE)
    named, customer, subscriptions = await _locked(tx, tenant_id)
    subscription = _live(subscriptions)
    await _refuse_leaving(tx, named)
    if subscription.pause_collection is None and subscription.status != Status.PAUSED:
        if subscription.status in CHANGEABLE:
            return None
        raise NotNow("The subscription is not paused but overdue: pay the open invoice, and it goes on.")
    return await want_of(tx, customer, subscription, ChangeKind.RESUME, subscription.plan)


async def begin_credit(tx: WriteTx, tenant_id: str | None, command: CreditGrant) -> Change:
    """Raises WrongCurrency, ChangeRunning."""
    tx.require(Permission.BILLING_CREDIT)
    named, customer, subscriptions = await _locked(tx, tenant_id)
    subscription = rules.current(subscriptions)
    currency = customer.currency or (None if subscription is None else subscription.currency)
    if currency is not None and currency != command.currency:
        raise WrongCurrency(currency)
    tenant = await tenants.facts_of(tx, named)
    details = {**command.model_dump(), "name": tenant.name, "email": tenant.contact_email}
    change = await _want(tx, customer, ChangeKind.CREDIT, details)
    tx.record(CreditGranted(tenant_id=named, change_id=change.id, **command.model_dump()))
    return change


async def claim_due_changes(tx: WriteTx, limit: int) -> list[Change]:
    """Unfinished ones that nobody works on. What Stripe might no longer take for a repetition is given up."""
    tx.require(Permission.TENANTS_MANAGE)
    oldest = tx.now - timedelta(hours=rules.REPEATABLE_HOURS)
    claimed = []
    for row, customer_id in await queries.claim_changes(tx, limit):
        row.next_try_at = tx.now + timedelta(seconds=CLAIMED_SECONDS)
        if row.created_at > oldest:
            claimed.append(_read(row, customer_id))
        else:
            await end_change(tx, row.id, ChangeState.FAILED, error=TOO_OLD)
    return claimed


async def set_customer_id(tx: WriteTx, tenant_id: str, customer_id: str) -> None:
    """Stripe has made the customer."""
    tx.require(Permission.TENANTS_MANAGE)
    customer = await queries.locked_customer(tx, tenant_id)
    customer.stripe_customer_id = customer_id


async def put_change_off(tx: WriteTx, change_id: UUID, error: str) -> None:
    tx.require(Permission.TENANTS_MANAGE)
    row = await queries.locked_change(tx, change_id)
    if row.state == ChangeState.WANTED:
        row.attempts, row.error = row.attempts + 1, error
        row.next_try_at = tx.now + timedelta(seconds=rules.delay_seconds(row.attempts))


async def end_change(
    tx: WriteTx,
    change_id: UUID,
    state: ChangeState,
    *,
    result: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Done, or never to be done; in both cases Stripe is looked at next."""
    tx.require(Permission.TENANTS_MANAGE)
    row = await queries.locked_change(tx, change_id)
    if row.state != ChangeState.WANTED:
        return
    row.state, row.result, row.error = state, result, error
    row.finished_at, row.next_try_at = tx.now, None
    customer = await queries.locked_customer(tx, row.tenant_id)
    if customer.stripe_customer_id is not None:
        customer.next_look_at = tx.now
    tx.record(
        BillingChangeEnded(
            tenant_id=row.tenant_id, change_id=row.id, change=ChangeKind(row.kind), state=state, error=error
        )
    )


async def _locked(tx: WriteTx, tenant_id: str | None) -> tuple[str, BillingCustomer, Sequence[Subscription]]:
    """The tenant, its customer's row as the lock, its subscriptions. Raises ChangeRunning."""
    named = named_tenant(tx.actor, tenant_id)
    await tenants.plan_of(tx, named)
    customer = await queries.locked_customer(tx, named)
    await refuse_second(tx, named)
    return named, customer, await queries.subscriptions_of(tx, named)


async def refuse_second(tx: WriteTx, tenant_id: str) -> None:
    """The caller holds the customer's row. Raises ChangeRunning."""
    tx.require(Permission.BILLING_MANAGE)
    running = await queries.unfinished_change(tx, tenant_id)
    if running is not None:
        raise ChangeRunning(running.kind, running.id)


async def _refuse_leaving(tx: WriteTx, tenant_id: str) -> None:
    """While it waits for its deletion a subscription may be cancelled and nothing else. Raises NotNow."""
    tenant = await tenants.facts_of(tx, tenant_id)
    if tenant.state is TenantState.DELETING:
        raise NotNow(f"{tenant.name} waits for its deletion, so nothing is charged; restore it first.")


async def _want(
    tx: WriteTx,
    customer: BillingCustomer,
    kind: ChangeKind,
    details: dict[str, Any],
    *,
    plan: str | None = None,
    previous_plan: str | None = None,
) -> Change:
    row = BillingChange(
        id=uuid7(),
        tenant_id=customer.tenant_id,
        kind=kind,
        state=ChangeState.WANTED,
        details=details,
        attempts=0,
        requested_by=tx.actor.id,
        requested_by_name=tx.actor.name,
        created_at=tx.now,
        next_try_at=tx.now + timedelta(seconds=CLAIMED_SECONDS),
    )
    tx.session.add(row)
    await tx.session.flush()
    if kind is not ChangeKind.CREDIT:
        tx.record(
            BillingChangeRequested(
                tenant_id=customer.tenant_id, change_id=row.id, change=kind, plan=plan, previous_plan=previous_plan
            )
        )
    return _read(row, customer.stripe_customer_id)


async def want_of(
    tx: WriteTx,
    customer: BillingCustomer,
    subscription: Subscription,
    kind: ChangeKind,
    plan: str | None,
    **details: Any,
) -> Change:
    """Record a change of this subscription; the caller holds the customer's row, and no other change is unfinished."""
    tx.require(Permission.BILLING_MANAGE)
    known = {"subscription_id": subscription.id, "plan": plan, **details}
    return await _want(tx, customer, kind, known, plan=plan, previous_plan=subscription.plan)


async def _cancel(
    tx: WriteTx, customer: BillingCustomer, subscription: Subscription, kind: ChangeKind
) -> Change | None:
    if kind is ChangeKind.CANCEL and subscription.cancel_at_period_end:
        return None
    return await want_of(tx, customer, subscription, kind, rules.FREE)


def _live(subscriptions: Sequence[Subscription]) -> Subscription:
    subscription = rules.current(subscriptions)
    if subscription is None or subscription.status not in LIVE:
        raise NoSubscription
    return subscription


def _check_well(subscription: Subscription) -> None:
    if subscription.status not in CHANGEABLE:
        raise NotNow("Pay the open invoice, or resume, before the plan is changed.")
    if subscription.pause_collection is not None:
        raise NotNow("The subscription is paused; resume it first.")


async def _direction(tx: WriteTx, now: str | None, wanted: str) -> ChangeKind:
    present = None if now is None else await plans.find_plan(tx, now)
    other = await plans.find_plan(tx, wanted)
    return rules.kind_of_change(-1 if present is None else present.rank, 0 if other is None else other.rank)


async def _open_session(tx: WriteTx, tenant_id: str) -> str | None:
    """A checkout that may still be paid; it must not stay beside a new one."""
    last = await queries.last_done(tx, tenant_id, ChangeKind.CHECKOUT)
    if last is None or last.result is None or TIME.validate_python(last.result["expires_at"]) <= tx.now:
        return None
    session_id: str = last.result["session_id"]
    return session_id


def _read(row: BillingChange, customer_id: str | None) -> Change:
    return Change(
        id=row.id,
        tenant_id=row.tenant_id,
        kind=ChangeKind(row.kind),
        details=row.details,
        customer_id=customer_id,
        created_at=row.created_at,
    )
