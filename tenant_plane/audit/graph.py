"""The audit log over GraphQL: the same verbs as over REST."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from shared.pages import encode_cursor
from tenant_plane.audit import service
from tenant_plane.audit.schemas import AuditEntry, AuditFilter, Result
from tenant_plane.core.graph import Connection, Info, PageAsked, connection, validated
from tenant_plane.core.graph_limits import DEFAULT_FIRST

strawberry.enum(Result, name="AuditResult")


@strawberry.type(name="AuditEntry")
class AuditEntryType:
    seq: int
    at: datetime
    actor_id: str
    actor_kind: str
    actor_name: str
    impersonated_by: str | None
    action: str
    target: str
    result: Result
    details: JSON
    address: str | None
    trace_id: str
    hash: str

    @classmethod
    def of(cls, read: AuditEntry) -> "AuditEntryType":
        return cls(**{name: getattr(read, name) for name in AuditEntry.model_fields})


@strawberry.type
class AuditQueries:
    @strawberry.field
    async def audit_log(
        self,
        info: Info,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        result: Result | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        q: str | None = None,
    ) -> Connection[AuditEntryType]:
        """Newest first. ``totalCount`` is exact without a filter, else up to 1,001."""
        page = validated(PageAsked, first=first, after=after)
        wanted = validated(
            AuditFilter, actor=actor, action=action, target=target, result=result, since=since, until=until, q=q
        )
        async with info.context.read() as tx:
            found, cursor = await service.page_audit_log(tx, wanted, page.query)

        async def count() -> int:
            async with info.context.read() as tx:
                return await service.count_audit_log(tx, wanted)

        cursors = [encode_cursor([row.seq]) for row in found]
        return connection([AuditEntryType.of(row) for row in found], cursors, cursor, count)
