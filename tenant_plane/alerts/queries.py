"""Every SELECT on alerts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import Row, Select, and_, func, literal, or_, select, text, tuple_

from shared.errors import FieldError, Invalid
from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx
from tenant_plane.alerts.errors import AlertNotFound
from tenant_plane.alerts.models import Alert, AlertEventRow
from tenant_plane.alerts.schemas import AlertFilter, AlertRead, AlertTotals, NoisyService

T = TypeVar("T")
COLUMNS = tuple(Alert.__table__.columns)
"""Lists read rows, not entities: nothing of them is changed, and tracking thousands costs more than reading them."""
STATES = """
select id, fingerprint, status, severity, name, source, service, environment, incident_id
from alerts where fingerprint = any($1) order by fingerprint for update
"""


async def states(connection: asyncpg.Connection, fingerprints: Sequence[str]) -> list[asyncpg.Record]:
    """Locked in the order of their fingerprints, so that two batches never wait for each other in a circle."""
    return await connection.fetch(STATES, fingerprints)


async def one(tx: ReadTx, alert_id: UUID) -> Alert:
    alert = await tx.session.get(Alert, alert_id)
    if alert is None:
        raise AlertNotFound(alert_id)
    return alert


def _filtered(statement: Select[T], wanted: AlertFilter) -> Select[T]:
    if wanted.status:
        statement = statement.where(Alert.status.in_(wanted.status))
    if wanted.severity:
        statement = statement.where(Alert.severity.in_(wanted.severity))
    if wanted.source:
        statement = statement.where(Alert.source.in_(wanted.source))
    if wanted.service:
        statement = statement.where(Alert.service.in_(wanted.service))
    if wanted.incident_id is not None:
        statement = statement.where(Alert.incident_id == wanted.incident_id)
    if wanted.label:
        statement = statement.where(Alert.labels.contains(dict(_label(pair) for pair in wanted.label)))
    for word in (wanted.q or "").split():
        statement = statement.where(
            or_(*(column.icontains(word, autoescape=True) for column in (Alert.name, Alert.service, Alert.description)))
        )
    return statement


def _label(pair: str) -> tuple[str, str]:
    key, colon, value = pair.partition(":")
    if not colon:
        raise Invalid(
            "query.label: must look like key:value",
            errors=[FieldError(field="query.label", message="must look like key:value")],
        )
    return key, value


async def page(tx: ReadTx, wanted: AlertFilter, page: PageQuery) -> tuple[Sequence[Row[Any]], str | None]:
    statement = _filtered(select(*COLUMNS), wanted).order_by(Alert.last_seen_at.desc(), Alert.id.desc())
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_ID))
        statement = statement.where(tuple_(Alert.last_seen_at, Alert.id) < tuple_(*after))
    rows = (await tx.session.execute(statement.offset(page.skip).limit(page.size + 1))).all()
    return cut(rows, page.size, cursor_key)


def cursor_key(alert: Row[Any] | AlertRead) -> list[object]:
    return [alert.last_seen_at.isoformat(), alert.id]


async def count(tx: ReadTx, wanted: AlertFilter) -> int:
    return await tx.session.scalar(_filtered(select(func.count()).select_from(Alert), wanted)) or 0


async def events_page(tx: ReadTx, alert_id: UUID, page: PageQuery) -> tuple[Sequence[AlertEventRow], str | None]:
    statement = select(AlertEventRow).where(AlertEventRow.alert_id == alert_id)
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_ID))
        statement = statement.where(tuple_(AlertEventRow.received_at, AlertEventRow.id) > tuple_(*after))
    ordered = statement.order_by(AlertEventRow.received_at, AlertEventRow.id).offset(page.skip).limit(page.size + 1)
    rows = (await tx.session.scalars(ordered)).all()
    return cut(rows, page.size, lambda row: [row.received_at.isoformat(), row.id])


async def count_events(tx: ReadTx, alert_id: UUID) -> int:
    statement = select(func.count()).select_from(AlertEventRow).where(AlertEventRow.alert_id == alert_id)
    return await tx.session.scalar(statement) or 0


async def by_ids(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, Alert]:
    return {alert.id: alert for alert in await tx.session.scalars(select(Alert).where(Alert.id.in_(ids)))}


async def totals(tx: ReadTx) -> AlertTotals:
    since = tx.now - timedelta(hours=24)
    firing = await tx.session.scalar(select(func.count()).select_from(Alert).where(Alert.status == "firing"))
    recent = await tx.session.execute(TOTALS, {"since": since})
    rows = recent.all()
    return AlertTotals(
        firing=firing or 0,
        events_24h=sum(row.events for row in rows),
        duplicates_24h=sum(row.repeated for row in rows),
        by_source=[(row.source, row.last_event_at, row.events) for row in rows],
    )


TOTALS = text("""
    select a.source, max(e.received_at) as last_event_at, count(*) as events,
        count(*) filter (where e.change = 'repeated') as repeated
    from alert_events e join alerts a on a.id = e.alert_id
    where e.received_at > :since group by a.source order by a.source
""")


async def noisy_services(tx: ReadTx, first: int) -> list[NoisyService]:
    """Services by the alerts they sent in the last 7 days."""
    since = tx.now - timedelta(days=7)
    short = and_(Alert.status == "resolved", Alert.ends_at - Alert.starts_at <= timedelta(minutes=5))
    statement = (
        select(
            Alert.service,
            func.sum(Alert.occurrences),
            func.count(Alert.incident_id.distinct()),
            func.count().filter(short),
        )
        .where(Alert.service.is_not(None), Alert.last_seen_at > since)
        .group_by(Alert.service)
        .order_by(func.sum(Alert.occurrences).desc(), Alert.service)
        .limit(first)
    )
    return [
        NoisyService(service or "", int(n), incidents, quick)
        for service, n, incidents, quick in await tx.session.execute(statement)
    ]
