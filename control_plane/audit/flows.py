"""An export: noted in one transaction, then read in many short ones, so that none stays open while a client reads."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from control_plane.audit import service
from control_plane.audit.schemas import ControlAuditFilter
from shared.audit import export
from shared.tx import Actor, Database


async def export_audit_log(database: Database, actor: Actor, wanted: ControlAuditFilter) -> AsyncIterator[str]:
    """Everything up to now, with the entry of this export. Raises Forbidden before the first line."""
    async with database.write(actor) as tx:
        await service.begin_export(tx, wanted)
    async with database.read(actor) as reading:
        until = await service.get_newest(reading)

    async def batch(after: int, limit: int) -> Sequence[Any]:
        async with database.read(actor) as tx:
            return await service.read_batch(tx, wanted, after=after, until=until, limit=limit)

    return export.lines(batch)
