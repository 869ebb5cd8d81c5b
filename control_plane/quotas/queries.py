from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Double, Text, bindparam, delete, func, or_, select, text, tuple_

from control_plane.core.tables import AnyRow
from control_plane.quotas.errors import LimitNotFound
from control_plane.quotas.models import LimitOverride, UsageDay, UsageShare
from control_plane.quotas.rules import METRIC_OF, MONTHLY, LimitName
from control_plane.quotas.schemas import FullestQuery
from shared.tx import ReadTx, WriteTx

READ = (
    LimitOverride.id.label("limit_id"),
    LimitOverride.tenant_id,
    LimitOverride.limit_name,
    LimitOverride.value,
    LimitOverride.reason,
    LimitOverride.created_by,
    LimitOverride.created_at,
    LimitOverride.ends_at,
    LimitOverride.ended_at,
    LimitOverride.ended_by,
)
USED = text(
    """
    select tenant_id, metric, sum(amount)::bigint as amount from usage_days
    where tenant_id = any (:tenant_ids) and metric = any (:monthly) and day >= :month group by tenant_id, metric
    union all
    (select distinct on (tenant_id, metric) tenant_id, metric, amount from usage_days
    where tenant_id = any (:tenant_ids) and metric = any (:levels) and day >= :oldest
    order by tenant_id, metric, day desc)
    """
).bindparams(
    bindparam("tenant_ids", type_=ARRAY(Text)),
    bindparam("monthly", type_=ARRAY(Text)),
    bindparam("levels", type_=ARRAY(Text)),
    bindparam("month", type_=Date),
    bindparam("oldest", type_=Date),
)
SEATS = text("select tenant_id, seats from seats_of(:tenant_ids)").bindparams(
    bindparam("tenant_ids", type_=ARRAY(Text))
)
STORE_DAYS = text(
    """
    insert into usage_days (tenant_id, metric, day, amount, reported_at)
    select d.tenant_id, d.metric, d.day, d.amount, :now
    from unnest(:tenant_ids, :metrics, :days, :amounts) as d (tenant_id, metric, day, amount)
    on conflict (tenant_id, metric, day) do update set amount = excluded.amount, reported_at = excluded.reported_at
    """
).bindparams(
    bindparam("tenant_ids", type_=ARRAY(Text)),
    bindparam("metrics", type_=ARRAY(Text)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("amounts", type_=ARRAY(BigInteger)),
)
STORE_SHARES = text(
    """
    insert into usage_shares (tenant_id, limit_name, used, limit_value, share, measured_at)
    select s.tenant_id, s.name, s.used, s.limit_value, s.share, :now
    from unnest(:tenant_ids, :names, :used, :limits, :shares) as s (tenant_id, name, used, limit_value, share)
    on conflict (tenant_id, limit_name) do update set
        used = excluded.used, limit_value = excluded.limit_value, share = excluded.share,
        measured_at = excluded.measured_at
    """
).bindparams(
    bindparam("tenant_ids", type_=ARRAY(Text)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("used", type_=ARRAY(BigInteger)),
    bindparam("limits", type_=ARRAY(BigInteger)),
    bindparam("shares", type_=ARRAY(Double)),
)
ONE_SEAT_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('control:seats:' || :tenant_id))")
LEVELS = [metric for name, metric in METRIC_OF.items() if name not in MONTHLY and name is not LimitName.USERS]


async def active_overrides(tx: ReadTx, tenant_ids: Collection[str]) -> Sequence[AnyRow]:
    statement = select(
        LimitOverride.id, LimitOverride.tenant_id, LimitOverride.limit_name, LimitOverride.value, LimitOverride.ends_at
    ).where(
        LimitOverride.tenant_id.in_(tenant_ids),
        LimitOverride.ended_at.is_(None),
        or_(LimitOverride.ends_at.is_(None), LimitOverride.ends_at > tx.now),
    )
    return (await tx.session.execute(statement)).all()


async def overrides_before(
    tx: ReadTx, tenant_id: str, before: tuple[datetime, UUID] | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """Newest first, ended ones included."""
    statement = select(*READ).where(LimitOverride.tenant_id == tenant_id)
    if before is not None:
        statement = statement.where(tuple_(LimitOverride.created_at, LimitOverride.id) < before)
    statement = statement.order_by(LimitOverride.created_at.desc(), LimitOverride.id.desc()).offset(skip).limit(limit)
    return (await tx.session.execute(statement)).all()


async def count_overrides(tx: ReadTx, tenant_id: str) -> int:
    return (await tx.session.execute(select(func.count()).where(LimitOverride.tenant_id == tenant_id))).scalar_one()


async def one_override(tx: ReadTx, tenant_id: str, limit_id: UUID) -> AnyRow:
    statement = select(*READ).where(LimitOverride.id == limit_id, LimitOverride.tenant_id == tenant_id)
    row = (await tx.session.execute(statement)).one_or_none()
    if row is None:
        raise LimitNotFound(limit_id)
    return row


async def own_override(tx: WriteTx, tenant_id: str, limit_id: UUID) -> LimitOverride:
    """Call ``touch_tenant`` before changing it: the tenant's row is the lock."""
    statement = select(LimitOverride).where(LimitOverride.id == limit_id, LimitOverride.tenant_id == tenant_id)
    found = (await tx.session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise LimitNotFound(limit_id)
    return found


async def unended_override(tx: WriteTx, tenant_id: str, name: LimitName) -> LimitOverride | None:
    statement = select(LimitOverride).where(
        LimitOverride.tenant_id == tenant_id, LimitOverride.limit_name == name, LimitOverride.ended_at.is_(None)
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def override_replaced_by(tx: WriteTx, override: LimitOverride) -> LimitOverride | None:
    """The one that ended when this one began, if its own end has not come since."""
    statement = select(LimitOverride).where(
        LimitOverride.tenant_id == override.tenant_id,
        LimitOverride.limit_name == override.limit_name,
        LimitOverride.ended_at == override.created_at,
        or_(LimitOverride.ends_at.is_(None), LimitOverride.ends_at > tx.now),
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def due_overrides(tx: ReadTx, limit: int) -> Sequence[AnyRow]:
    statement = (
        select(LimitOverride.tenant_id, LimitOverride.id)
        .where(LimitOverride.ended_at.is_(None), LimitOverride.ends_at <= tx.now)
        .order_by(LimitOverride.ends_at)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).all()


async def used_by(tx: ReadTx, tenant_ids: Sequence[str], month: date, oldest: date) -> Sequence[AnyRow]:
    """Tenant, metric and amount: sums of the month, and last levels no older than ``oldest``. Users: ``seats_of``."""
    parameters = {
        "tenant_ids": list(tenant_ids),
        "monthly": [METRIC_OF[name] for name in MONTHLY],
        "levels": LEVELS,
        "month": month,
        "oldest": oldest,
    }
    return (await tx.session.execute(USED, parameters)).all()


async def seats_of(tx: ReadTx, tenant_ids: Collection[str]) -> dict[str, int]:
    rows = await tx.session.execute(SEATS, {"tenant_ids": list(tenant_ids)})
    return {row.tenant_id: row.seats for row in rows}


async def lock_seats(tx: WriteTx, tenant_id: str) -> None:
    """Until the commit; two who want the last seat come one after the other."""
    await tx.session.execute(ONE_SEAT_AT_A_TIME, {"tenant_id": tenant_id})


async def days_of(tx: ReadTx, tenant_id: str, since: date) -> Sequence[AnyRow]:
    statement = select(UsageDay.metric, UsageDay.day, UsageDay.amount, UsageDay.reported_at).where(
        UsageDay.tenant_id == tenant_id, UsageDay.day >= since
    )
    return (await tx.session.execute(statement)).all()


async def store_days(tx: WriteTx, days: Sequence[tuple[str, str, date, int]]) -> None:
    """Tenant, metric, day, amount. The same report again changes nothing but its time."""
    tenant_ids, metrics, dates, amounts = zip(*days, strict=True)
    columns = {"tenant_ids": tenant_ids, "metrics": metrics, "days": dates, "amounts": amounts}
    await tx.session.execute(STORE_DAYS, {**{name: list(of) for name, of in columns.items()}, "now": tx.now})


async def store_shares(tx: WriteTx, measured: Sequence[tuple[str, str, int, int | None, float]]) -> None:
    """Tenant, limit, used, the limit's value, share."""
    tenant_ids, names, used, limits, shares = zip(*measured, strict=True)
    columns = {"tenant_ids": tenant_ids, "names": names, "used": used, "limits": limits, "shares": shares}
    await tx.session.execute(STORE_SHARES, {**{name: list(of) for name, of in columns.items()}, "now": tx.now})


async def fullest(tx: ReadTx, query: FullestQuery, before: tuple[float, str] | None) -> Sequence[AnyRow]:
    statement = (
        select(
            UsageShare.tenant_id,
            UsageShare.limit_name,
            UsageShare.used,
            UsageShare.limit_value,
            UsageShare.share,
            UsageShare.measured_at,
        )
        .where(UsageShare.limit_name == query.limit_name, UsageShare.share >= query.min_share)
        .order_by(UsageShare.share.desc(), UsageShare.tenant_id.desc())
        .offset(query.skip)
        .limit(query.size + 1)
    )
    if before is not None:
        statement = statement.where(tuple_(UsageShare.share, UsageShare.tenant_id) < before)
    return (await tx.session.execute(statement)).all()


async def count_fullest(tx: ReadTx, query: FullestQuery) -> int:
    statement = select(func.count()).where(
        UsageShare.limit_name == query.limit_name, UsageShare.share >= query.min_share
    )
    return (await tx.session.execute(statement)).scalar_one()


async def month_sums(tx: ReadTx, tenant_ids: Collection[str], metric: str, month: date) -> dict[str, int]:
    statement = (
        select(UsageDay.tenant_id, func.sum(UsageDay.amount).label("amount"))
        .where(UsageDay.tenant_id.in_(tenant_ids), UsageDay.metric == metric, UsageDay.day >= month)
        .group_by(UsageDay.tenant_id)
    )
    return {row.tenant_id: int(row.amount) for row in await tx.session.execute(statement)}


async def limits_at_report(tx: ReadTx, tenant_ids: Collection[str], name: LimitName) -> dict[str, int | None]:
    statement = select(UsageShare.tenant_id, UsageShare.limit_value).where(
        UsageShare.tenant_id.in_(tenant_ids), UsageShare.limit_name == name
    )
    return {row.tenant_id: row.limit_value for row in await tx.session.execute(statement)}


async def last_days(tx: ReadTx, tenant_ids: Collection[str], metric: str) -> dict[str, date]:
    """The last day with more than nothing."""
    statement = (
        select(UsageDay.tenant_id, func.max(UsageDay.day).label("day"))
        .where(UsageDay.tenant_id.in_(tenant_ids), UsageDay.metric == metric, UsageDay.amount > 0)
        .group_by(UsageDay.tenant_id)
    )
    return {row.tenant_id: row.day for row in await tx.session.execute(statement)}


async def delete_all_of(tx: WriteTx, tenant_id: str) -> None:
    for table in (LimitOverride, UsageDay, UsageShare):
        await tx.session.execute(delete(table).where(table.tenant_id == tenant_id))
