"""What Stripe's word means for the tenant: its plan, and whether it may work."""

from datetime import timedelta

from control_plane.billing import queries, rules
from control_plane.billing.models import BillingCustomer, Subscription
from control_plane.billing.rules import Access, Status
from control_plane.core.permissions import Permission
from control_plane.tenants import service as tenants
from control_plane.tenants.rules import TenantState
from control_plane.tenants.schemas import TenantRead
from shared.tx import WriteTx

LOOK_EVERY = timedelta(hours=1)
REVIEW_LAG = timedelta(minutes=1)
"""Stripe needs a moment to do what is due at a period's end."""


async def settle_access(tx: WriteTx, tenant_id: str, grace_days: int) -> bool:
    """At most one step: a tenant has one unfinished operation at a time. True: a step was made, there may be another.

    A plan is given as long as the subscription lives, and ``free`` once when it has ended; a plan that a super-admin
    gives later stays. Billing suspends once for each cause, so whoever is resumed by hand stays so until it is paid;
    and it resumes only what it suspended. Raises OperationRunning.
    """
    tx.require(Permission.TENANTS_MANAGE)
    customer = await queries.locked_customer(tx, tenant_id)
    subscription = rules.current(await queries.subscriptions_of(tx, tenant_id))
    access = rules.access_of(subscription, tx.now, grace_days)
    _look_again(tx, customer, access)
    tenant = await tenants.get_tenant(tx, tenant_id)
    if tenant.state not in (TenantState.ACTIVE, TenantState.SUSPENDED):
        return False
    if await _gives_plan(tx, tenant, subscription, access):
        return True
    return await _suspends_or_resumes(tx, customer, tenant, access)


async def _gives_plan(tx: WriteTx, tenant: TenantRead, subscription: Subscription | None, access: Access) -> bool:
    if subscription is None or access.plan is None or subscription.settled_at is not None:
        return False
    if tenant.plan != access.plan:
        await tenants.change_plan(tx, tenant.tenant_id, access.plan, f"The subscription is {subscription.status}.")
    if subscription.status == Status.CANCELED:
        subscription.settled_at = tx.now
    return tenant.plan != access.plan


async def _suspends_or_resumes(tx: WriteTx, customer: BillingCustomer, tenant: TenantRead, access: Access) -> bool:
    is_suspended = tenant.state is TenantState.SUSPENDED
    if access.suspension is None:
        ours, customer.suspension = customer.suspension, None
        if is_suspended and ours is not None and tenant.suspended_reason == ours:
            await tenants.resume_tenant(tx, tenant.tenant_id, "Paid up, or going on.")
            return True
        return False
    if is_suspended or customer.suspension == access.suspension:
        return False
    customer.suspension = access.suspension
    await tenants.suspend_tenant(tx, tenant.tenant_id, access.suspension)
    return True


def _look_again(tx: WriteTx, customer: BillingCustomer, access: Access) -> None:
    if customer.stripe_customer_id is None:
        customer.next_look_at = None
        return
    regular = tx.now + LOOK_EVERY
    review_at = None if access.review_at is None else max(access.review_at, tx.now) + REVIEW_LAG
    customer.next_look_at = regular if review_at is None else min(regular, review_at)
