"""What every plane last said about itself."""

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import Permission
from control_plane.provisioning import queries
from control_plane.provisioning.models import Cell
from control_plane.provisioning.schemas import CellRead, DeploymentRead, OrphanRead
from control_plane.tenants.rules import Where
from shared.contracts.fleet import FleetHealth
from shared.fields import Text
from shared.pages import Page, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

SORT_KEY = TypeAdapter(tuple[Text])


async def list_cells(tx: ReadTx, query: PageQuery) -> Page[CellRead]:
    tx.require(Permission.PLACEMENTS_READ)
    after = None if query.after is None else position(query.after, SORT_KEY)[0]
    rows = await queries.cells_after(tx, after=after, skip=query.skip, limit=query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.name])
    return Page(
        items=[CellRead.model_validate(row) for row in shown],
        total=await queries.count_cells(tx),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def list_orphans(tx: ReadTx, query: PageQuery) -> Page[OrphanRead]:
    tx.require(Permission.PLACEMENTS_READ)
    after = None if query.after is None else position(query.after, SORT_KEY)[0]
    rows = await queries.orphans_after(tx, after=after, skip=query.skip, limit=query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.namespace])
    return Page(
        items=[OrphanRead.model_validate(row) for row in shown],
        total=await queries.count_orphans(tx),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def list_planes_to_look_at(tx: ReadTx, limit: int) -> list[DeploymentRead]:
    """Dedicated ones, those asked longest ago first."""
    tx.require(Permission.PLACEMENTS_READ)
    return [DeploymentRead.model_validate(row) for row in await queries.deployments_to_look_at(tx, limit)]


async def note_cell(
    tx: WriteTx,
    name: str,
    *,
    placement: Where,
    url: str,
    version: str | None,
    fleet: FleetHealth | None,
    problem: str | None,
) -> None:
    """``fleet`` is None when the plane did not answer; then the numbers stay, and their age shows."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    seen = {} if fleet is None else {**fleet.model_dump(), "answered_at": tx.now}
    values = {
        "placement": placement,
        "url": url,
        "version": version,
        "ready": fleet is not None,
        "last_error": problem,
        "looked_at": tx.now,
        **seen,
    }
    statement = insert(Cell).values(name=name, **values)
    await tx.session.execute(statement.on_conflict_do_update(index_elements=[Cell.name], set_=values))
