"""What people do with an incident: open it, read it, acknowledge, change, snooze, resolve, take notes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import MISSING
from uuid_utils.compat import uuid7

from shared.contracts.usage import Metric
from shared.errors import FieldError, Invalid
from shared.pages import Page, PageQuery, encode_cursor
from shared.tx import ReadTx, WriteTx
from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.schemas import AlertRead
from tenant_plane.core.permissions import Permission
from tenant_plane.incidents import queries
from tenant_plane.incidents.errors import AlreadyResolved, ChangedMeanwhile, IllegalMove
from tenant_plane.incidents.models import Incident, IncidentAlert
from tenant_plane.incidents.rules import ENDED, Status, may_move, parse_reference, reference_of, steps_to
from tenant_plane.incidents.schemas import (
    LONGEST_SNOOZE,
    IncidentChanged,
    IncidentCreate,
    IncidentFilter,
    IncidentNoted,
    IncidentOpened,
    IncidentPatch,
    IncidentQuery,
    IncidentRead,
    IncidentResolve,
    IncidentSnooze,
    IncidentTriggered,
    LinkedAlert,
    NoteCreate,
    Sort,
    TimelineAdded,
    TimelineQuery,
    TimelineRead,
)
from tenant_plane.incidents.service.audit import record, recorded_edit
from tenant_plane.incidents.service.timeline import add_entry, move, touch
from tenant_plane.usage import service as usage
from tenant_plane.usage.rules import Limit


async def open_incident(tx: WriteTx, command: IncidentCreate) -> IncidentRead:
    tx.require(Permission.INCIDENTS_WRITE)
    await usage.require_room(tx, Limit.INCIDENTS)
    incident = Incident(
        id=uuid7(),
        **command.model_dump(),
        status=Status.TRIGGERED,
        alert_count=0,
        firing_count=0,
        created_at=tx.now,
        updated_at=tx.now,
        version=1,
    )
    tx.session.add(incident)
    await tx.session.flush()
    add_entry(tx, incident.id, "incident_created", {"title": incident.title, "severity": incident.severity})
    tx.record(IncidentChanged(incident_id=incident.id, created=True))
    tx.record(IncidentTriggered(incident_id=incident.id))
    await usage.count_usage(tx, Metric.INCIDENTS, 1)
    await tx.session.refresh(incident)
    read = IncidentRead.of(incident)
    record(
        tx,
        IncidentOpened(incident_id=read.id, reference=read.reference, title=incident.title, severity=read.severity),
    )
    return read


async def list_incidents(tx: ReadTx, wanted: IncidentQuery) -> Page[IncidentRead]:
    tx.require(Permission.INCIDENTS_READ)
    rows, cursor = await page_incidents(tx, wanted, wanted.sort, wanted)
    total = await count_incidents(tx, wanted)
    return Page(items=rows, total=total, limit=wanted.size, offset=wanted.skip, next_cursor=cursor)


async def page_incidents(
    tx: ReadTx, wanted: IncidentFilter, sort: Sort, page: PageQuery
) -> tuple[list[IncidentRead], str | None]:
    tx.require(Permission.INCIDENTS_READ)
    rows, cursor = await queries.page(tx, wanted, sort, page)
    return [IncidentRead.of(row) for row in rows], cursor


def cursor_of(read: IncidentRead, sort: Sort) -> str:
    """The cursor that continues a list after this incident."""
    number = parse_reference(read.reference)
    assert isinstance(number, int)
    return encode_cursor(queries.cursor_key(sort, read, number))


async def count_incidents(tx: ReadTx, wanted: IncidentFilter) -> int:
    tx.require(Permission.INCIDENTS_READ)
    return await queries.count(tx, wanted)


async def get_incident(tx: ReadTx, reference: str) -> IncidentRead:
    """By id or ``INC-…``."""
    tx.require(Permission.INCIDENTS_READ)
    return IncidentRead.of(await queries.one(tx, reference))


async def get_incidents(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, IncidentRead]:
    """Those of the ids that exist."""
    tx.require(Permission.INCIDENTS_READ)
    return {key: IncidentRead.of(row) for key, row in (await queries.by_ids(tx, ids)).items()}


async def update_incident(tx: WriteTx, reference: str, patch: IncidentPatch, if_match: int | None) -> IncidentRead:
    """Change fields and, with ``status``, take one step of the state machine. A step to where it already is changes
    nothing.
    """
    tx.require(Permission.INCIDENTS_WRITE)
    incident = await queries.one(tx, reference, lock=True)
    if if_match is not None and if_match != incident.version:
        raise await _changed_meanwhile(tx, incident)
    changes = {name: value for name, value in patch if value is not MISSING}
    status: Status | None = changes.pop("status", None)
    moved = status is not None and status is not Status(incident.status)
    if status is not None and moved and not may_move(Status(incident.status), status):
        raise IllegalMove(Status(incident.status), status)
    with recorded_edit(tx, incident):
        if status is not None and moved:
            await _walk(tx, incident, [status])
        changed = [_set(tx, incident, name, value) for name, value in changes.items()]
        if moved and status is Status.RESOLVED and incident.resolved_by is None:
            incident.resolved_by = tx.actor.name
    if moved or any(changed):
        touch(tx, incident)
    await tx.session.flush()
    return IncidentRead.of(incident)


def _set(tx: WriteTx, incident: Incident, name: str, value: Any) -> bool:
    before = getattr(incident, name)
    if before == value:
        return False
    setattr(incident, name, value)
    add_entry(tx, incident.id, "field_changed", {"field": name, "from": before, "to": value})
    return True


async def _changed_meanwhile(tx: ReadTx, incident: Incident) -> ChangedMeanwhile:
    newest = await queries.newest_entry(tx, incident.id)
    who, what = (newest.actor, newest.event_type) if newest else ("somebody", "a change")
    return ChangedMeanwhile(reference_of(incident.number), who, what.replace("_", " "), incident.updated_at)


def _already_resolved(incident: Incident) -> AlreadyResolved:
    reference, status = reference_of(incident.number), Status(incident.status)
    return AlreadyResolved(reference, status, incident.resolved_by, incident.resolved_at)


async def _walk(tx: WriteTx, incident: Incident, steps: Sequence[Status], reason: str | None = None) -> None:
    for step in steps:
        move(tx, incident, step, reason)
    if steps and steps[-1] is Status.RESOLVED:
        await alerts.settle_alerts(tx, incident.id)
        incident.firing_count = 0


async def acknowledge_incident(tx: WriteTx, reference: str) -> IncidentRead:
    """Walk to ``acknowledged``; an incident that is further along stays where it is."""
    tx.require(Permission.INCIDENTS_WRITE)
    incident = await queries.one(tx, reference, lock=True)
    current = Status(incident.status)
    if current in ENDED:
        raise _already_resolved(incident)
    target = Status.INVESTIGATING if current is Status.REOPENED else Status.ACKNOWLEDGED
    steps = steps_to(current, target)
    if steps:
        with recorded_edit(tx, incident):
            await _walk(tx, incident, steps)
            if incident.assignee is None and tx.actor.kind == "user":
                _set(tx, incident, "assignee", tx.actor.name)
        touch(tx, incident)
        await tx.session.flush()
    return IncidentRead.of(incident)


async def resolve_incident(tx: WriteTx, reference: str, command: IncidentResolve) -> IncidentRead:
    """Walk to ``resolved``, recording every step; its alerts count as resolved too."""
    tx.require(Permission.INCIDENTS_WRITE)
    incident = await queries.one(tx, reference, lock=True)
    steps = steps_to(Status(incident.status), Status.RESOLVED)
    if not steps:
        raise _already_resolved(incident)
    with recorded_edit(tx, incident):
        await _walk(tx, incident, steps)
        incident.resolved_by = tx.actor.name
        if command.resolution:
            _set(tx, incident, "resolution_notes", command.resolution)
    touch(tx, incident)
    await tx.session.flush()
    return IncidentRead.of(incident)


async def snooze_incident(tx: WriteTx, reference: str, command: IncidentSnooze) -> IncidentRead:
    tx.require(Permission.INCIDENTS_WRITE)
    incident = await queries.one(tx, reference, lock=True)
    if Status(incident.status) in ENDED:
        raise _already_resolved(incident)
    # A duration of nothing is a duration, too: "0s" must be refused, not read as the longest.
    until = command.until if command.duration is None else tx.now + command.duration
    assert until is not None, "the command has one of them"
    if not tx.now < until <= tx.now + LONGEST_SNOOZE:
        message = "must lie in the next 30 days"
        field = "body.until" if command.until else "body.duration"
        raise Invalid(f"{field}: {message}", errors=[FieldError(field=field, message=message)])
    with recorded_edit(tx, incident):
        incident.snoozed_until = until
    add_entry(tx, incident.id, "snoozed", {"until": until.isoformat()})
    touch(tx, incident)
    await tx.session.flush()
    return IncidentRead.of(incident)


async def add_note(tx: WriteTx, reference: str, command: NoteCreate) -> TimelineRead:
    """A note set back in time is marked; one from the future is refused."""
    tx.require(Permission.INCIDENTS_WRITE)
    incident = await queries.one(tx, reference, lock=True)
    if command.occurred_at is not None and command.occurred_at > tx.now:
        raise Invalid(
            "body.occurred_at: lies in the future",
            errors=[FieldError(field="body.occurred_at", message="lies in the future")],
        )
    backdated = command.occurred_at is not None
    entry = add_entry(
        tx, incident.id, "note", {"text": command.text, "backdated": backdated}, occurred_at=command.occurred_at
    )
    tx.record(TimelineAdded(incident_id=incident.id))
    record(
        tx,
        IncidentNoted(incident_id=incident.id, reference=reference_of(incident.number), timeline_id=entry.id),
    )
    return TimelineRead.model_validate(entry)


async def list_timeline(tx: ReadTx, reference: str, wanted: TimelineQuery) -> Page[TimelineRead]:
    """Oldest first."""
    tx.require(Permission.INCIDENTS_READ)
    incident = await queries.one(tx, reference)
    rows, cursor = await queries.timeline(tx, incident.id, wanted.event_type, wanted)
    return Page(
        items=[TimelineRead.model_validate(row) for row in rows],
        total=await queries.count_timeline(tx, incident.id, wanted.event_type),
        limit=wanted.size,
        offset=wanted.skip,
        next_cursor=cursor,
    )


async def list_incident_alerts(tx: ReadTx, reference: str, page: PageQuery) -> Page[LinkedAlert]:
    """In the order in which they joined, each with the reason why."""
    tx.require(Permission.INCIDENTS_READ)
    incident = await queries.one(tx, reference)
    rows, cursor = await queries.linked_alerts(tx, incident.id, page)
    return Page(
        items=[linked(link, alert) for link, alert in rows],
        total=await queries.count_links(tx, incident.id),
        limit=page.size,
        offset=page.skip,
        next_cursor=cursor,
    )


async def get_first_links(tx: ReadTx, ids: Sequence[UUID], first: int) -> dict[UUID, list[LinkedAlert]]:
    tx.require(Permission.INCIDENTS_READ)
    found = await queries.links_of(tx, ids, first)
    return {key: [linked(link, alert) for link, alert in rows] for key, rows in found.items()}


async def get_first_entries(tx: ReadTx, ids: Sequence[UUID], first: int) -> dict[UUID, list[TimelineRead]]:
    tx.require(Permission.INCIDENTS_READ)
    found = await queries.timelines(tx, ids, first)
    return {key: [TimelineRead.model_validate(row) for row in rows] for key, rows in found.items()}


def linked(link: IncidentAlert, alert: Any) -> LinkedAlert:
    told = AlertRead.model_validate(alert).model_dump()
    return LinkedAlert(
        **told, rule=link.rule, reason=link.reason, confidence=round(link.confidence, 2), linked_at=link.linked_at
    )
