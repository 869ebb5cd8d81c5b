"""The verbs of ingestion. A batch is stored, grouped and answered in one transaction; what can't be read is kept, and
so is what may not be processed yet.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic_core import from_json
from uuid_utils.compat import uuid7

from shared.contracts.tenants import Standing
from shared.contracts.usage import Metric
from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.rules import Change, fingerprint_of
from tenant_plane.alerts.schemas import IncomingAlert, StoredEvent
from tenant_plane.core.permissions import Permission
from tenant_plane.core.tenancy import require_active
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.schemas import Placement
from tenant_plane.ingest import queries
from tenant_plane.ingest.adapters import UnreadablePayload, adapter_for
from tenant_plane.ingest.errors import AlreadyReplayed, MustBeHeld, StillUnreadable
from tenant_plane.ingest.models import DeadLetter, HeldPayload
from tenant_plane.ingest.schemas import (
    AlertOutcome,
    DeadLetterRead,
    DeadLetterReplayed,
    HeldBatch,
    HeldRead,
    SourceHealth,
)
from tenant_plane.usage import service as usage
from tenant_plane.usage.rules import next_month
from tenant_plane.usage.schemas import HoldReason

log = structlog.get_logger()
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MOST_HELD_BYTES = 8 * 1024 * 1024
MOST_HELD_ALERTS = 500
PUT_OFF_WITHOUT_ROOM = timedelta(minutes=10)
"""Room comes with a new month or another limit, and both end this at once; it bounds what a lost mark could cost."""
KEPT_AFTER_PROCESSING = timedelta(days=7)
MOST_FORGOTTEN = 1000


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
    """Store and group a batch; one outcome per alert, in order. Raises MustBeHeld when it may not be processed now.

    One batch of a tenant at a time, across processes: two at once could open two incidents for the same outage.
    Throughput comes from the size of the batches (batcher.py), not from their number.
    """
    tx.require(Permission.ALERTS_INGEST)
    await queries.lock_ingest(tx)
    if tx.actor.tenant is not None and tx.actor.tenant.standing == Standing.SUSPENDED:
        raise MustBeHeld(HoldReason.SUSPENDED)
    if (reason := await usage.admit_events(tx, len(incoming))) is not None:
        raise MustBeHeld(reason)
    return await _store(tx, incoming)


async def _store(tx: WriteTx, incoming: Sequence[IncomingAlert]) -> list[AlertOutcome]:
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
    tx.record(DeadLetterReplayed(letter_id=letter.id, source=letter.source, sender=letter.sender, alerts=len(incoming)))
    await queries.lock_ingest(tx)
    # It came long ago, so what is held now does not wait in front of it; but the plan must have room.
    if await usage.admit_events(tx, len(incoming), behind=False) is not None:
        raise await usage.refuse_events(tx)
    return await _store(tx, incoming)


async def hold_payload(tx: WriteTx, *, source: str, sender: str, raw: bytes, reason: HoldReason) -> UUID:
    """Keep a body as it came, to be processed when the tenant may go on."""
    tx.require(Permission.ALERTS_INGEST)
    await queries.lock_holding(tx)
    held = HeldPayload(
        id=uuid7(),
        source=source,
        sender=sender,
        payload=raw,
        reason=reason,
        received_at=tx.now,
        processed_at=None,
        error=None,
    )
    tx.session.add(held)
    await queries.note_held(tx, True)
    return held.id


async def list_held(tx: ReadTx, page: PageQuery) -> Page[HeldRead]:
    """Newest first, those that have been processed since included."""
    tx.require(Permission.DEAD_LETTERS_READ)
    rows, cursor = await queries.held_page(tx, page)
    return Page(
        items=[HeldRead.model_validate(row) for row in rows],
        total=await queries.count_all_held(tx),
        limit=page.size,
        offset=page.skip,
        next_cursor=cursor,
    )


async def process_held(tx: WriteTx, most: int) -> HeldBatch:
    """The payloads that came first, at most once each: marked in the transaction that stores their alerts.

    Without room in the plan nothing is read, and the tenant is put off. Raises TenantSuspended.
    """
    tx.require(Permission.ALERTS_INGEST)
    await queries.lock_ingest(tx)
    require_active(tx)
    if not await usage.has_room_for_events(tx):
        await queries.put_off_held(tx, min(tx.now + PUT_OFF_WITHOUT_ROOM, next_month(tx.now)))
        return HeldBatch(0, 0, 0, more=False)
    ready: list[IncomingAlert] = []
    taken: list[HeldPayload] = []
    unreadable = 0
    for held in await queries.next_held(tx, most, MOST_HELD_BYTES):
        try:
            incoming = read_payload(held.source, held.payload, sender=held.sender, received_at=held.received_at)
        except UnreadablePayload as error:
            await _bury(tx, held, str(error))
            unreadable += 1
            continue
        taken.append(held)
        ready.extend(incoming)
        if len(ready) >= MOST_HELD_ALERTS:
            break
    if ready:
        await usage.count_usage(tx, Metric.EVENTS, len(ready))
        await _store(tx, ready)
    for held in taken:
        held.processed_at = tx.now
    await tx.session.flush()
    more = await queries.count_held(tx) > 0
    if not more:
        await queries.note_held(tx, False)
    return HeldBatch(len(taken) + unreadable, len(ready), unreadable, more)


async def give_up_held(tx: WriteTx, why: str) -> None:
    """The payload that came first becomes a dead letter: processing it fails, and the others wait behind it."""
    tx.require(Permission.ALERTS_INGEST)
    await queries.lock_ingest(tx)
    for held in await queries.next_held(tx, 1, MOST_HELD_BYTES):
        await _bury(tx, held, why)


async def _bury(tx: WriteTx, held: HeldPayload, why: str) -> None:
    held.processed_at, held.error = tx.now, why[:1000]
    await keep_dead_letter(tx, source=held.source, sender=held.sender, raw=held.payload, error=why)


async def forget_processed(tx: WriteTx) -> None:
    """Held payloads are kept for a week after they were processed; a bounded number at a time."""
    tx.require(Permission.ALERTS_INGEST)
    await queries.forget_processed(tx, tx.now - KEPT_AFTER_PROCESSING, MOST_FORGOTTEN)


async def forget_dead_letters(tx: WriteTx) -> int:
    """Those that the plan does not keep any longer, replayed or not; a bounded number at a time; how many went."""
    tx.require(Permission.ALERTS_INGEST)
    before = await usage.kept_since(tx)
    return 0 if before is None else await queries.forget_dead_letters(tx, before, MOST_FORGOTTEN)


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
