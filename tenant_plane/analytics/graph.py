"""The overview over GraphQL, as a dashboard asks for it. Each field is read only when it is asked for."""

from datetime import date, datetime, timedelta
from typing import Annotated

import strawberry
from pydantic import BaseModel, Field

from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.rules import Severity
from tenant_plane.alerts.schemas import AlertTotals
from tenant_plane.core.graph import Info, validated
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.schemas import OpenSummary
from tenant_plane.ingest import service as ingest

PERIOD = timedelta(days=30)


class Days(BaseModel):
    days: Annotated[int, Field(ge=1, le=90)]


class First(BaseModel):
    first: Annotated[int, Field(ge=1, le=50)]


@strawberry.type
class SeverityCount:
    severity: Severity
    count: int


@strawberry.type(name="DailyResponse")
class DailyResponseType:
    """Seconds; null on a day that has nothing to measure."""

    day: date
    incidents: int
    mtta_median_seconds: float | None
    mtta_p90_seconds: float | None
    mttr_median_seconds: float | None
    mttr_p90_seconds: float | None


@strawberry.type(name="ResponsePeriod")
class ResponsePeriodType:
    """Thirty days, in seconds. ``acknowledged`` and ``resolved``: how many incidents stand behind the medians."""

    incidents: int
    acknowledged: int
    resolved: int
    mtta_median_seconds: float | None
    mttr_median_seconds: float | None


@strawberry.type(name="NoisyService")
class NoisyServiceType:
    """The last 7 days."""

    service: str
    alerts: int
    incidents: int
    auto_resolved_within5_minutes: int


@strawberry.type(name="SourceHealth")
class SourceHealthType:
    source: str
    last_event_at: datetime
    events24h: int
    dead_letters24h: int


async def _summary(info: Info) -> OpenSummary:
    async def load(_: list[int]) -> list[OpenSummary]:
        async with info.context.read() as tx:
            return [await incidents.get_open_summary(tx)]

    return await info.context.loader(("overview.summary",), load).load(0)  # type: ignore[no-any-return]


async def _totals(info: Info) -> AlertTotals:
    async def load(_: list[int]) -> list[AlertTotals]:
        async with info.context.read() as tx:
            return [await alerts.get_totals(tx)]

    return await info.context.loader(("overview.totals",), load).load(0)  # type: ignore[no-any-return]


async def _period(info: Info, periods_ago: int) -> ResponsePeriodType:
    async with info.context.read() as tx:
        until = tx.now - periods_ago * PERIOD
        found = await incidents.get_response_period(tx, until - PERIOD, until)
    return ResponsePeriodType(
        incidents=found.incidents,
        acknowledged=found.acknowledged,
        resolved=found.resolved,
        mtta_median_seconds=found.mtta_median_seconds,
        mttr_median_seconds=found.mttr_median_seconds,
    )


@strawberry.type
class Overview:
    @strawberry.field
    async def open_by_severity(self, info: Info) -> list[SeverityCount]:
        counts = (await _summary(info)).by_severity
        return [SeverityCount(severity=severity, count=counts[severity]) for severity in Severity]

    @strawberry.field
    async def not_acknowledged(self, info: Info) -> int:
        return (await _summary(info)).not_acknowledged

    @strawberry.field
    async def last_opened_at(self, info: Info) -> datetime | None:
        return (await _summary(info)).last_opened_at

    @strawberry.field
    async def quiet_since(self, info: Info) -> datetime | None:
        """When the last P1 or P2 was resolved; null while one is open, or when there was none."""
        return (await _summary(info)).quiet_since

    @strawberry.field
    async def incidents24h(self, info: Info) -> int:
        return (await _summary(info)).opened_24h

    @strawberry.field
    async def firing_alerts(self, info: Info) -> int:
        return (await _totals(info)).firing

    @strawberry.field
    async def alerts24h(self, info: Info) -> int:
        """Alert events that came in, repeats included."""
        return (await _totals(info)).events_24h

    @strawberry.field
    async def duplicates24h(self, info: Info) -> int:
        return (await _totals(info)).duplicates_24h

    @strawberry.field
    async def daily(self, info: Info, days: int = 30) -> list[DailyResponseType]:
        """Days in UTC that had incidents, oldest first."""
        days = validated(Days, days=days).days
        async with info.context.read() as tx:
            found = await incidents.list_daily_response(tx, days)
        return [
            DailyResponseType(
                day=row.day.date(),
                incidents=row.incidents,
                mtta_median_seconds=row.mtta_median_seconds,
                mtta_p90_seconds=row.mtta_p90_seconds,
                mttr_median_seconds=row.mttr_median_seconds,
                mttr_p90_seconds=row.mttr_p90_seconds,
            )
            for row in found
        ]

    @strawberry.field
    async def current(self, info: Info) -> ResponsePeriodType:
        return await _period(info, 0)

    @strawberry.field
    async def previous(self, info: Info) -> ResponsePeriodType:
        return await _period(info, 1)

    @strawberry.field
    async def noisy_services(self, info: Info, first: int = 8) -> list[NoisyServiceType]:
        first = validated(First, first=first).first
        async with info.context.read() as tx:
            found = await alerts.list_noisy_services(tx, first)
        return [
            NoisyServiceType(
                service=row.service,
                alerts=row.alerts,
                incidents=row.incidents,
                auto_resolved_within5_minutes=row.auto_resolved_within_5_minutes,
            )
            for row in found
        ]

    @strawberry.field
    async def sources(self, info: Info) -> list[SourceHealthType]:
        async with info.context.read() as tx:
            found = await ingest.list_source_health(tx)
        return [
            SourceHealthType(
                source=row.source,
                last_event_at=row.last_event_at,
                events24h=row.events_24h,
                dead_letters24h=row.dead_letters_24h,
            )
            for row in found
        ]


@strawberry.type
class OverviewQueries:
    @strawberry.field
    async def overview(self) -> Overview:
        return Overview()
