"""The verbs of the audit log. Nothing here writes it: the transaction that makes a change also appends its entry."""

from collections.abc import Sequence
from typing import Any

from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from tenant_plane.audit import queries
from tenant_plane.audit.schemas import AuditEntry, AuditExported, AuditFilter, AuditQuery
from tenant_plane.core.permissions import Permission


async def list_audit_log(tx: ReadTx, wanted: AuditQuery) -> Page[AuditEntry]:
    tx.require(Permission.AUDIT_READ)
    entries, cursor = await page_audit_log(tx, wanted, wanted)
    total = await count_audit_log(tx, wanted)
    return Page(items=entries, total=total, limit=wanted.size, offset=wanted.skip, next_cursor=cursor)


async def page_audit_log(tx: ReadTx, wanted: AuditFilter, asked: PageQuery) -> tuple[list[AuditEntry], str | None]:
    tx.require(Permission.AUDIT_READ)
    rows, cursor = await queries.page(tx, wanted, asked)
    return [AuditEntry.of(row) for row in rows], cursor


async def count_audit_log(tx: ReadTx, wanted: AuditFilter) -> int:
    """Exact without a filter, else up to 1,001."""
    tx.require(Permission.AUDIT_READ)
    return await queries.count(tx, wanted)


async def begin_export(tx: WriteTx, wanted: AuditFilter) -> None:
    """The export stands in the log before its first line leaves."""
    tx.require(Permission.AUDIT_READ)
    tx.record(AuditExported(filter=wanted.model_dump(mode="json", exclude_none=True)))


async def get_newest(tx: ReadTx) -> int:
    """The number of the newest entry."""
    tx.require(Permission.AUDIT_READ)
    return await queries.newest(tx)


async def read_batch(tx: ReadTx, wanted: AuditFilter, *, after: int, until: int, limit: int) -> Sequence[Any]:
    """Rows for an export, oldest first, with ``details`` as text."""
    tx.require(Permission.AUDIT_READ)
    return await queries.batch(tx, wanted, after=after, until=until, limit=limit)
