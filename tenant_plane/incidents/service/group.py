"""Alerts become incidents: a batch is loaded, decided in memory and written set-wise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shared.contracts.usage import Metric
from shared.tx import WriteTx
from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.rules import Change, Severity
from tenant_plane.alerts.schemas import AlertLink, StoredEvent
from tenant_plane.core.permissions import Permission
from tenant_plane.core.tenancy import as_json, raw_connection
from tenant_plane.incidents import queries
from tenant_plane.incidents.rules import ENDED, Status, rule_for
from tenant_plane.incidents.rules.placing import Batch, Candidate, Entry, Joining, decide, sentence
from tenant_plane.incidents.schemas import IncidentChanged, IncidentTriggered, Placement
from tenant_plane.usage import service as usage


async def apply_alerts(tx: WriteTx, stored: Sequence[StoredEvent]) -> list[Placement]:
    """Answers one placement per event, in order. What is decided, and why, stands in ``rules/placing.py``."""
    tx.require(Permission.ALERTS_INGEST)
    connection = await raw_connection(tx)
    batch = await _load(connection, stored, tx.now)
    decide(batch, stored)
    await _write(tx, connection, batch)
    return [_placement(incident, joining) for incident, joining in batch.placed]


async def _load(connection: asyncpg.Connection, stored: Sequence[StoredEvent], now: datetime) -> Batch:
    ids = {item.alert.incident_id for item in stored if item.alert.incident_id is not None}
    keys = {rule_for(item.event)[1] for item in stored if item.change is Change.FIRED}
    batch = Batch(now, {}, {})
    for row in await queries.candidates(connection, sorted(ids), sorted(keys)):
        incident = Candidate(
            id=row["id"],
            number=row["number"],
            title=row["title"],
            status=Status(row["status"]),
            severity=Severity(row["severity"]),
            group_key=row["group_key"],
            source=row["source"],
            service=None,
            environment=None,
            description="",
            alert_count=row["alert_count"],
            firing_count=row["firing_count"],
            last_alert_at=row["last_alert_at"],
        )
        batch.by_id[incident.id] = incident
        if incident.group_key and incident.status not in ENDED:
            other = batch.by_key.get(incident.group_key)
            if other is None or (incident.last_alert_at or now) > (other.last_alert_at or now):
                batch.by_key[incident.group_key] = incident
    return batch


def _placement(incident: Candidate | None, joining: Joining | None) -> Placement:
    return Placement(
        incident_id=incident.id if incident else None,
        reference=incident.reference if incident else None,
        created=joining is not None and joining.last_alert_at is None,
        rule=joining.rule_name if joining else None,
        joined=joining is not None and joining.last_alert_at is not None,
    )


async def _write(tx: WriteTx, connection: asyncpg.Connection, batch: Batch) -> None:
    created = [incident for incident in batch.by_id.values() if incident.created]
    known = [incident for incident in batch.by_id.values() if not incident.created]
    changed = [incident for incident in known if incident.changed]
    heard = [incident for incident in known if incident.changed or incident.heard]
    if created:
        await _insert_incidents(connection, created, tx.now)
        # Whatever the plan says: an outage is never hidden, only counted.
        await usage.count_usage(tx, Metric.INCIDENTS, len(created))
    if batch.joinings:
        await _insert_links(tx, connection, batch)
    if heard or created:
        await _update_incidents(connection, [*created, *heard], tx.now)
    await _insert_entries(connection, batch, created, tx.now)
    for incident in created:
        tx.record(IncidentChanged(incident_id=incident.id, created=True))
        tx.record(IncidentTriggered(incident_id=incident.id))
    for incident in changed:
        tx.record(IncidentChanged(incident_id=incident.id))


async def _insert_incidents(connection: asyncpg.Connection, created: Sequence[Candidate], now: datetime) -> None:
    rows = await connection.fetch(
        INSERT_INCIDENTS,
        [incident.id for incident in created],
        [incident.title for incident in created],
        [incident.severity for incident in created],
        [incident.source for incident in created],
        [incident.service for incident in created],
        [incident.environment for incident in created],
        [incident.group_key for incident in created],
        now,
        [incident.description for incident in created],
    )
    numbers = {row["id"]: row["number"] for row in rows}
    for incident in created:
        incident.number = numbers[incident.id]


INSERT_INCIDENTS = """
insert into incidents (id, title, severity, status, source, service, environment, group_key, description,
    created_at, updated_at, version)
select i.id, i.title, i.severity, 'triggered', i.source, i.service, i.environment, i.group_key, i.description,
    $8, $8, 0
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $9::text[])
    with ordinality as i (id, title, severity, source, service, environment, group_key, description, n)
order by i.n
returning id, number
"""


async def _insert_links(tx: WriteTx, connection: asyncpg.Connection, batch: Batch) -> None:
    links: dict[tuple[UUID, UUID], AlertLink] = {}
    for joining in batch.joinings:
        incident, item = joining.incident, joining.stored
        reason = sentence(joining, batch.now)
        link = AlertLink(item.alert.id, incident.id, incident.reference, joining.rule_name, reason, joining.confidence)
        if (incident.id, item.alert.id) not in links:
            links[(incident.id, item.alert.id)] = link
            payload = {"alert_id": str(item.alert.id), "name": item.event.name, "rule": link.rule, "reason": reason}
            batch.entries.append(Entry(incident, "alert_linked", payload, f"source:{item.event.source}"))
    await alerts.link_alerts(tx, list(links.values()))
    added = await connection.fetch(
        INSERT_LINKS,
        [link.incident_id for link in links.values()],
        [link.alert_id for link in links.values()],
        [link.rule for link in links.values()],
        [link.reason for link in links.values()],
        [link.confidence for link in links.values()],
        tx.now,
    )
    for row in added:  # an alert that comes back to a reopened incident is in it already
        batch.by_id[row["incident_id"]].alert_count += 1


INSERT_LINKS = """
insert into incident_alerts (incident_id, alert_id, rule, reason, confidence, linked_at)
select l.incident_id, l.alert_id, l.rule, l.reason, l.confidence, $6
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::real[])
    as l (incident_id, alert_id, rule, reason, confidence)
on conflict (incident_id, alert_id) do nothing returning incident_id
"""


async def _update_incidents(connection: asyncpg.Connection, incidents: Sequence[Candidate], now: datetime) -> None:
    await connection.execute(
        UPDATE_INCIDENTS,
        [incident.id for incident in incidents],
        [incident.severity for incident in incidents],
        [incident.status for incident in incidents],
        [incident.alert_count for incident in incidents],
        [max(0, incident.firing_count) for incident in incidents],
        [incident.last_alert_at for incident in incidents],
        [incident.acknowledged for incident in incidents],
        [incident.resolved for incident in incidents],
        [f"source:{incident.source}" for incident in incidents],
        [incident.changed for incident in incidents],
        [incident.edited or incident.created for incident in incidents],
        now,
    )


UPDATE_INCIDENTS = """
update incidents i set severity = n.severity, status = n.status, alert_count = n.alert_count,
    firing_count = n.firing_count, last_alert_at = n.last_alert_at,
    acknowledged_at = case when n.acknowledged then coalesce(i.acknowledged_at, $12) else i.acknowledged_at end,
    resolved_at = case when n.resolved then $12 else i.resolved_at end,
    resolved_by = case when n.resolved then n.resolved_by else i.resolved_by end,
    snoozed_until = case when n.resolved then null else i.snoozed_until end,
    updated_at = case when n.changed then $12 else i.updated_at end,
    version = i.version + case when n.edited then 1 else 0 end
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::timestamptz[], $7::bool[], $8::bool[],
    $9::text[], $10::bool[], $11::bool[])
    as n (id, severity, status, alert_count, firing_count, last_alert_at, acknowledged, resolved, resolved_by, changed,
        edited)
where i.id = n.id
"""


async def _insert_entries(
    connection: asyncpg.Connection, batch: Batch, created: Sequence[Candidate], now: datetime
) -> None:
    births = [
        Entry(
            incident, "incident_created", {"title": incident.title, "severity": incident.severity}, "opsplane", "system"
        )
        for incident in created
    ]
    # Linking comes before moving: a reader wants to see what fired before what became of it.
    links = [entry for entry in batch.entries if entry.event_type == "alert_linked"]
    entries = births + links + [entry for entry in batch.entries if entry.event_type != "alert_linked"]
    if entries:
        await connection.execute(
            INSERT_ENTRIES,
            [uuid7() for _ in entries],
            [entry.incident.id for entry in entries],
            [entry.event_type for entry in entries],
            [entry.actor for entry in entries],
            [entry.actor_kind for entry in entries],
            [as_json(entry.payload) for entry in entries],
            now,
        )


INSERT_ENTRIES = """
insert into incident_timeline (id, incident_id, event_type, actor, actor_kind, payload, occurred_at, created_at)
select e.id, e.incident_id, e.event_type, e.actor, e.actor_kind, e.payload::jsonb, $7, $7
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
    as e (id, incident_id, event_type, actor, actor_kind, payload)
"""
