"""Read the catalogue. New versions of a plan arrive by migration."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from control_plane.core.permissions import Permission
from control_plane.plans import queries
from control_plane.plans.schemas import PlanRead
from shared.fields import Text
from shared.pages import Page, PageQuery, cut, position
from shared.tx import ReadTx

SORT_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=2**31)], Text])


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


async def find_plan(tx: ReadTx, name: str) -> PlanRead | None:
    """The version on sale."""
    tx.require(Permission.PLANS_READ)
    row = await queries.newest_version(tx, name)
    return None if row is None else PlanRead.model_validate(row)
