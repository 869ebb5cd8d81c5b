"""Every statement on usage."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select, text

from shared.contracts.limits import Limits
from shared.contracts.tenants import Standing
from shared.contracts.usage import Metric
from shared.tx import ReadTx, WriteTx
from tenant_plane.usage.models import UsageDay
from tenant_plane.usage.rules import Limit, day_of, first_of_month
from tenant_plane.usage.schemas import Plan

PLAN = text("select plan, standing, limits, held from plane.own_plan()")
LOCK = text("select pg_advisory_xact_lock(hashtext('room ' || current_schema() || :limit))")
COUNT = text(
    "insert into usage_days as u (metric, day, amount) values (:metric, :day, :amount)"
    " on conflict (metric, day) do update set amount = u.amount + excluded.amount"
)
# Counted only when there is room: nothing is counted for a payload that is kept.
ADMIT = text(
    """
with state as (
    select p.held, (p.limits ->> 'events_per_month')::bigint as most,
        (select coalesce(sum(u.amount), 0) from usage_days u where u.metric = 'events' and u.day >= :month) as used
    from plane.own_plan() p
), admitted as (
    insert into usage_days as u (metric, day, amount)
    select 'events', :day, :amount from state
    where (most is null or used < most) and not (held and :behind)
    on conflict (metric, day) do update set amount = u.amount + excluded.amount
    returning u.day
)
select state.held and :behind as waiting, exists (select 1 from admitted) as admitted from state
"""
)
FORGET = text("select plane.forget_before(:moment, :most)")
LEVELS = text("select api_keys, integrations, held from usage_levels(:now)")


async def plan(tx: ReadTx) -> Plan:
    row = (await tx.session.execute(PLAN)).one()
    return Plan(row.plan, Standing(row.standing), Limits.model_validate(row.limits), row.held)


async def lock(tx: WriteTx, limit: Limit) -> None:
    """One creation at a time, until this transaction ends."""
    await tx.session.execute(LOCK, {"limit": limit})


async def add(tx: WriteTx, metric: Metric, amount: int) -> None:
    await tx.session.execute(COUNT, {"metric": metric, "day": day_of(tx.now), "amount": amount})


async def admit(tx: WriteTx, events: int, *, behind: bool) -> tuple[bool, bool]:
    """Whether they were admitted and counted; and, if not, whether others wait in front of them."""
    values = {"month": first_of_month(tx.now), "day": day_of(tx.now), "amount": events, "behind": behind}
    row = (await tx.session.execute(ADMIT, values)).one()
    return row.admitted, row.waiting


async def months(tx: ReadTx) -> dict[Metric, int]:
    """This month's sums."""
    rows = await tx.session.execute(
        select(UsageDay.metric, func.sum(UsageDay.amount))
        .where(UsageDay.day >= first_of_month(tx.now))
        .group_by(UsageDay.metric)
    )
    return {Metric(metric): int(amount) for metric, amount in rows}


async def days(tx: ReadTx, since: date) -> Sequence[tuple[date, Metric, int]]:
    rows = await tx.session.execute(
        select(UsageDay.day, UsageDay.metric, UsageDay.amount)
        .where(UsageDay.day >= since)
        .order_by(UsageDay.day, UsageDay.metric)
    )
    return [(day, Metric(metric), amount) for day, metric, amount in rows]


async def levels(tx: ReadTx) -> dict[Metric, int]:
    row = (await tx.session.execute(LEVELS, {"now": tx.now})).one()
    return {Metric.API_KEYS: row.api_keys, Metric.INTEGRATIONS: row.integrations, Metric.HELD: row.held}


async def forget_before(tx: WriteTx, moment: datetime, most: int) -> int:
    """Messages and facts that are older, at most so many of each; how many went."""
    forgotten: int = (await tx.session.execute(FORGET, {"moment": moment, "most": most})).scalar_one()
    return forgotten
