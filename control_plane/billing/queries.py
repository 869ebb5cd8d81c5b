from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Row, case, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from control_plane.billing.models import (
    BillingChange,
    BillingCustomer,
    Dispute,
    MeterReport,
    StripeEvent,
    StripePrice,
    Subscription,
)
from control_plane.billing.rules import DISPUTED, LIVE, ChangeKind, ChangeState
from control_plane.core.tables import AnyRow
from shared.tx import ReadTx, WriteTx

FORGOTTEN_AT_ONCE = 1000
READ_DISPUTE = (
    Dispute.id.label("dispute_id"),
    Dispute.tenant_id,
    Dispute.charge_id,
    Dispute.amount_cents,
    Dispute.currency,
    Dispute.reason,
    Dispute.status,
    Dispute.evidence_due_at,
    Dispute.has_evidence,
    Dispute.is_live,
    Dispute.opened_at,
    Dispute.fetched_at,
)


async def customer(tx: ReadTx, tenant_id: str) -> BillingCustomer | None:
    statement = select(BillingCustomer).where(BillingCustomer.tenant_id == tenant_id)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def locked_customer(tx: WriteTx, tenant_id: str) -> BillingCustomer:
    """Made when it is not there."""
    values = {"tenant_id": tenant_id, "balance_cents": 0, "fetches": 0, "stored_fetch": 0, "failures": 0}
    await tx.session.execute(
        insert(BillingCustomer).values(**values, created_at=tx.now).on_conflict_do_nothing(index_elements=["tenant_id"])
    )
    statement = select(BillingCustomer).where(BillingCustomer.tenant_id == tenant_id).with_for_update()
    return (await tx.session.execute(statement)).scalar_one()


async def subscriptions_of(tx: ReadTx, tenant_id: str) -> Sequence[Subscription]:
    statement = (
        select(Subscription)
        .where(Subscription.tenant_id == tenant_id)
        .order_by(Subscription.started_at, Subscription.id)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def subscriptions_of_all(tx: ReadTx, tenant_ids: Collection[str]) -> Sequence[Subscription]:
    statement = (
        select(Subscription)
        .where(Subscription.tenant_id.in_(tenant_ids))
        .order_by(Subscription.started_at, Subscription.id)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def unfinished_change(tx: ReadTx, tenant_id: str) -> BillingChange | None:
    statement = select(BillingChange).where(
        BillingChange.tenant_id == tenant_id, BillingChange.state == ChangeState.WANTED
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def locked_change(tx: WriteTx, change_id: UUID) -> BillingChange:
    statement = select(BillingChange).where(BillingChange.id == change_id).with_for_update()
    return (await tx.session.execute(statement)).scalar_one()


async def last_done(tx: ReadTx, tenant_id: str, kind: ChangeKind) -> BillingChange | None:
    statement = (
        select(BillingChange)
        .where(
            BillingChange.tenant_id == tenant_id, BillingChange.kind == kind, BillingChange.state == ChangeState.DONE
        )
        .order_by(BillingChange.created_at.desc())
        .limit(1)
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def last_pause_or_resume(tx: ReadTx, tenant_id: str) -> BillingChange | None:
    """The newest that was done; along the index by tenant and kind."""
    statement = (
        select(BillingChange)
        .where(
            BillingChange.tenant_id == tenant_id,
            BillingChange.kind.in_((ChangeKind.PAUSE, ChangeKind.RESUME)),
            BillingChange.state == ChangeState.DONE,
        )
        .order_by(BillingChange.created_at.desc())
        .limit(1)
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def claim_changes(tx: WriteTx, limit: int) -> Sequence[Row[BillingChange, str | None]]:
    """Those due, oldest first, with Stripe's customer."""
    statement = (
        select(BillingChange, BillingCustomer.stripe_customer_id)
        .join(BillingCustomer, BillingCustomer.tenant_id == BillingChange.tenant_id)
        .where(BillingChange.state == ChangeState.WANTED, BillingChange.next_try_at <= tx.now)
        .order_by(BillingChange.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=BillingChange)
    )
    return (await tx.session.execute(statement)).all()


async def claim_customers(tx: WriteTx, until: datetime, limit: int) -> list[str]:
    """Those to be compared with Stripe, the longest waiting first."""
    due = (
        select(BillingCustomer.tenant_id)
        .where(BillingCustomer.next_look_at <= tx.now)
        .order_by(BillingCustomer.next_look_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(BillingCustomer)
        .where(BillingCustomer.tenant_id.in_(due))
        .values(next_look_at=until)
        .returning(BillingCustomer.tenant_id)
    )
    return sorted((await tx.session.execute(statement)).scalars())


async def look_soon(tx: WriteTx, tenant_id: str) -> None:
    await tx.session.execute(
        update(BillingCustomer)
        .where(BillingCustomer.tenant_id == tenant_id, BillingCustomer.stripe_customer_id.is_not(None))
        .values(next_look_at=tx.now)
    )


async def store_event(tx: WriteTx, values: dict[str, object]) -> bool:
    """False: it is there already."""
    statement = insert(StripeEvent).values(**values).on_conflict_do_nothing().returning(StripeEvent.id)
    return (await tx.session.execute(statement)).scalar_one_or_none() is not None


async def claim_events(tx: WriteTx, until: datetime, limit: int) -> Sequence[AnyRow]:
    """Id, Stripe's customer, and the dispute that it is about, of events that wait."""
    due = (
        select(StripeEvent.id)
        .where(StripeEvent.next_try_at <= tx.now)
        .order_by(StripeEvent.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(StripeEvent)
        .where(StripeEvent.id.in_(due))
        .values(next_try_at=until, attempts=StripeEvent.attempts + 1)
        .returning(
            StripeEvent.id,
            StripeEvent.stripe_customer_id,
            case((StripeEvent.type.startswith(DISPUTED), StripeEvent.payload["data"]["object"]["id"].astext)).label(
                "dispute_id"
            ),
        )
    )
    return (await tx.session.execute(statement)).all()


async def tenants_by_customer(tx: ReadTx, customer_ids: Collection[str]) -> dict[str, str]:
    statement = select(BillingCustomer.stripe_customer_id, BillingCustomer.tenant_id).where(
        BillingCustomer.stripe_customer_id.in_(customer_ids)
    )
    return {row.stripe_customer_id: row.tenant_id for row in await tx.session.execute(statement)}


async def end_events(tx: WriteTx, ids: Sequence[str], outcome: str) -> None:
    values = {"processed_at": tx.now, "outcome": outcome, "error": None, "next_try_at": None}
    await tx.session.execute(update(StripeEvent).where(StripeEvent.id.in_(ids)).values(**values))


async def put_events_off(tx: WriteTx, ids: Sequence[str], error: str) -> None:
    """5, 10, 20 … seconds, up to an hour."""
    exponent = case((StripeEvent.attempts > 10, 10), else_=StripeEvent.attempts)
    wait = func.make_interval(0, 0, 0, 0, 0, 0, func.least(3600, 5 * func.power(2, exponent - 1)))
    statement = (
        update(StripeEvent)
        .where(StripeEvent.id.in_(ids), StripeEvent.processed_at.is_(None))
        .values(error=error, next_try_at=tx.now + wait)
    )
    await tx.session.execute(statement)


async def delete_old_events(tx: WriteTx, before: datetime) -> None:
    old = (
        select(StripeEvent.id)
        .where(StripeEvent.received_at < before, StripeEvent.processed_at.is_not(None))
        .order_by(StripeEvent.received_at)
        .limit(FORGOTTEN_AT_ONCE)
    )
    await tx.session.execute(delete(StripeEvent).where(StripeEvent.id.in_(old)))


async def remember_prices(tx: WriteTx, prices: dict[str, str]) -> None:
    """Price ids and their lookup keys, as seen now."""
    if not prices:
        return
    rows = [{"id": price, "lookup_key": key, "seen_at": tx.now} for price, key in sorted(prices.items())]
    statement = insert(StripePrice).values(rows)
    changed = {"lookup_key": statement.excluded.lookup_key, "seen_at": statement.excluded.seen_at}
    await tx.session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


async def lookup_keys(tx: ReadTx, price_ids: Collection[str]) -> dict[str, str]:
    statement = select(StripePrice.id, StripePrice.lookup_key).where(StripePrice.id.in_(price_ids))
    return {row.id: row.lookup_key for row in await tx.session.execute(statement)}


async def metered_customers(tx: ReadTx, after: str, limit: int) -> Sequence[AnyRow]:
    """Tenants with a live subscription, by tenant_id: Stripe's customer, and since when they pay."""
    statement = (
        select(
            Subscription.tenant_id,
            BillingCustomer.stripe_customer_id,
            func.min(Subscription.started_at).label("started_at"),
        )
        .join(BillingCustomer, BillingCustomer.tenant_id == Subscription.tenant_id)
        .where(
            Subscription.status.in_(LIVE),
            BillingCustomer.stripe_customer_id.is_not(None),
            Subscription.tenant_id > after,
        )
        .group_by(Subscription.tenant_id, BillingCustomer.stripe_customer_id)
        .order_by(Subscription.tenant_id)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).all()


async def want_reports(tx: WriteTx, rows: Sequence[dict[str, object]]) -> None:
    """A day that is there already stays what it is."""
    if rows:
        await tx.session.execute(insert(MeterReport).values(list(rows)).on_conflict_do_nothing())


async def claim_reports(tx: WriteTx, limit: int) -> Sequence[MeterReport]:
    statement = (
        select(MeterReport)
        .where(MeterReport.next_try_at <= tx.now)
        .order_by(MeterReport.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def locked_report(tx: WriteTx, tenant_id: str, meter: str, day: date) -> MeterReport:
    statement = select(MeterReport).where(
        MeterReport.tenant_id == tenant_id, MeterReport.meter == meter, MeterReport.day == day
    )
    return (await tx.session.execute(statement.with_for_update())).scalar_one()


async def lock_customers(tx: WriteTx, tenant_ids: Collection[str]) -> None:
    statement = (
        select(BillingCustomer.tenant_id)
        .where(BillingCustomer.tenant_id.in_(tenant_ids))
        .order_by(BillingCustomer.tenant_id)
        .with_for_update()
    )
    await tx.session.execute(statement)


async def disputes_by_id(tx: WriteTx, ids: Collection[str]) -> dict[str, Dispute]:
    """Call it with their customers locked."""
    statement = select(Dispute).where(Dispute.id.in_(ids))
    return {row.id: row for row in (await tx.session.execute(statement)).scalars()}


async def disputes_before(
    tx: ReadTx, tenant_id: str, before: tuple[datetime, str] | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """Newest first."""
    statement = select(*READ_DISPUTE).where(Dispute.tenant_id == tenant_id)
    if before is not None:
        statement = statement.where(tuple_(Dispute.opened_at, Dispute.id) < before)
    statement = statement.order_by(Dispute.opened_at.desc(), Dispute.id.desc()).offset(skip).limit(limit)
    return (await tx.session.execute(statement)).all()


async def count_disputes(tx: ReadTx, tenant_id: str) -> int:
    return (await tx.session.execute(select(func.count()).where(Dispute.tenant_id == tenant_id))).scalar_one()
