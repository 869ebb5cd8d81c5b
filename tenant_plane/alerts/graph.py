"""Alerts over GraphQL: the same verbs as over REST."""

from datetime import datetime
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.rules import AlertStatus, Severity
from tenant_plane.alerts.schemas import AlertFilter, AlertRead
from tenant_plane.core.graph import Connection, Info, PageAsked, connection, validated
from tenant_plane.core.graph_limits import DEFAULT_FIRST

strawberry.enum(Severity)
strawberry.enum(AlertStatus)


@strawberry.type(name="Alert")
class AlertType:
    id: UUID
    fingerprint: str
    source: str
    name: str
    description: str
    severity: Severity
    status: AlertStatus
    service: str | None
    environment: str | None
    labels: JSON
    annotations: JSON
    occurrences: int
    first_seen_at: datetime
    last_seen_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    url: str | None
    incident_id: UUID | None
    incident_reference: str | None
    link_rule: str | None
    link_reason: str | None
    warnings: list[str]

    @classmethod
    def of(cls, read: AlertRead) -> "AlertType":
        return cls(**{name: getattr(read, name) for name in AlertRead.model_fields})


@strawberry.type
class AlertQueries:
    @strawberry.field
    async def alerts(
        self,
        info: Info,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
        status: AlertStatus | None = None,
        severity: list[Severity] | None = None,
        service: str | None = None,
        q: str | None = None,
    ) -> Connection[AlertType]:
        """Newest first."""
        page = validated(PageAsked, first=first, after=after)
        wanted = validated(
            AlertFilter,
            status=[status] if status else [],
            severity=severity or [],
            service=[service] if service else [],
            q=q,
        )
        async with info.context.read() as tx:
            found, cursor = await alerts.page_alerts(tx, wanted, page.query)

        async def count() -> int:
            async with info.context.read() as tx:
                return await alerts.count_alerts(tx, wanted)

        cursors = [alerts.cursor_of(row) for row in found]
        return connection([AlertType.of(row) for row in found], cursors, cursor, count)

    @strawberry.field
    async def alert(self, info: Info, id: UUID) -> AlertType:
        async with info.context.read() as tx:
            return AlertType.of(await alerts.get_alert(tx, id))
