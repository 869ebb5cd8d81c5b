"""Disputes: payments that the card holder takes back through the bank; written from what was fetched, as the mirror."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from pydantic import TypeAdapter

from control_plane.billing import queries, rules
from control_plane.billing.models import Dispute
from control_plane.billing.ports import DisputeSeen
from control_plane.billing.rules import DisputeStatus
from control_plane.billing.schemas import DisputeChanged, DisputeQuery, DisputeRead
from control_plane.core.permissions import Permission
from control_plane.core.tables import AnyRow
from control_plane.tenants import service as tenants
from shared.fields import Text, Timestamp
from shared.pages import Page, cut, position
from shared.tx import ReadTx, WriteTx

log = structlog.get_logger()
STATUSES = frozenset(DisputeStatus)
SORT_KEY: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[Timestamp, Text])


async def note_disputes(tx: WriteTx, seen: Sequence[DisputeSeen]) -> int:
    """How many of them are of a tenant of ours; the others are left out, as are those in a state not known here."""
    tx.require(Permission.TENANTS_MANAGE)
    for unknown in (one for one in seen if one.status not in STATUSES):
        log.error("dispute_in_unknown_state", dispute=unknown.id, status=unknown.status)
    seen = [one for one in seen if one.status in STATUSES]
    customers = {one.customer_id for one in seen if one.customer_id is not None}
    owners = await queries.tenants_by_customer(tx, customers)
    ours = [(one, owners[one.customer_id]) for one in seen if one.customer_id in owners]
    await queries.lock_customers(tx, set(owners.values()))
    known = await queries.disputes_by_id(tx, [one.id for one, _ in ours])
    for one, tenant_id in ours:
        _store(tx, known.get(one.id), one, tenant_id)
    await tx.session.flush()
    return len(ours)


async def list_disputes(tx: ReadTx, query: DisputeQuery) -> Page[DisputeRead]:
    """Newest first; for super-admins. Raises TenantNotFound."""
    tx.require(Permission.TENANTS_READ)
    await tenants.get_tenant(tx, query.tenant_id)
    before = None if query.after is None else position(query.after, SORT_KEY)
    rows = await queries.disputes_before(tx, query.tenant_id, before, query.skip, query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.opened_at.isoformat(), row.dispute_id])
    return Page(
        items=[_read(row) for row in shown],
        total=await queries.count_disputes(tx, query.tenant_id),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


def _store(tx: WriteTx, row: Dispute | None, seen: DisputeSeen, tenant_id: str) -> None:
    before = None if row is None else DisputeStatus(row.status)
    values = {
        "charge_id": seen.charge_id,
        "amount_cents": seen.amount_cents,
        "currency": seen.currency,
        "reason": seen.reason,
        "status": seen.status,
        "evidence_due_at": seen.evidence_due_at,
        "has_evidence": seen.has_evidence,
        "is_live": seen.is_live,
        "opened_at": seen.opened_at,
        "fetched_at": tx.now,
    }
    if row is None:
        tx.session.add(Dispute(id=seen.id, tenant_id=tenant_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    after = DisputeStatus(seen.status)
    if before is not after:
        tx.record(
            DisputeChanged(
                tenant_id=tenant_id,
                dispute_id=seen.id,
                amount_cents=seen.amount_cents,
                currency=seen.currency,
                reason=seen.reason,
                before=before,
                after=after,
            )
        )


def _read(row: AnyRow) -> DisputeRead:
    values = {**row._mapping}
    is_live = values.pop("is_live")
    return DisputeRead(
        **values,
        needs_response=row.status in rules.UNANSWERED,
        stripe_url=rules.dispute_url(row.dispute_id, is_live=is_live),
    )
