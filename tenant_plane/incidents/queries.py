"""Every SELECT on incidents."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from sqlalchemy import Row, Select, exists, func, literal, or_, select, text, true, tuple_
from sqlalchemy.sql.elements import ColumnElement

from shared.pages import TIME_AND_ID, Number, PageQuery, cut, position
from shared.tx import ReadTx
from tenant_plane.alerts.models import Alert
from tenant_plane.alerts.rules import SEVERITY_RANK, Severity
from tenant_plane.incidents.errors import IncidentNotFound
from tenant_plane.incidents.models import Incident, IncidentAlert, TimelineEntry
from tenant_plane.incidents.rules import ATTENTION, STATES, Status, parse_reference
from tenant_plane.incidents.schemas import (
    DailyResponse,
    IncidentFilter,
    IncidentRead,
    OpenSummary,
    ResponsePeriod,
    Sort,
)

T = TypeVar("T")
COLUMNS = tuple(Incident.__table__.columns)
"""Lists read rows, not entities: nothing of them is changed, and tracking thousands costs more than reading them."""


async def one(tx: ReadTx, reference: str, *, lock: bool = False) -> Incident:
    """By id or by ``INC-…``; raises IncidentNotFound."""
    key = parse_reference(reference)
    if key is None:
        raise IncidentNotFound(reference)
    statement = select(Incident).where(Incident.number == key if isinstance(key, int) else Incident.id == key)
    incident = (await tx.session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if incident is None:
        raise IncidentNotFound(reference)
    return incident


async def by_ids(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, Incident]:
    return {row.id: row for row in await tx.session.scalars(select(Incident).where(Incident.id.in_(ids)))}


def _filtered(statement: Select[T], wanted: IncidentFilter) -> Select[T]:
    if wanted.status:
        statement = statement.where(Incident.status.in_(wanted.status))
    if wanted.state is not None:
        statement = statement.where(Incident.status.in_(STATES[wanted.state]))
    if wanted.severity:
        statement = statement.where(Incident.severity.in_(wanted.severity))
    for column, values in (
        (Incident.service, wanted.service),
        (Incident.source, wanted.source),
        (Incident.assignee, wanted.assignee),
    ):
        if values:
            statement = statement.where(column.in_(values))
    for word in (wanted.q or "").split():
        number = parse_reference(word)
        hits: list[ColumnElement[bool]] = [
            column.icontains(word, autoescape=True)
            for column in (Incident.title, Incident.description, Incident.service)
        ]
        if isinstance(number, int):
            hits.append(Incident.number == number)
        statement = statement.where(or_(*hits))
    return statement


SORT_KEYS: dict[Sort, tuple[tuple[Any, ...], TypeAdapter[Any]]] = {
    Sort.ATTENTION: (
        (Incident.attention, Incident.severity_rank, -Incident.number),
        TypeAdapter(tuple[Number, Number, Number]),
    ),
    Sort.NEWEST: ((-Incident.number,), TypeAdapter(tuple[Number])),
    Sort.UPDATED: ((Incident.updated_at, Incident.id), TIME_AND_ID),
}
"""Columns, all in one direction, and the types that a cursor must have."""


async def page(
    tx: ReadTx, wanted: IncidentFilter, sort: Sort, page: PageQuery
) -> tuple[Sequence[Row[Any]], str | None]:
    keys, types = SORT_KEYS[sort]
    newest_first = sort is Sort.UPDATED
    statement = _filtered(select(*COLUMNS), wanted).order_by(*(key.desc() if newest_first else key for key in keys))
    if page.after:
        after = tuple_(*(literal(value) for value in position(page.after, types)))
        statement = statement.where(tuple_(*keys) < after if newest_first else tuple_(*keys) > after)
    rows = (await tx.session.execute(statement.offset(page.skip).limit(page.size + 1))).all()
    return cut(rows, page.size, lambda row: cursor_key(sort, row, row.number))


def cursor_key(sort: Sort, incident: Row[Any] | IncidentRead, number: int) -> list[object]:
    """The sort key of one incident, as the columns of the same names compute it."""
    if sort is Sort.UPDATED:
        return [incident.updated_at.isoformat(), incident.id]
    if sort is Sort.NEWEST:
        return [-number]
    return [ATTENTION[Status(incident.status)], SEVERITY_RANK[Severity(incident.severity)], -number]


async def count(tx: ReadTx, wanted: IncidentFilter) -> int:
    return await tx.session.scalar(_filtered(select(func.count()).select_from(Incident), wanted)) or 0


async def timeline(
    tx: ReadTx, incident_id: UUID, event_types: Sequence[str], page: PageQuery
) -> tuple[Sequence[TimelineEntry], str | None]:
    statement = select(TimelineEntry).where(TimelineEntry.incident_id == incident_id)
    if event_types:
        statement = statement.where(TimelineEntry.event_type.in_(event_types))
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_ID))
        statement = statement.where(tuple_(TimelineEntry.occurred_at, TimelineEntry.id) > tuple_(*after))
    ordered = statement.order_by(TimelineEntry.occurred_at, TimelineEntry.id).offset(page.skip).limit(page.size + 1)
    rows = (await tx.session.scalars(ordered)).all()
    return cut(rows, page.size, lambda row: [row.occurred_at.isoformat(), row.id])


async def count_timeline(tx: ReadTx, incident_id: UUID, event_types: Sequence[str]) -> int:
    statement = select(func.count()).select_from(TimelineEntry).where(TimelineEntry.incident_id == incident_id)
    if event_types:
        statement = statement.where(TimelineEntry.event_type.in_(event_types))
    return await tx.session.scalar(statement) or 0


async def newest_entry(tx: ReadTx, incident_id: UUID) -> TimelineEntry | None:
    statement = select(TimelineEntry).where(TimelineEntry.incident_id == incident_id)
    return await tx.session.scalar(
        statement.order_by(TimelineEntry.created_at.desc(), TimelineEntry.id.desc()).limit(1)
    )


async def timelines(tx: ReadTx, ids: Sequence[UUID], first: int) -> dict[UUID, list[TimelineEntry]]:
    """The first entries of many incidents in one statement."""
    place = func.row_number().over(
        partition_by=TimelineEntry.incident_id, order_by=(TimelineEntry.occurred_at, TimelineEntry.id)
    )
    inner = select(TimelineEntry.id, place.label("place")).where(TimelineEntry.incident_id.in_(ids)).subquery()
    statement = (
        select(TimelineEntry)
        .join(inner, inner.c.id == TimelineEntry.id)
        .where(inner.c.place <= first)
        .order_by(TimelineEntry.incident_id, TimelineEntry.occurred_at, TimelineEntry.id)
    )
    found: dict[UUID, list[TimelineEntry]] = {key: [] for key in ids}
    for entry in await tx.session.scalars(statement):
        found[entry.incident_id].append(entry)
    return found


async def linked_alerts(
    tx: ReadTx, incident_id: UUID, page: PageQuery
) -> tuple[Sequence[tuple[IncidentAlert, Alert]], str | None]:
    statement = (
        select(IncidentAlert, Alert)
        .join(Alert, Alert.id == IncidentAlert.alert_id)
        .where(IncidentAlert.incident_id == incident_id)
        .order_by(IncidentAlert.linked_at, IncidentAlert.alert_id)
    )
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_ID))
        statement = statement.where(tuple_(IncidentAlert.linked_at, IncidentAlert.alert_id) > tuple_(*after))
    rows = (await tx.session.execute(statement.offset(page.skip).limit(page.size + 1))).all()
    return cut(rows, page.size, lambda row: [row[0].linked_at.isoformat(), row[0].alert_id])


async def links_of(tx: ReadTx, ids: Sequence[UUID], first: int) -> dict[UUID, list[tuple[IncidentAlert, Alert]]]:
    """The first alerts of many incidents in one statement."""
    place = func.row_number().over(
        partition_by=IncidentAlert.incident_id, order_by=(IncidentAlert.linked_at, IncidentAlert.alert_id)
    )
    inner = (
        select(IncidentAlert.incident_id, IncidentAlert.alert_id, place.label("place"))
        .where(IncidentAlert.incident_id.in_(ids))
        .subquery()
    )
    statement = (
        select(IncidentAlert, Alert)
        .join(inner, (inner.c.incident_id == IncidentAlert.incident_id) & (inner.c.alert_id == IncidentAlert.alert_id))
        .join(Alert, Alert.id == IncidentAlert.alert_id)
        .where(inner.c.place <= first)
        .order_by(IncidentAlert.incident_id, IncidentAlert.linked_at, IncidentAlert.alert_id)
    )
    found: dict[UUID, list[tuple[IncidentAlert, Alert]]] = {key: [] for key in ids}
    for link, alert in await tx.session.execute(statement):
        found[link.incident_id].append((link, alert))
    return found


async def count_links(tx: ReadTx, incident_id: UUID) -> int:
    statement = select(func.count()).select_from(IncidentAlert).where(IncidentAlert.incident_id == incident_id)
    return await tx.session.scalar(statement) or 0


CANDIDATES = """
select id, number, title, status, severity, group_key, source, alert_count, firing_count, last_alert_at
from incidents
where id = any($1) or (group_key = any($2) and status not in ('resolved', 'closed'))
order by id for update
"""


async def candidates(connection: asyncpg.Connection, ids: Sequence[UUID], keys: Sequence[str]) -> list[asyncpg.Record]:
    """The incidents a batch of alerts may touch, locked in one order."""
    return await connection.fetch(CANDIDATES, ids, keys)


async def due_snoozes(tx: ReadTx, limit: int) -> Sequence[Incident]:
    statement = select(Incident).where(Incident.snoozed_until <= tx.now).order_by(Incident.snoozed_until).limit(limit)
    return (await tx.session.scalars(statement.with_for_update(skip_locked=True))).all()


async def has_due_snoozes(tx: ReadTx) -> bool:
    statement = select(exists().where(Incident.snoozed_until <= tx.now))
    return bool(await tx.session.scalar(statement))


async def neighbours(tx: ReadTx, incident: Incident, within: timedelta, limit: int) -> Sequence[Incident]:
    """Unresolved incidents that began shortly before or after, nearest first."""
    distance = func.abs(func.extract("epoch", Incident.created_at - literal(incident.created_at)))
    statement = (
        select(Incident)
        .where(
            Incident.id != incident.id,
            Incident.status.in_(STATES_ACTIVE),
            Incident.created_at.between(incident.created_at - within, incident.created_at + within),
            # Another environment's trouble is not related, whatever the hour; an unknown one may be.
            or_(Incident.environment == incident.environment, Incident.environment.is_(None))
            if incident.environment
            else true(),
        )
        .order_by(distance, Incident.number)
        .limit(limit)
    )
    return (await tx.session.scalars(statement)).all()


STATES_ACTIVE = [status for status in Status if status not in (Status.RESOLVED, Status.CLOSED)]


async def open_summary(tx: ReadTx) -> OpenSummary:
    rows = await tx.session.execute(
        select(Incident.severity, Incident.attention, func.count())
        .where(Incident.status.in_(STATES_ACTIVE))
        .group_by(Incident.severity, Incident.attention)
    )
    counts = rows.all()
    by_severity = {severity: sum(n for word, _, n in counts if word == severity) for severity in Severity}
    severe = or_(Incident.severity == Severity.CRITICAL, Incident.severity == Severity.HIGH)
    last_opened, quiet_since, recent = (
        await tx.session.execute(
            select(
                select(func.max(Incident.created_at)).scalar_subquery(),
                select(func.max(Incident.resolved_at)).where(severe).scalar_subquery(),
                select(func.count()).where(Incident.created_at > tx.now - timedelta(hours=24)).scalar_subquery(),
            )
        )
    ).one()
    severe_open = by_severity[Severity.CRITICAL] + by_severity[Severity.HIGH]
    return OpenSummary(
        by_severity=by_severity,
        not_acknowledged=sum(n for _, attention, n in counts if attention == 1),
        last_opened_at=last_opened,
        quiet_since=None if severe_open else quiet_since,
        opened_24h=recent,
    )


DAILY = text("""
    select date_trunc('day', created_at at time zone 'UTC') as day, count(*) as incidents,
        percentile_cont(0.5) within group (order by extract(epoch from acknowledged_at - created_at)) as mtta_median,
        percentile_cont(0.9) within group (order by extract(epoch from acknowledged_at - created_at)) as mtta_p90,
        percentile_cont(0.5) within group (order by extract(epoch from resolved_at - created_at)) as mttr_median,
        percentile_cont(0.9) within group (order by extract(epoch from resolved_at - created_at)) as mttr_p90
    from incidents where created_at > :since group by 1 order by 1
""")
PERIOD = text("""
    select count(*) as incidents, count(acknowledged_at) as acknowledged, count(resolved_at) as resolved,
        percentile_cont(0.5) within group (order by extract(epoch from acknowledged_at - created_at)) as mtta_median,
        percentile_cont(0.5) within group (order by extract(epoch from resolved_at - created_at)) as mttr_median
    from incidents where created_at > :since and created_at <= :until
""")


async def daily_response(tx: ReadTx, days: int) -> list[DailyResponse]:
    """Days in UTC by when the incident began. Percentiles pass over incidents that have no such time yet."""
    rows = await tx.session.execute(DAILY, {"since": tx.now - timedelta(days=days)})
    return [DailyResponse(r.day, r.incidents, r.mtta_median, r.mtta_p90, r.mttr_median, r.mttr_p90) for r in rows]


async def response_period(tx: ReadTx, since: datetime, until: datetime) -> ResponsePeriod:
    row = (await tx.session.execute(PERIOD, {"since": since, "until": until})).one()
    return ResponsePeriod(row.incidents, row.acknowledged, row.resolved, row.mtta_median, row.mttr_median)
