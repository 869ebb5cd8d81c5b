"""Limits and how they fill up: what counts for a tenant, months, shares, and when a limit will be reached."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from shared.contracts.limits import Limits
from shared.contracts.usage import Metric

TREND_DAYS = 30
FITTED_DAYS = 14
USERS = "users"
"""Counted here and stored beside the planes' metrics, for the trend."""


class LimitName(StrEnum):
    USERS = "users"
    API_KEYS = "api_keys"
    EVENTS_PER_MONTH = "events_per_month"
    INCIDENTS_PER_MONTH = "incidents_per_month"
    INTEGRATIONS = "integrations"
    RETENTION_DAYS = "retention_days"
    REQUESTS_PER_MINUTE_VIEWER = "requests_per_minute_viewer"
    REQUESTS_PER_MINUTE_OPERATOR = "requests_per_minute_operator"
    REQUESTS_PER_MINUTE_ADMIN = "requests_per_minute_admin"

    @property
    def role(self) -> str | None:
        """Whose rate it is; None for the others."""
        prefix, found, role = self.value.partition("requests_per_minute_")
        return role if found and not prefix else None


METRIC_OF: Mapping[LimitName, str] = {
    LimitName.USERS: USERS,
    LimitName.API_KEYS: Metric.API_KEYS,
    LimitName.EVENTS_PER_MONTH: Metric.EVENTS,
    LimitName.INCIDENTS_PER_MONTH: Metric.INCIDENTS,
    LimitName.INTEGRATIONS: Metric.INTEGRATIONS,
}
"""What is counted against a limit. The others limit something that is not a number of things."""
MONTHLY = frozenset({LimitName.EVENTS_PER_MONTH, LimitName.INCIDENTS_PER_MONTH})
Granted = Mapping[LimitName, int | None]


def limit_of(limits: Limits, name: LimitName) -> int | None:
    value: int | None = getattr(limits if name.role is None else limits.requests_per_minute, name.role or name)
    return value


def effective(plan: Limits, granted: Granted) -> Limits:
    """What was granted counts instead of the plan's limit, be it more or less."""
    plain = {name.value: value for name, value in granted.items() if name.role is None}
    rates = {name.role: value for name, value in granted.items() if name.role is not None}
    per_minute = plan.requests_per_minute.model_copy(update=rates)
    return plan.model_copy(update={**plain, "requests_per_minute": per_minute})


def share(used: int, limit: int | None) -> float:
    """1 is full. Where nothing is allowed, anything is too much."""
    if limit is None:
        return 0.0
    return used / limit if limit else float(used > 0)


def exceeded(used: Mapping[LimitName, int], limits: Limits) -> list[tuple[LimitName, int, int]]:
    """Name, used and limit of each limit that is passed; a full one is not."""
    found = [(name, amount, limit_of(limits, name)) for name, amount in used.items()]
    return [(name, amount, limit) for name, amount, limit in found if limit is not None and amount > limit]


def month_of(now: datetime) -> date:
    """The first day of the month in UTC."""
    return now.astimezone(UTC).date().replace(day=1)


def next_month(now: datetime) -> datetime:
    first = (month_of(now) + timedelta(days=32)).replace(day=1)
    return datetime.combine(first, time(), UTC)


def days_until(today: date, count: int) -> list[date]:
    """The last ``count`` days, oldest first, today included."""
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]


def levels(days: Sequence[date], known: Mapping[date, int]) -> list[int]:
    """A level stays what it was until it is reported anew; before the first report it counts as 0."""
    filled, last = [], 0
    for day in days:
        last = known.get(day, last)
        filled.append(last)
    return filled


def projected_hit(
    points: Sequence[tuple[float, float]], *, used: int, limit: int | None, now: datetime, until: datetime | None
) -> datetime | None:
    """When the limit will be reached if it goes on as in the last days; None when never, or not before ``until``.

    ``points`` are (days from now, amount): negative and ascending, the amount being the month's sum so far, or a level.
    The rate is the slope b of the straight line a + b·x with the least squared distance to them,
    b = Σ(x - x̄)(y - ȳ) / Σ(x - x̄)², and the way that is left begins at what is used now: now + (limit - used) / b.
    """
    if limit is None:
        return None
    if used >= limit:
        return now
    rate = _slope(points)
    if rate <= 0:
        return None
    days = (limit - used) / rate
    if days > 36_500:
        return None
    hit = now + timedelta(days=days)
    return hit if until is None or hit < until else None


def month_points(now: datetime, amounts: Mapping[date, int]) -> list[tuple[float, float]]:
    """The month's sum at the end of each of the last FITTED_DAYS days, from its start, where it was 0, until now."""
    start = datetime.combine(month_of(now), time(), UTC)
    today, total = now.astimezone(UTC).date(), 0
    points = [(_days(start - now), 0.0)]
    for offset in range((today - start.date()).days + 1):
        day = start.date() + timedelta(days=offset)
        total += amounts.get(day, 0)
        end = now if day == today else datetime.combine(day + timedelta(days=1), time(), UTC)
        points.append((_days(end - now), float(total)))
    return points[-(FITTED_DAYS + 1) :]


def level_points(days: Sequence[date], filled: Sequence[int], first: date) -> list[tuple[float, float]]:
    """One point a day for the last FITTED_DAYS days; the last one is now.

    Days before ``first``, the first report, say nothing: a new tenant's first level is no growth.
    """
    last = list(zip(days, filled, strict=True))[-FITTED_DAYS:]
    return [(float((day - days[-1]).days), float(level)) for day, level in last if day >= first]


def _slope(points: Sequence[tuple[float, float]]) -> float:
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)
