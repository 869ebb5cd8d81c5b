"""The verbs of usage: count, ask for room, show."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

from shared.contracts.usage import Metric, UsageOfDay
from shared.tx import ReadTx, WriteTx
from tenant_plane.core.permissions import Permission
from tenant_plane.usage import queries
from tenant_plane.usage.errors import LimitReached
from tenant_plane.usage.rules import Limit, day_of, resets_at
from tenant_plane.usage.schemas import HoldReason, LimitUsage, UsageRead

FORGOTTEN_AT_ONCE = 5000
COUNTED_AS = {Limit.EVENTS: Metric.EVENTS, Limit.INCIDENTS: Metric.INCIDENTS}


async def count_usage(tx: WriteTx, metric: Metric, amount: int) -> None:
    """In the transaction of what is counted."""
    tx.public()
    await queries.add(tx, metric, amount)


async def require_room(tx: WriteTx, limit: Limit, count: Callable[[], Awaitable[int]] | None = None) -> None:
    """Raises LimitReached when the plan has no room for one more. ``count`` gives the level; months are known here.

    Asked before something is created, never before an alert is taken in. Two that ask at once for the last place: the
    second waits for the first one's commit, and is refused.
    """
    tx.public()
    plan = await queries.plan(tx)
    most = plan.most(limit)
    if most is None:
        return
    await queries.lock(tx, limit)
    used = await count() if count else (await queries.months(tx)).get(COUNTED_AS[limit], 0)
    if used >= most:
        raise LimitReached(limit, used=used, most=most, plan=plan.name, resets_at=resets_at(limit, tx.now))


async def admit_events(tx: WriteTx, events: int, *, behind: bool = True) -> HoldReason | None:
    """Count events that came in, or say why they must be kept instead. With ``behind``, they don't overtake held ones.

    A month's limit is looked at before the events and not among them: a batch that begins below it is taken whole.
    """
    tx.public()
    admitted, waiting = await queries.admit(tx, events, behind=behind)
    if admitted:
        return None
    return HoldReason.WAITING if waiting else HoldReason.OVER_QUOTA


async def has_room_for_events(tx: WriteTx) -> bool:
    """Whether the plan would admit events that came now and waited for nobody."""
    tx.public()
    most = (await queries.plan(tx)).most(Limit.EVENTS)
    return most is None or (await queries.months(tx)).get(Metric.EVENTS, 0) < most


async def refuse_events(tx: ReadTx) -> LimitReached:
    """The refusal of a person who wants more events processed than the plan has room for."""
    tx.public()
    plan, months = await queries.plan(tx), await queries.months(tx)
    return LimitReached(
        Limit.EVENTS,
        used=months.get(Metric.EVENTS, 0),
        most=plan.most(Limit.EVENTS) or 0,
        plan=plan.name,
        resets_at=resets_at(Limit.EVENTS, tx.now),
    )


async def kept_since(tx: ReadTx) -> datetime | None:
    """Alert events, recorded events and dead letters that are older go. None: the plan keeps all.

    Alerts, incidents and their timelines stay, and so does the audit log.
    """
    tx.public()
    days = (await queries.plan(tx)).limits.retention_days
    return None if days is None else tx.now - timedelta(days=days)


async def forget_expired(tx: WriteTx) -> int:
    """Alert events and recorded events that the plan does not keep, a bounded number a turn; how many went."""
    tx.public()
    before = await kept_since(tx)
    return 0 if before is None else await queries.forget_before(tx, before, FORGOTTEN_AT_ONCE)


async def get_usage(tx: ReadTx) -> UsageRead:
    """This month and this moment, against the limits of the plan."""
    tx.require(Permission.USAGE_READ)
    assert tx.actor.tenant is not None
    plan, months, levels = await queries.plan(tx), await queries.months(tx), await queries.levels(tx)
    used = {
        Limit.API_KEYS: levels[Metric.API_KEYS],
        Limit.INTEGRATIONS: levels[Metric.INTEGRATIONS],
        Limit.EVENTS: months.get(Metric.EVENTS, 0),
        Limit.INCIDENTS: months.get(Metric.INCIDENTS, 0),
    }
    limits = []
    for limit in Limit:
        most = plan.most(limit)
        over = most is not None and used[limit] > most
        limits.append(
            LimitUsage(name=limit, used=used[limit], limit=most, over=over, resets_at=resets_at(limit, tx.now))
        )
    return UsageRead(
        tenant_id=tx.actor.tenant.id,
        plan=plan.name,
        standing=plan.standing,
        delete_after=tx.actor.tenant.delete_after,
        limits=limits,
        held=levels[Metric.HELD],
        requests=months.get(Metric.REQUESTS, 0),
        requests_per_minute=plan.limits.requests_per_minute,
        retention_days=plan.limits.retention_days,
    )


async def list_usage_days(tx: ReadTx, since: date) -> list[UsageOfDay]:
    """For the control plane: each day's amounts, and the levels as of today."""
    tx.require(Permission.USAGE_READ)
    assert tx.actor.tenant is not None
    tenant_id = tx.actor.tenant.id
    days = [
        UsageOfDay(tenant_id=tenant_id, day=day, metric=metric, amount=amount)
        for day, metric, amount in await queries.days(tx, since)
    ]
    today = day_of(tx.now)
    return days + [
        UsageOfDay(tenant_id=tenant_id, day=today, metric=metric, amount=amount)
        for metric, amount in (await queries.levels(tx)).items()
    ]
