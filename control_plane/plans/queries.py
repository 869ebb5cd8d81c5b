from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from control_plane.core.tables import AnyRow
from control_plane.plans.models import Plan
from shared.tx import ReadTx


async def plans_on_sale(tx: ReadTx, *, after: tuple[int, str] | None, skip: int, limit: int) -> Sequence[AnyRow]:
    """Cheapest first; ``after`` is the rank and name of the last one seen."""
    newest = (
        select(Plan.name, Plan.version, Plan.rank, Plan.limits)
        .ext(distinct_on(Plan.name))
        .order_by(Plan.name, Plan.version.desc())
        .subquery()
    )
    statement = select(newest).order_by(newest.c.rank, newest.c.name).offset(skip).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(newest.c.rank, newest.c.name) > after)
    return (await tx.session.execute(statement)).all()


async def count_plans(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.count(Plan.name.distinct())))).scalar_one()


async def newest_version(tx: ReadTx, name: str) -> AnyRow | None:
    statement = (
        select(Plan.name, Plan.version, Plan.limits).where(Plan.name == name).order_by(Plan.version.desc()).limit(1)
    )
    return (await tx.session.execute(statement)).one_or_none()
