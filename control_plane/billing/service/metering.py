"""Usage on its way to Stripe's meters: one amount a tenant and day, fixed before it is sent.

The identifier makes Stripe count it once within a day, so a report that is older than that is sent no more: what may
have arrived and may not is not charged twice.
"""

from datetime import date, timedelta

from control_plane.billing import queries, rules
from control_plane.billing.schemas import Metered
from control_plane.core.permissions import Permission
from control_plane.quotas import service as quotas
from control_plane.quotas.rules import LimitName
from control_plane.quotas.schemas import UsageRead
from shared.tx import WriteTx

CLAIMED_SECONDS = 60


async def begin_reports(tx: WriteTx, meter: str, after: str, limit: int) -> str | None:
    """Fix the amounts of the days that are over, for so many paying tenants behind ``after``. Answers the last of them,
    None when there are no more.
    """
    tx.require(Permission.TENANTS_MANAGE)
    found = await queries.metered_customers(tx, after, limit)
    rows: list[dict[str, object]] = []
    for one in found:
        usage = await quotas.read_usage(tx, one.tenant_id)
        days = set(rules.reportable_days(tx.now, usage.reported_at, one.started_at))
        rows += [
            {
                "tenant_id": one.tenant_id,
                "meter": meter,
                "day": day,
                "amount": amount,
                "stripe_customer_id": one.stripe_customer_id,
                "wanted_at": tx.now,
                "next_try_at": tx.now,
                "attempts": 0,
            }
            for day, amount in _events(usage).items()
            if day in days and amount > 0
        ]
    await queries.want_reports(tx, rows)
    return found[-1].tenant_id if len(found) == limit else None


async def claim_metered(tx: WriteTx, limit: int) -> list[Metered]:
    tx.require(Permission.TENANTS_MANAGE)
    oldest = tx.now - timedelta(hours=rules.REPEATABLE_HOURS)
    claimed = []
    for row in await queries.claim_reports(tx, limit):
        is_repeatable = row.attempts == 0 or row.wanted_at > oldest
        claimed.append(
            Metered(row.tenant_id, row.meter, row.day, row.amount, row.stripe_customer_id, is_repeatable=is_repeatable)
        )
        if row.attempts == 0:
            row.wanted_at = tx.now  # the day of repetitions begins with the first call
        row.attempts += 1
        row.next_try_at = tx.now + timedelta(seconds=CLAIMED_SECONDS)
    return claimed


async def end_report(tx: WriteTx, one: Metered, error: str | None = None) -> None:
    """Sent; or, with an error, given up."""
    tx.require(Permission.TENANTS_MANAGE)
    row = await queries.locked_report(tx, one.tenant_id, one.meter, one.day)
    row.sent_at, row.error, row.next_try_at = (tx.now if error is None else None), error, None


async def put_report_off(tx: WriteTx, one: Metered, error: str) -> None:
    tx.require(Permission.TENANTS_MANAGE)
    row = await queries.locked_report(tx, one.tenant_id, one.meter, one.day)
    row.error, row.next_try_at = error, tx.now + timedelta(seconds=rules.delay_seconds(row.attempts))


def _events(usage: UsageRead) -> dict[date, int]:
    return next(
        {one.day: one.amount for one in item.trend}
        for item in usage.items
        if item.limit_name is LimitName.EVENTS_PER_MONTH
    )
