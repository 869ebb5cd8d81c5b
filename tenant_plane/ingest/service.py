"""The verbs of ingestion. A batch is stored, grouped and answered in one transaction; what can't be read is kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from pydantic_core import from_json
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.rules import Change, fingerprint_of
from tenant_plane.alerts.schemas import IncomingAlert, StoredEvent
from tenant_plane.core.permissions import Permission
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.schemas import Placement
from tenant_plane.ingest import queries
from tenant_plane.ingest.adapters import UnreadablePayload, adapter_for
from tenant_plane.ingest.errors import AlreadyReplayed, StillUnreadable
from tenant_plane.ingest.models import DeadLetter
from tenant_plane.ingest.schemas import AlertOutcome, DeadLetterRead, SourceHealth

log = structlog.get_logger()
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LOCK = text("select pg_advisory_xact_lock(hashtext('ingest ' || current_schema()))")


def read_payload(source: str, raw: bytes, *, sender: str, received_at: datetime) -> list[IncomingAlert]:
    """From a sender's bytes to alerts; raises UnreadablePayload, with the reason, when there is none in them."""
    name, adapter = adapter_for(source)
    try:
        payload = from_json(raw.removeprefix(BYTE_ORDER_MARK), allow_inf_nan=False)
    except ValueError as error:
        raise UnreadablePayload(f"not JSON: {error}") from None
    return [
        IncomingAlert(fingerprint_of(name, event.dedup_fields), event, sender)
        for event in adapter(payload, received_at)
    ]


async def ingest_alerts(tx: WriteTx, incoming: Sequence[IncomingAlert]) -> list[AlertOutcome]:
    """Store and group a batch; one outcome per alert, in order.

    One batch of a tenant at a time, across processes: two at once could open two incidents for the same outage.
    Throughput comes from the size of the batches (batcher.py), not from their number.
    """
    tx.require(Permission.ALERTS_INGEST)
    await tx.session.execute(LOCK)
    stored = await alerts.store_events(tx, incoming)
    placements = await incidents.apply_alerts(tx, stored)
    return [_outcome(item, place) for item, place in zip(stored, placements, strict=True)]


def _outcome(item: StoredEvent, place: Placement) -> AlertOutcome:
    return AlertOutcome(
        alert_id=item.alert.id,
        fingerprint=item.alert.fingerprint,
        change=item.change,
        deduplicated=item.change is Change.REPEATED,
        incident_id=place.incident_id,
        incident_reference=place.reference,
        rule=place.rule,
        group_id=place.incident_id if place.joined else None,
        warnings=list(item.event.warnings),
    )


async def keep_dead_letter(tx: WriteTx, *, source: str, sender: str, raw: bytes, error: str) -> UUID:
    """Keep a body that no adapter could read, as text that Postgres can hold."""
    tx.require(Permission.ALERTS_INGEST)
    letter = DeadLetter(
        id=uuid7(),
        source=source,
        sender=sender,
        payload=raw.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        error=error[:1000],
        received_at=tx.now,
        replayed_at=None,
    )
    tx.session.add(letter)
    return letter.id


async def list_dead_letters(tx: ReadTx, page: PageQuery) -> Page[DeadLetterRead]:
    """Newest first."""
    tx.require(Permission.DEAD_LETTERS_READ)
    rows, cursor = await queries.page(tx, page)
    return Page(
        items=[_read(row) for row in rows],
        total=await queries.count(tx),
        limit=page.size,
        offset=page.skip,
        next_cursor=cursor,
    )


async def replay_dead_letter(tx: WriteTx, letter_id: UUID) -> list[AlertOutcome]:
    """Read a dead letter again, after an adapter or its sender was mended. It stays in the list, marked."""
    tx.require(Permission.DEAD_LETTERS_MANAGE)
    letter = await queries.one(tx, letter_id)
    if letter.replayed_at is not None:
        raise AlreadyReplayed(letter_id)
    try:
        incoming = read_payload(letter.source, letter.payload.encode(), sender=letter.sender, received_at=tx.now)
    except UnreadablePayload as error:
        raise StillUnreadable(str(error)) from None
    letter.replayed_at = tx.now
    return await ingest_alerts(tx, incoming)


async def list_source_health(tx: ReadTx) -> list[SourceHealth]:
    """Every source that was heard of in the last 24 hours."""
    tx.require(Permission.ALERTS_READ)
    dead = await queries.recent_by_source(tx)
    totals = await alerts.get_totals(tx)
    heard = {source: (at, number) for source, at, number in totals.by_source}
    health = []
    for source in sorted({*heard, *dead}):
        at, number = heard.get(source, (None, 0))
        dead_at, dead_number = dead.get(source, (None, 0))
        newest = max(instant for instant in (at, dead_at) if instant is not None)
        health.append(SourceHealth(source, newest, number, dead_number))
    return health


def _read(row: DeadLetter) -> DeadLetterRead:
    return DeadLetterRead(
        id=row.id,
        source=row.source,
        sender=row.sender,
        error=row.error,
        timestamp=row.received_at,
        replayed_at=row.replayed_at,
        text=row.payload,
    )
