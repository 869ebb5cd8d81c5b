from collections.abc import Collection, Sequence

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from control_plane.core.tables import AnyRow
from control_plane.plans.models import Plan
from shared.tx import ReadTx, WriteTx

READ = (
    Plan.name,
    Plan.version,
    Plan.rank,
    Plan.limits,
    Plan.placement,
    Plan.price_cents,
    Plan.currency,
    Plan.stripe_price_lookup_key,
    Plan.created_at,
)
ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('control:plans'))")


async def plans_on_sale(tx: ReadTx, *, after: tuple[int, str] | None, skip: int, limit: int) -> Sequence[AnyRow]:
    """Cheapest first; ``after`` is the rank and name of the last one seen."""
    newest = select(*READ).ext(distinct_on(Plan.name)).order_by(Plan.name, Plan.version.desc()).subquery()
    statement = select(newest).order_by(newest.c.rank, newest.c.name).offset(skip).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(newest.c.rank, newest.c.name) > after)
    return (await tx.session.execute(statement)).all()


async def count_plans(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.count(Plan.name.distinct())))).scalar_one()


async def versions_of(tx: ReadTx, name: str, *, before: int | None, skip: int, limit: int) -> Sequence[AnyRow]:
    """Newest first."""
    statement = select(*READ).where(Plan.name == name).order_by(Plan.version.desc()).offset(skip).limit(limit)
    if before is not None:
        statement = statement.where(Plan.version < before)
    return (await tx.session.execute(statement)).all()


async def count_versions(tx: ReadTx, name: str) -> int:
    return (await tx.session.execute(select(func.count()).where(Plan.name == name))).scalar_one()


async def newest_version(tx: ReadTx, name: str) -> AnyRow | None:
    statement = select(*READ).where(Plan.name == name).order_by(Plan.version.desc()).limit(1)
    return (await tx.session.execute(statement)).one_or_none()


async def one_version(tx: ReadTx, name: str, version: int) -> AnyRow | None:
    statement = select(*READ).where(Plan.name == name, Plan.version == version)
    return (await tx.session.execute(statement)).one_or_none()


async def newest_sold_as(tx: ReadTx, lookup_keys: Collection[str]) -> Sequence[AnyRow]:
    """The newest plan version under each of Stripe's lookup keys."""
    statement = (
        select(*READ)
        .ext(distinct_on(Plan.stripe_price_lookup_key))
        .where(Plan.stripe_price_lookup_key.in_(lookup_keys))
        .order_by(Plan.stripe_price_lookup_key, Plan.created_at.desc(), Plan.version.desc())
    )
    return (await tx.session.execute(statement)).all()


async def highest_rank(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.coalesce(func.max(Plan.rank), 0)))).scalar_one()


async def lock_catalogue(tx: WriteTx) -> None:
    """Two who make the next version at once get two versions."""
    await tx.session.execute(ONE_AT_A_TIME)
