"""The verbs of alerts. Ingestion works on whole batches; people read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import update
from uuid_utils.compat import uuid7

from shared.pages import Page, PageQuery, encode_cursor
from shared.tx import ReadTx, WriteTx
from tenant_plane.alerts import queries
from tenant_plane.alerts.models import Alert
from tenant_plane.alerts.rules import SEVERITY_RANK, AlertStatus, Change, Severity, change_of
from tenant_plane.alerts.schemas import (
    AlertEvent,
    AlertEventRead,
    AlertFilter,
    AlertLink,
    AlertQuery,
    AlertRead,
    AlertsChanged,
    AlertState,
    AlertTotals,
    IncomingAlert,
    NoisyService,
    StoredEvent,
)
from tenant_plane.core.permissions import Permission
from tenant_plane.core.tenancy import as_json, raw_connection


async def list_alerts(tx: ReadTx, wanted: AlertQuery) -> Page[AlertRead]:
    """Newest first."""
    tx.require(Permission.ALERTS_READ)
    rows, cursor = await page_alerts(tx, wanted, wanted)
    total = await count_alerts(tx, wanted)
    return Page(items=rows, total=total, limit=wanted.size, offset=wanted.skip, next_cursor=cursor)


async def page_alerts(tx: ReadTx, wanted: AlertFilter, page: PageQuery) -> tuple[list[AlertRead], str | None]:
    tx.require(Permission.ALERTS_READ)
    rows, cursor = await queries.page(tx, wanted, page)
    return [AlertRead.model_validate(row) for row in rows], cursor


def cursor_of(alert: AlertRead) -> str:
    """The cursor that continues a list after this alert."""
    return encode_cursor(queries.cursor_key(alert))


async def count_alerts(tx: ReadTx, wanted: AlertFilter) -> int:
    tx.require(Permission.ALERTS_READ)
    return await queries.count(tx, wanted)


async def get_alert(tx: ReadTx, alert_id: UUID) -> AlertRead:
    tx.require(Permission.ALERTS_READ)
    return AlertRead.model_validate(await queries.one(tx, alert_id))


async def get_alerts(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, AlertRead]:
    """Those of the ids that exist."""
    tx.require(Permission.ALERTS_READ)
    return {key: AlertRead.model_validate(row) for key, row in (await queries.by_ids(tx, ids)).items()}


async def list_alert_events(tx: ReadTx, alert_id: UUID, page: PageQuery) -> Page[AlertEventRead]:
    """Oldest first: the raw events in the order they came."""
    tx.require(Permission.ALERTS_READ)
    await queries.one(tx, alert_id)
    rows, cursor = await queries.events_page(tx, alert_id, page)
    return Page(
        items=[AlertEventRead.model_validate(row) for row in rows],
        total=await queries.count_events(tx, alert_id),
        limit=page.size,
        offset=page.skip,
        next_cursor=cursor,
    )


async def get_totals(tx: ReadTx) -> AlertTotals:
    tx.require(Permission.ALERTS_READ)
    return await queries.totals(tx)


async def list_noisy_services(tx: ReadTx, first: int) -> list[NoisyService]:
    tx.require(Permission.ALERTS_READ)
    return await queries.noisy_services(tx, first)


async def store_events(tx: WriteTx, incoming: Sequence[IncomingAlert]) -> list[StoredEvent]:
    """Deduplicate a batch by fingerprint and write it set-wise; answers what each event did, in order.

    Runs under the tenant's ingest lock (ingest/service.py), so that a fingerprint unknown here is unknown everywhere.
    """
    tx.require(Permission.ALERTS_INGEST)
    connection = await raw_connection(tx)
    rows = await queries.states(connection, sorted({item.fingerprint for item in incoming}))
    touched = {row["fingerprint"]: Touched(_state(row)) for row in rows}
    stored = [_apply(touched, item, tx.now) for item in incoming]
    told = [alert for alert in touched.values() if alert.told is not None]
    await connection.execute(UPSERT, *_told_columns(told), tx.now)
    if silent := [alert for alert in touched.values() if alert.told is None]:
        await connection.execute(
            UPDATE, [a.state.id for a in silent], [a.state.status for a in silent], [a.ends_at for a in silent], tx.now
        )
    await connection.execute(INSERT_EVENTS, *_event_columns(stored, incoming), tx.now)
    tx.record(AlertsChanged(count=len(touched)))
    return stored


@dataclass(slots=True)
class Touched:
    """One alert while a batch passes over it. ``told`` is the event whose texts it takes, None when only its status
    moved.
    """

    state: AlertState
    told: AlertEvent | None = None
    fired_at: datetime | None = None
    ends_at: datetime | None = None
    occurrences: int = 0


def _state(row: asyncpg.Record) -> AlertState:
    return AlertState(
        id=row["id"],
        fingerprint=row["fingerprint"],
        status=AlertStatus(row["status"]),
        severity=Severity(row["severity"]),
        name=row["name"],
        source=row["source"],
        service=row["service"],
        environment=row["environment"],
        incident_id=row["incident_id"],
    )


def _unheard_of(item: IncomingAlert) -> AlertState:
    event = item.event
    return AlertState(
        id=uuid7(),
        fingerprint=item.fingerprint,
        status=None,
        severity=event.severity,
        name=event.name,
        source=event.source,
        service=event.service,
        environment=event.environment,
        incident_id=None,
    )


def _apply(touched: dict[str, Touched], item: IncomingAlert, now: datetime) -> StoredEvent:
    event = item.event
    alert = touched.setdefault(item.fingerprint, Touched(_unheard_of(item)))
    state, raised = alert.state, False
    change = change_of(state.status, event.action)
    if change in (Change.FIRED, Change.REPEATED):
        raised = change is Change.REPEATED and SEVERITY_RANK[event.severity] < SEVERITY_RANK[state.severity]
        state.name, state.source, state.severity = event.name, event.source, event.severity
        state.service, state.environment, state.status = event.service, event.environment, AlertStatus.FIRING
        alert.told, alert.ends_at = event, None
        alert.occurrences += 1
    if change is Change.FIRED:
        alert.fired_at = event.occurred_at
    elif change is Change.RESOLVED:
        state.status, alert.ends_at = AlertStatus.RESOLVED, event.ended_at or now
    elif state.status is None:
        state.status, alert.told, alert.ends_at, alert.occurrences = (
            AlertStatus.RESOLVED,
            event,
            event.ended_at or now,
            1,
        )
    return StoredEvent(event, state, change, raised)


def _told_columns(told: Sequence[Touched]) -> list[list[object]]:
    events = [(alert.told, alert) for alert in told if alert.told is not None]
    return [
        [alert.state.id for _, alert in events],
        [alert.state.fingerprint for _, alert in events],
        [alert.state.status for _, alert in events],
        [event.source for event, _ in events],
        [event.name for event, _ in events],
        [event.description for event, _ in events],
        [event.severity for event, _ in events],
        [event.service for event, _ in events],
        [event.environment for event, _ in events],
        [as_json(event.labels) for event, _ in events],
        [as_json(event.annotations) for event, _ in events],
        [event.url for event, _ in events],
        [as_json(event.warnings) for event, _ in events],
        [alert.occurrences for _, alert in events],
        [alert.fired_at or event.occurred_at for event, alert in events],
        [alert.fired_at is not None for _, alert in events],
        [alert.ends_at for _, alert in events],
    ]


UPSERT = """
with told as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::timestamptz[], $16::bool[],
        $17::timestamptz[])
    as t (id, fingerprint, status, source, name, description, severity, service, environment, labels, annotations, url,
        warnings, occurrences, starts_at, fired, ends_at)
), updated as (
    update alerts a set status = t.status, source = t.source, name = t.name, description = t.description,
        severity = t.severity, service = t.service, environment = t.environment, labels = t.labels::jsonb,
        annotations = t.annotations::jsonb, url = t.url,
        warnings = array(select jsonb_array_elements_text(t.warnings::jsonb)),
        occurrences = a.occurrences + t.occurrences, last_seen_at = $18, ends_at = t.ends_at,
        starts_at = case when t.fired then t.starts_at else a.starts_at end
    from told t where a.id = t.id returning a.id
)
insert into alerts (id, fingerprint, status, source, name, description, severity, service, environment, labels,
    annotations, url, warnings, occurrences, first_seen_at, last_seen_at, starts_at, ends_at)
select id, fingerprint, status, source, name, description, severity, service, environment, labels::jsonb,
    annotations::jsonb, url, array(select jsonb_array_elements_text(warnings::jsonb)), occurrences, $18, $18, starts_at,
    ends_at
from told where id not in (select id from updated)
"""

UPDATE = """
update alerts a set status = n.status, ends_at = coalesce(n.ends_at, a.ends_at), last_seen_at = $4
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n (id, status, ends_at) where a.id = n.id
"""


def _event_columns(stored: Sequence[StoredEvent], incoming: Sequence[IncomingAlert]) -> list[list[object]]:
    return [
        [uuid7() for _ in stored],
        [item.alert.id for item in stored],
        [item.event.action for item in stored],
        [item.change for item in stored],
        [item.sender for item in incoming],
        [item.event.occurred_at for item in stored],
        [as_json(item.event.raw) for item in stored],
    ]


INSERT_EVENTS = """
insert into alert_events (id, alert_id, action, change, sender, occurred_at, raw, received_at)
select e.id, e.alert_id, e.action, e.change, e.sender, e.occurred_at, e.raw::jsonb, $8
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
    as e (id, alert_id, action, change, sender, occurred_at, raw)
"""


async def link_alerts(tx: WriteTx, links: Sequence[AlertLink]) -> None:
    """Write down which incident each alert now belongs to, and why."""
    tx.require(Permission.ALERTS_INGEST)
    connection = await raw_connection(tx)
    await connection.execute(
        LINK,
        [link.alert_id for link in links],
        [link.incident_id for link in links],
        [link.incident_reference for link in links],
        [link.rule for link in links],
        [link.reason for link in links],
    )


LINK = """
update alerts a set incident_id = l.incident_id, incident_reference = l.reference, link_rule = l.rule,
    link_reason = l.reason
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
    as l (alert_id, incident_id, reference, rule, reason)
where a.id = l.alert_id
"""


async def settle_alerts(tx: WriteTx, incident_id: UUID) -> int:
    """A person ended the incident: its firing alerts count as resolved, so that the next trigger opens a new one."""
    tx.require(Permission.INCIDENTS_WRITE)
    settled = await tx.session.execute(
        update(Alert)
        .where(Alert.incident_id == incident_id, Alert.status == AlertStatus.FIRING)
        .values(status=AlertStatus.RESOLVED, ends_at=tx.now)
        .returning(Alert.id)
    )
    count = len(settled.all())
    if count:
        tx.record(AlertsChanged(count=count))
    return count
