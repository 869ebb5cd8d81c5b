"""A tenant that waits for its deletion is not charged: its subscription is paused, and goes on when that is undone.

Both are changes like those that people want, so that they are recorded before Stripe hears of them. What the tenant had
paused before stays paused after an undo.
"""

from control_plane.billing import queries, rules
from control_plane.billing.models import BillingCustomer, Subscription
from control_plane.billing.rules import ChangeKind, Status
from control_plane.billing.schemas import Change
from control_plane.billing.service.changes import refuse_second, want_of
from control_plane.core.permissions import Permission
from control_plane.tenants import service as tenants
from control_plane.tenants.rules import TenantState
from shared.tx import WriteTx

FOR_DELETION = "for_deletion"


async def look_soon(tx: WriteTx, tenant_id: str) -> None:
    """The tenant's life has changed: the next tick compares it with Stripe. Nothing to do without a customer there."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.look_soon(tx, tenant_id)


async def begin_hold_or_release(tx: WriteTx, tenant_id: str) -> Change | None:
    """None: Stripe charges as it should. Raises ChangeRunning."""
    tx.require(Permission.TENANTS_MANAGE)
    customer = await queries.locked_customer(tx, tenant_id)
    tenant = await tenants.get_tenant(tx, tenant_id)
    subscription = rules.current(await queries.subscriptions_of(tx, tenant_id))
    if subscription is None or subscription.status not in rules.LIVE or subscription.status == Status.PAUSED:
        return None
    is_paused = subscription.pause_collection is not None
    if tenant.state is TenantState.DELETING:
        return None if is_paused else await _want(tx, customer, subscription, ChangeKind.PAUSE)
    if tenant.state is TenantState.GONE or not is_paused or not await _is_held(tx, tenant_id):
        return None
    return await _want(tx, customer, subscription, ChangeKind.RESUME)


async def _is_held(tx: WriteTx, tenant_id: str) -> bool:
    last = await queries.last_pause_or_resume(tx, tenant_id)
    return last is not None and last.kind == ChangeKind.PAUSE and FOR_DELETION in last.details


async def _want(tx: WriteTx, customer: BillingCustomer, subscription: Subscription, kind: ChangeKind) -> Change:
    await refuse_second(tx, customer.tenant_id)
    return await want_of(tx, customer, subscription, kind, subscription.plan, **{FOR_DELETION: True})
