"""What several tenants use and may, in as many statements for hundreds as for one."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from control_plane.plans import service as plans
from control_plane.quotas import queries, rules
from control_plane.quotas.ports import HasPlan
from control_plane.quotas.rules import METRIC_OF, TREND_DAYS, Granted, LimitName
from shared.contracts.limits import Limits
from shared.tx import ReadTx

NAME_OF = {metric: name for name, metric in METRIC_OF.items()}


async def used_of(tx: ReadTx, tenant_ids: list[str]) -> dict[str, dict[LimitName, int]]:
    """What counts against each limit now: the month's sums, levels as last reported, users as they are."""
    tx.public()
    seats = await queries.seats_of(tx, tenant_ids)
    used = {tenant_id: {LimitName.USERS: seats.get(tenant_id, 0)} for tenant_id in tenant_ids}
    for row in await queries.used_by(tx, tenant_ids, rules.month_of(tx.now), oldest(tx.now)):
        used[row.tenant_id][NAME_OF[row.metric]] = row.amount
    return used


async def limits_of(tx: ReadTx, known: Mapping[str, HasPlan]) -> dict[str, Limits]:
    """What counts for each: one statement for all grants, and one for each version of a plan among them."""
    tx.public()
    granted = await granted_to(tx, list(known))
    sold = {(tenant.plan, tenant.plan_version): Limits() for tenant in known.values()}
    for name, version in sold:
        sold[name, version] = (await plans.get_plan(tx, name, version)).limits
    return {
        tenant_id: rules.effective(sold[tenant.plan, tenant.plan_version], granted[tenant_id])
        for tenant_id, tenant in known.items()
    }


async def granted_to(tx: ReadTx, tenant_ids: list[str]) -> dict[str, Granted]:
    tx.public()
    granted: dict[str, dict[LimitName, int | None]] = {tenant_id: {} for tenant_id in tenant_ids}
    for row in await queries.active_overrides(tx, tenant_ids):
        granted[row.tenant_id][LimitName(row.limit_name)] = row.value
    return {**granted}


def today(now: datetime) -> date:
    return now.astimezone(UTC).date()


def oldest(now: datetime) -> date:
    """The first day that anything here still asks for: the month's, or the trend's."""
    return min(rules.month_of(now), today(now) - timedelta(days=TREND_DAYS - 1))
