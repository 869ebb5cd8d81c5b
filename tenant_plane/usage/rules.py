"""Months of usage, and the names of what a plan limits. Months are calendar months in UTC."""

from datetime import UTC, date, datetime
from enum import StrEnum


class Limit(StrEnum):
    """What this plane counts against a limit, by the names of ``shared.contracts.limits.Limits``.

    An active key that may only send is an integration; every other active key counts as ``api_keys``.
    """

    API_KEYS = "api_keys"
    INTEGRATIONS = "integrations"
    EVENTS = "events_per_month"
    INCIDENTS = "incidents_per_month"


NOUNS = {
    Limit.API_KEYS: "active API keys besides ingestion keys",
    Limit.INTEGRATIONS: "active ingestion keys",
    Limit.EVENTS: "events a month",
    Limit.INCIDENTS: "incidents a month",
}

MONTHLY = frozenset({Limit.EVENTS, Limit.INCIDENTS})


def day_of(now: datetime) -> date:
    return now.astimezone(UTC).date()


def first_of_month(now: datetime) -> date:
    return day_of(now).replace(day=1)


def next_month(now: datetime) -> datetime:
    """When the counters of the month begin anew."""
    first = first_of_month(now)
    year, month = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)


def resets_at(limit: Limit, now: datetime) -> datetime | None:
    """None for a level, which goes down only when something is taken away."""
    return next_month(now) if limit in MONTHLY else None
