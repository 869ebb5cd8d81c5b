"""What happens by itself: snoozes end, related incidents are noted. Called by jobs, safe to repeat."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from shared.tx import ReadTx, WriteTx
from tenant_plane.core.due import note_due, take_due
from tenant_plane.core.permissions import Permission
from tenant_plane.incidents import queries
from tenant_plane.incidents.models import TimelineEntry
from tenant_plane.incidents.rules import reference_of, spell
from tenant_plane.incidents.schemas import SNOOZE, DailyResponse, OpenSummary, ResponsePeriod, TimelineAdded
from tenant_plane.incidents.service.timeline import add_entry, touch

AT_ONCE = 200
NEAR = timedelta(minutes=10)
MOST_RELATED = 5


async def end_snoozes(tx: WriteTx) -> int:
    """Wake what has slept long enough, at most AT_ONCE a turn; answers how many. What others hold at this moment, or is
    too much for one turn, is noted for the next one.
    """
    tx.require(Permission.INCIDENTS_WRITE)
    await take_due(tx, SNOOZE)
    due = await queries.due_snoozes(tx, AT_ONCE)
    for incident in due:
        incident.snoozed_until = None
        add_entry(tx, incident.id, "snooze_ended", {})
        touch(tx, incident)
    await tx.session.flush()
    if await queries.has_due_snoozes(tx):
        await note_due(tx, SNOOZE)
    return len(due)


async def note_related(tx: WriteTx, incident_id: UUID) -> None:
    """Write down, once, which other unresolved incidents began around the same time."""
    tx.require(Permission.INCIDENTS_WRITE)
    incident = await queries.one(tx, str(incident_id))
    near = await queries.neighbours(tx, incident, NEAR, MOST_RELATED)
    if not near:
        return
    related = []
    for other in near:
        gap, direction = incident.created_at - other.created_at, "earlier"
        if gap < timedelta():
            gap, direction = -gap, "later"
        where = (
            f", also in {other.environment}" if other.environment and other.environment == incident.environment else ""
        )
        related.append(
            {
                "id": str(other.id),
                "reference": reference_of(other.number),
                "title": other.title,
                "reason": f"began {spell(gap)} {direction}{where}",
            }
        )
    entry = {
        "id": uuid7(),
        "incident_id": incident.id,
        "event_type": "related",
        "actor": tx.actor.name,
        "actor_kind": "system",
        "payload": {"incidents": related},
        "once_key": "related",
        "occurred_at": tx.now,
        "created_at": tx.now,
    }
    written = await tx.session.execute(
        insert(TimelineEntry).values(entry).on_conflict_do_nothing().returning(TimelineEntry.id)
    )
    if written.one_or_none() is not None:
        tx.record(TimelineAdded(incident_id=incident.id))


async def get_open_summary(tx: ReadTx) -> OpenSummary:
    tx.require(Permission.INCIDENTS_READ)
    return await queries.open_summary(tx)


async def list_daily_response(tx: ReadTx, days: int) -> list[DailyResponse]:
    tx.require(Permission.INCIDENTS_READ)
    return await queries.daily_response(tx, days)


async def get_response_period(tx: ReadTx, since: datetime, until: datetime) -> ResponsePeriod:
    tx.require(Permission.INCIDENTS_READ)
    return await queries.response_period(tx, since, until)
