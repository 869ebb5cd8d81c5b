"""What tenants have used: kept as their planes report it, shown beside what they may."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import Field, TypeAdapter

from control_plane.core.permissions import Permission
from control_plane.plans import service as plans
from control_plane.quotas import queries, rules
from control_plane.quotas.rules import METRIC_OF, MONTHLY, TREND_DAYS, USERS, LimitName
from control_plane.quotas.schemas import (
    ActiveGrant,
    DayAmount,
    FullestQuery,
    LimitUsage,
    TenantShare,
    UsageRead,
)
from control_plane.quotas.service.measuring import limits_of, oldest, today, used_of
from control_plane.tenants import service as tenants
from control_plane.tenants.errors import TenantNotFound
from shared.contracts.limits import Limits
from shared.contracts.usage import Metric, UsageOfDay
from shared.fields import Text
from shared.pages import Page, cut, position
from shared.tx import ReadTx, WriteTx

SHARE_AND_ID = TypeAdapter(tuple[Annotated[float, Field(ge=0)], Text])


async def read_usage(tx: ReadTx, tenant_id: str) -> UsageRead:
    """For super-admins and the tenant's own admin; to other tenants it is one that never was."""
    tx.require(Permission.USAGE_READ)
    if tx.actor.tenant is not None and tx.actor.tenant.id != tenant_id:
        raise TenantNotFound(tenant_id)
    tenant = await tenants.plan_of(tx, tenant_id)
    plan = await plans.get_plan(tx, tenant.plan, tenant.plan_version)
    grants = {
        LimitName(row.limit_name): ActiveGrant(limit_id=row.id, value=row.value, ends_at=row.ends_at)
        for row in await queries.active_overrides(tx, [tenant_id])
    }
    limits = rules.effective(plan.limits, {name: grant.value for name, grant in grants.items()})
    days: dict[str, dict[date, int]] = {}
    rows = await queries.days_of(tx, tenant_id, oldest(tx.now))
    for row in rows:
        days.setdefault(row.metric, {})[row.day] = row.amount
    days.setdefault(USERS, {})[today(tx.now)] = (await queries.seats_of(tx, [tenant_id])).get(tenant_id, 0)
    return UsageRead(
        tenant_id=tenant_id,
        plan=tenant.plan,
        plan_version=tenant.plan_version,
        reported_at=max((row.reported_at for row in rows if row.metric != USERS), default=None),
        held=_level(days.get(Metric.HELD, {})),
        items=[_usage(tx.now, name, plan.limits, limits, grants.get(name), days) for name in LimitName],
    )


async def list_fullest(tx: ReadTx, query: FullestQuery) -> Page[TenantShare]:
    """Tenants by how full a limit is, the fullest first; as of the last report."""
    tx.require(Permission.TENANTS_READ)
    before = None if query.after is None else position(query.after, SHARE_AND_ID)
    shown, cursor = cut(await queries.fullest(tx, query, before), query.size, lambda row: [row.share, row.tenant_id])
    known = await tenants.describe_tenants(tx, [row.tenant_id for row in shown])
    return Page(
        items=[
            TenantShare(
                tenant_id=row.tenant_id,
                name=known[row.tenant_id].name,
                limit_name=row.limit_name,
                used=row.used,
                limit=row.limit_value,
                share=row.share,
                measured_at=row.measured_at,
            )
            for row in shown
        ],
        total=await queries.count_fullest(tx, query),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def note_usage(tx: WriteTx, reported: Iterable[UsageOfDay]) -> None:
    """Keep a plane's report, and measure the tenants in it anew. The same report again changes nothing."""
    tx.require(Permission.TENANTS_MANAGE)
    items = list(reported)
    known = await tenants.plans_of(tx, sorted({item.tenant_id for item in items}))
    if not known:
        return
    seats = await queries.seats_of(tx, list(known))
    days = [(item.tenant_id, item.metric.value, item.day, item.amount) for item in items if item.tenant_id in known]
    days += [(tenant_id, USERS, today(tx.now), seats.get(tenant_id, 0)) for tenant_id in known]
    await queries.store_days(tx, days)
    limits = await limits_of(tx, known)
    measured = [
        (tenant_id, name.value, amount, limit, rules.share(amount, limit))
        for tenant_id, amounts in (await used_of(tx, list(known))).items()
        for name, amount in amounts.items()
        for limit in (rules.limit_of(limits[tenant_id], name),)
    ]
    await queries.store_shares(tx, measured)


async def count_events_this_month(tx: ReadTx, tenant_ids: Collection[str]) -> Mapping[str, int]:
    """For lists of tenants."""
    tx.require(Permission.TENANTS_READ)
    return await queries.month_sums(tx, tenant_ids, Metric.EVENTS, rules.month_of(tx.now))


async def events_limits(tx: ReadTx, tenant_ids: Collection[str]) -> Mapping[str, int | None]:
    """For lists of tenants: as of the last report; None where there is no limit, or no report yet."""
    tx.require(Permission.TENANTS_READ)
    return {**dict.fromkeys(tenant_ids), **await queries.limits_at_report(tx, tenant_ids, LimitName.EVENTS_PER_MONTH)}


async def last_event_days(tx: ReadTx, tenant_ids: Collection[str]) -> Mapping[str, date | None]:
    """For lists of tenants: the last day with an event; None where no day that is kept has one."""
    tx.require(Permission.TENANTS_READ)
    return {**dict.fromkeys(tenant_ids), **await queries.last_days(tx, tenant_ids, Metric.EVENTS)}


async def count_users(tx: ReadTx, tenant_ids: Collection[str]) -> Mapping[str, int]:
    """Members and open invitations, for lists of tenants."""
    tx.require(Permission.TENANTS_READ)
    return await queries.seats_of(tx, tenant_ids)


async def forget_tenant(tx: WriteTx, tenant_id: str) -> None:
    """One that is gone. What was granted stays in the audit log."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.delete_all_of(tx, tenant_id)


def _usage(
    now: datetime,
    name: LimitName,
    plan: Limits,
    limits: Limits,
    grant: ActiveGrant | None,
    days: Mapping[str, Mapping[date, int]],
) -> LimitUsage:
    limit, metric = rules.limit_of(limits, name), METRIC_OF.get(name)
    amounts = days.get(metric or "", {})
    shown = rules.days_until(today(now), TREND_DAYS)
    if name in MONTHLY:
        month, resets_at = rules.month_of(now), rules.next_month(now)
        used, trend = (
            sum(amount for day, amount in amounts.items() if day >= month),
            [amounts.get(day, 0) for day in shown],
        )
        points = rules.month_points(now, amounts)
    else:
        used, resets_at, trend = _level(amounts), None, rules.levels(shown, amounts)
        points = rules.level_points(shown, trend, min(amounts, default=today(now)))
    is_counted = metric is not None
    return LimitUsage(
        limit_name=name,
        used=used if is_counted else None,
        limit=limit,
        plan_limit=rules.limit_of(plan, name),
        share=rules.share(used, limit) if is_counted and limit is not None else None,
        override=grant,
        resets_at=resets_at,
        trend=[DayAmount(day=day, amount=amount) for day, amount in zip(shown, trend, strict=True)]
        if is_counted
        else [],
        projected_hit_at=rules.projected_hit(points, used=used, limit=limit, now=now, until=resets_at)
        if is_counted
        else None,
    )


def _level(known: Mapping[date, int]) -> int:
    """As last reported."""
    return known[max(known)] if known else 0
