"""Incidents over GraphQL: the same verbs as over REST, with their alerts and timeline as edges."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from tenant_plane.alerts.graph import AlertType
from tenant_plane.alerts.rules import Severity
from tenant_plane.alerts.schemas import AlertRead
from tenant_plane.core.graph import Connection, Info, PageAsked, connection, validated
from tenant_plane.core.graph_limits import DEFAULT_FIRST
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.rules import State, Status
from tenant_plane.incidents.schemas import (
    IncidentCreate,
    IncidentFilter,
    IncidentPatch,
    IncidentRead,
    IncidentResolve,
    IncidentSnooze,
    LinkedAlert,
    NoteCreate,
    Sort,
    TimelineRead,
)

strawberry.enum(Status, name="IncidentStatus")
strawberry.enum(State, name="IncidentState")
strawberry.enum(Sort, name="IncidentSort")


@strawberry.type(name="LinkedAlert")
class LinkedAlertType(AlertType):
    rule: str
    reason: str
    confidence: float
    linked_at: datetime

    @classmethod
    def of(cls, read: AlertRead) -> "LinkedAlertType":
        return cls(**{name: getattr(read, name) for name in LinkedAlert.model_fields})


@strawberry.type(name="TimelineEntry")
class TimelineEntryType:
    id: UUID
    incident_id: UUID
    event_type: str
    actor: str
    actor_kind: str
    payload: JSON
    occurred_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, read: TimelineRead) -> "TimelineEntryType":
        return cls(**{name: getattr(read, name) for name in TimelineRead.model_fields})


@strawberry.type(name="Incident")
class IncidentType:
    id: UUID
    reference: str
    title: str
    description: str
    severity: Severity
    priority: str
    status: Status
    source: str
    service: str | None
    environment: str | None
    assignee: str | None
    ci_ids: list[str]
    alert_count: int
    firing_count: int
    resolution_notes: str | None
    resolved_by: str | None
    snoozed_until: datetime | None
    created_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    version: int
    next_statuses: list[Status]

    @classmethod
    def of(cls, read: IncidentRead) -> "IncidentType":
        return cls(**{name: getattr(read, name) for name in IncidentRead.model_fields})

    @strawberry.field
    async def alerts(self, info: Info, first: int = DEFAULT_FIRST) -> list[LinkedAlertType]:
        """The first alerts, in the order in which they joined."""
        first = validated(PageAsked, first=first).first

        async def load(ids: list[UUID]) -> list[list[LinkedAlert]]:
            async with info.context.read() as tx:
                found = await incidents.get_first_links(tx, ids, first)
            return [found[key] for key in ids]

        loader = info.context.loader(("incident.alerts", first), load)
        return [LinkedAlertType.of(row) for row in await loader.load(self.id)]

    @strawberry.field
    async def timeline(self, info: Info, first: int = DEFAULT_FIRST) -> list[TimelineEntryType]:
        """The first entries, oldest first."""
        first = validated(PageAsked, first=first).first

        async def load(ids: list[UUID]) -> list[list[TimelineRead]]:
            async with info.context.read() as tx:
                found = await incidents.get_first_entries(tx, ids, first)
            return [found[key] for key in ids]

        loader = info.context.loader(("incident.timeline", first), load)
        return [TimelineEntryType.of(row) for row in await loader.load(self.id)]


@strawberry.type
class IncidentQueries:
    @strawberry.field
    async def incidents(
        self,
        info: Info,
        first: int = DEFAULT_FIRST,
        after: str | None = None,
        status: list[Status] | None = None,
        state: State | None = None,
        severity: list[Severity] | None = None,
        service: str | None = None,
        q: str | None = None,
        sort: Sort = Sort.ATTENTION,
    ) -> Connection[IncidentType]:
        page = validated(PageAsked, first=first, after=after)
        wanted = validated(
            IncidentFilter,
            status=status or [],
            state=state,
            severity=severity or [],
            service=[service] if service else [],
            q=q,
        )
        async with info.context.read() as tx:
            found, cursor = await incidents.page_incidents(tx, wanted, sort, page.query)

        async def count() -> int:
            async with info.context.read() as tx:
                return await incidents.count_incidents(tx, wanted)

        cursors = [incidents.cursor_of(row, sort) for row in found]
        return connection([IncidentType.of(row) for row in found], cursors, cursor, count)

    @strawberry.field
    async def incident(self, info: Info, ref: str) -> IncidentType:
        """By id or ``INC-…``."""
        async with info.context.read() as tx:
            return IncidentType.of(await incidents.get_incident(tx, ref))


@strawberry.input
class CreateIncidentInput:
    title: str
    severity: Severity
    description: str = ""
    source: str = "manual"
    service: str | None = None
    environment: str | None = None
    assignee: str | None = None
    ci_ids: list[str] = strawberry.field(default_factory=list)


@strawberry.input
class UpdateIncidentInput:
    """What is left out stays as it is; null empties a field that may be empty."""

    title: str | None = strawberry.UNSET
    description: str | None = strawberry.UNSET
    severity: Severity | None = strawberry.UNSET
    status: Status | None = strawberry.UNSET
    service: str | None = strawberry.UNSET
    environment: str | None = strawberry.UNSET
    assignee: str | None = strawberry.UNSET
    ci_ids: list[str] | None = strawberry.UNSET
    resolution_notes: str | None = strawberry.UNSET
    resolved_by: str | None = strawberry.UNSET


def _given(values: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(values).items() if value is not strawberry.UNSET}


@strawberry.type
class IncidentMutations:
    @strawberry.mutation
    async def create_incident(self, info: Info, input: CreateIncidentInput) -> IncidentType:
        command = validated(IncidentCreate, **_given(input))
        return IncidentType.of(await info.context.write(lambda tx: incidents.open_incident(tx, command)))

    @strawberry.mutation
    async def update_incident(
        self, info: Info, ref: str, input: UpdateIncidentInput, if_match: int | None = None
    ) -> IncidentType:
        command = validated(IncidentPatch, **_given(input))
        return IncidentType.of(
            await info.context.write(lambda tx: incidents.update_incident(tx, ref, command, if_match))
        )

    @strawberry.mutation
    async def acknowledge_incident(self, info: Info, ref: str) -> IncidentType:
        return IncidentType.of(await info.context.write(lambda tx: incidents.acknowledge_incident(tx, ref)))

    @strawberry.mutation
    async def resolve_incident(self, info: Info, ref: str, resolution: str | None = None) -> IncidentType:
        command = validated(IncidentResolve, resolution=resolution)
        return IncidentType.of(await info.context.write(lambda tx: incidents.resolve_incident(tx, ref, command)))

    @strawberry.mutation
    async def snooze_incident(
        self, info: Info, ref: str, duration: str | None = None, until: datetime | None = None
    ) -> IncidentType:
        command = validated(IncidentSnooze, duration=duration, until=until)
        return IncidentType.of(await info.context.write(lambda tx: incidents.snooze_incident(tx, ref, command)))

    @strawberry.mutation
    async def add_incident_note(
        self, info: Info, ref: str, text: str, occurred_at: datetime | None = None
    ) -> TimelineEntryType:
        command = validated(NoteCreate, text=text, occurred_at=occurred_at)
        return TimelineEntryType.of(await info.context.write(lambda tx: incidents.add_note(tx, ref, command)))


@strawberry.type
class IncidentSubscriptions:
    @strawberry.subscription
    async def incident_changed(self, info: Info, ref: str | None = None) -> AsyncGenerator[IncidentType, None]:
        """Every change of every incident of the tenant, or of one; ends when the listener falls behind."""
        async with info.context.hub.listen(info.context.actor, info.context.credential) as listener:
            async for message in listener.messages():
                subject = message.subject
                if isinstance(subject, IncidentRead) and ref in (None, subject.reference, str(subject.id)):
                    yield IncidentType.of(subject)
