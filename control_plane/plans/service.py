"""The catalogue. A version never changes: what a tenant was sold stays what it was."""

from collections.abc import Collection
from typing import Annotated

from pydantic import Field, TypeAdapter

from control_plane.core.permissions import Permission
from control_plane.plans import queries
from control_plane.plans.errors import PlanNotFound
from control_plane.plans.models import Plan
from control_plane.plans.schemas import PlanCreate, PlanRead, PlanVersionCreated
from shared.fields import Text
from shared.pages import Page, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

Small = Annotated[int, Field(ge=0, lt=2**31)]
SORT_KEY = TypeAdapter(tuple[Small, Text])
VERSION_KEY = TypeAdapter(tuple[Small])


async def list_plans(tx: ReadTx, query: PageQuery) -> Page[PlanRead]:
    tx.require(Permission.PLANS_READ)
    after = None if query.after is None else position(query.after, SORT_KEY)
    rows = await queries.plans_on_sale(tx, after=after, skip=query.skip, limit=query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.rank, row.name])
    return Page(
        items=[PlanRead.model_validate(row) for row in shown],
        total=await queries.count_plans(tx),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def list_plan_versions(tx: ReadTx, name: str, query: PageQuery) -> Page[PlanRead]:
    """Newest first. Raises PlanNotFound."""
    tx.require(Permission.PLANS_READ)
    before = None if query.after is None else position(query.after, VERSION_KEY)[0]
    rows = await queries.versions_of(tx, name, before=before, skip=query.skip, limit=query.size + 1)
    total = await queries.count_versions(tx, name)
    if total == 0:
        raise PlanNotFound(name)
    shown, cursor = cut(rows, query.size, lambda row: [row.version])
    return Page(
        items=[PlanRead.model_validate(row) for row in shown],
        total=total,
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def find_plan(tx: ReadTx, name: str, version: int | None = None) -> PlanRead | None:
    """One version, by default the one on sale."""
    tx.require(Permission.PLANS_READ)
    row = await (queries.newest_version(tx, name) if version is None else queries.one_version(tx, name, version))
    return None if row is None else PlanRead.model_validate(row)


async def get_plan(tx: ReadTx, name: str, version: int | None = None) -> PlanRead:
    """One version, by default the newest. Raises PlanNotFound. For other domains; every door may show plans."""
    tx.public()
    row = await (queries.newest_version(tx, name) if version is None else queries.one_version(tx, name, version))
    if row is None:
        raise PlanNotFound(name, version)
    return PlanRead.model_validate(row)


async def plans_sold_as(tx: ReadTx, lookup_keys: Collection[str]) -> dict[str, PlanRead]:
    """By Stripe's lookup key, the newest version sold under it. For billing, which no door asks this."""
    tx.public()
    rows = await queries.newest_sold_as(tx, lookup_keys)
    return {row.stripe_price_lookup_key: PlanRead.model_validate(row) for row in rows}


async def create_plan(tx: WriteTx, command: PlanCreate) -> PlanRead:
    """A new plan, or the next version of one."""
    tx.require(Permission.PLANS_MANAGE)
    await queries.lock_catalogue(tx)
    before = await find_plan(tx, command.name)
    rank = command.rank
    if rank is None:
        rank = before.rank if before is not None else await queries.highest_rank(tx) + 1
    after = PlanRead.model_validate(
        {
            **command.model_dump(),
            "rank": rank,
            "version": 1 if before is None else before.version + 1,
            "created_at": tx.now,
        }
    )
    await _add(tx, after)
    tx.record(PlanVersionCreated(name=after.name, version=after.version, before=before, after=after))
    return after


async def _add(tx: WriteTx, plan: PlanRead) -> None:
    tx.session.add(Plan(**plan.model_dump(exclude={"limits"}), limits=plan.limits.model_dump(), created_by=tx.actor.id))
    await tx.session.flush()
