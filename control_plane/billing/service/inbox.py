"""Stripe's events: kept under their own ids before Stripe hears 200, looked at later, each one only a hint."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from control_plane.billing import queries, rules
from control_plane.billing.rules import Outcome
from control_plane.billing.schemas import ClaimedEvent, Received, StripeEventIn
from control_plane.core.permissions import Permission
from shared.tx import WriteTx

CLAIMED_SECONDS = 60
KEPT_DAYS = 90


async def receive_event(tx: WriteTx, event: StripeEventIn) -> Received:
    """The caller has verified the signature. One that came before changes nothing."""
    tx.public()
    is_heard = rules.is_heard(event.type)
    values = {
        "id": event.id,
        "type": event.type,
        "created": datetime.fromtimestamp(event.created, UTC),
        "stripe_customer_id": event.customer_id,
        "payload": event.payload,
        "received_at": tx.now,
        "processed_at": None if is_heard else tx.now,
        "outcome": None if is_heard else Outcome.IGNORED,
        "attempts": 0,
        "next_try_at": tx.now if is_heard else None,
    }
    return Received(id=event.id, is_new=await queries.store_event(tx, values))


async def claim_events(tx: WriteTx, limit: int) -> list[ClaimedEvent]:
    """Those that wait."""
    tx.require(Permission.TENANTS_MANAGE)
    found = await queries.claim_events(tx, tx.now + timedelta(seconds=CLAIMED_SECONDS), limit)
    customers = {row.stripe_customer_id for row in found if row.stripe_customer_id is not None}
    tenants = await queries.tenants_by_customer(tx, customers)
    return [ClaimedEvent(row.id, tenants.get(row.stripe_customer_id), row.dispute_id) for row in found]


async def end_events(tx: WriteTx, ids: Sequence[str], outcome: Outcome) -> None:
    tx.require(Permission.TENANTS_MANAGE)
    await queries.end_events(tx, ids, outcome)


async def put_events_off(tx: WriteTx, ids: Sequence[str], error: str) -> None:
    tx.require(Permission.TENANTS_MANAGE)
    await queries.put_events_off(tx, ids, error)


async def forget_old_events(tx: WriteTx) -> None:
    """They hold people's addresses; what they led to is in the mirror and the audit log."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.delete_old_events(tx, tx.now - timedelta(days=KEPT_DAYS))
