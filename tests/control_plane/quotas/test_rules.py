"""Limits and how they fill up, without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.quotas import rules
from control_plane.quotas.rules import LimitName
from shared.contracts.limits import Limits, RequestsPerMinute

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRO = Limits(users=50, api_keys=20, events_per_month=1000, incidents_per_month=None, retention_days=90)
MOMENTS = st.integers(10**9, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
AMOUNTS = st.integers(0, 10**9)


def test_every_limit_can_be_read_and_granted() -> None:
    granted = {name: number for number, name in enumerate(LimitName, start=1)}
    limits = rules.effective(PRO, granted)
    assert {name: rules.limit_of(limits, name) for name in LimitName} == granted
    assert set(limits.model_dump()) == set(PRO.model_dump())


def test_what_is_not_granted_stays_as_sold() -> None:
    limits = rules.effective(PRO, {LimitName.USERS: None, LimitName.REQUESTS_PER_MINUTE_VIEWER: 5})
    assert limits == PRO.model_copy(
        update={"users": None, "requests_per_minute": RequestsPerMinute(viewer=5, operator=500, admin=1000)}
    )
    assert PRO.users == 50 and PRO.requests_per_minute.viewer == 100


@pytest.mark.parametrize(
    ("used", "limit", "share"), [(0, 10, 0), (5, 10, 0.5), (20, 10, 2), (5, None, 0), (0, 0, 0), (3, 0, 1)]
)
def test_shares(used: int, limit: int | None, share: float) -> None:
    assert rules.share(used, limit) == share


def test_a_full_limit_is_not_exceeded() -> None:
    used = {LimitName.USERS: 50, LimitName.API_KEYS: 21, LimitName.INCIDENTS_PER_MONTH: 10**9}
    assert rules.exceeded(used, PRO) == [(LimitName.API_KEYS, 21, 20)]


@pytest.mark.parametrize(
    ("now", "first", "following"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), date(2026, 1, 1), datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), date(2026, 12, 1), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), date(2028, 2, 1), datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_months(now: datetime, first: date, following: datetime) -> None:
    assert (rules.month_of(now), rules.next_month(now)) == (first, following)


def test_levels_go_on_until_reported_anew() -> None:
    days = rules.days_until(date(2026, 3, 2), 5)
    assert days[0] == date(2026, 2, 26)
    assert rules.levels(days, {date(2026, 2, 27): 3, date(2026, 3, 1): 1}) == [0, 3, 3, 1, 1]


def test_a_straight_line_is_followed() -> None:
    """40 a day since the first, 780 used at noon of the 20th, so 220 are left: five and a half days."""
    amounts = {date(2026, 11, day): 40 for day in range(1, 20)} | {date(2026, 11, 20): 20}
    points = rules.month_points(NOW, amounts)
    hit = rules.projected_hit(points, used=780, limit=1000, now=NOW, until=rules.next_month(NOW))
    assert hit is not None and abs(hit - (NOW + timedelta(days=5.5))) < timedelta(seconds=1)


def test_only_the_last_days_count() -> None:
    """Quiet for two weeks after a rush: the rush is over."""
    amounts = {date(2026, 11, 1): 500, date(2026, 11, 2): 400}
    points = rules.month_points(NOW, amounts)
    assert len(points) == rules.FITTED_DAYS + 1
    assert rules.projected_hit(points, used=900, limit=1000, now=NOW, until=None) is None


def test_what_comes_after_the_month_does_not_count() -> None:
    amounts = {date(2026, 11, day): 10 for day in range(1, 21)}
    points = rules.month_points(NOW, amounts)
    arguments = {"used": 200, "limit": 400, "now": NOW}
    assert rules.projected_hit(points, **arguments, until=rules.next_month(NOW)) is None  # type: ignore[arg-type]
    assert rules.projected_hit(points, **arguments, until=None) is not None  # type: ignore[arg-type]


def test_on_the_first_day_the_start_of_the_month_is_a_point() -> None:
    now = datetime(2026, 11, 1, 6, tzinfo=UTC)
    points = rules.month_points(now, {date(2026, 11, 1): 100})
    assert points == [(-0.25, 0.0), (0.0, 100.0)]
    hit = rules.projected_hit(points, used=100, limit=300, now=now, until=None)
    assert hit == now + timedelta(hours=12)


def test_a_full_limit_is_hit_now_and_none_is_never() -> None:
    assert rules.projected_hit([], used=7, limit=7, now=NOW, until=None) == NOW
    assert rules.projected_hit([(-1, 0), (0, 10)], used=10, limit=None, now=NOW, until=None) is None


@given(now=MOMENTS, amounts=st.lists(AMOUNTS, min_size=40, max_size=40), limit=st.integers(0, 10**12))
def test_a_projection_lies_between_now_and_the_month_s_end(now: datetime, amounts: list[int], limit: int) -> None:
    known = dict(zip(rules.days_until(now.date(), 40), amounts, strict=True))
    month = rules.month_of(now)
    used = sum(amount for day, amount in known.items() if day >= month)
    until = rules.next_month(now)
    hit = rules.projected_hit(rules.month_points(now, known), used=used, limit=limit, now=now, until=until)
    assert hit is None or now <= hit < until
    assert (hit == now) or used < limit


@given(
    now=MOMENTS,
    amounts=st.lists(AMOUNTS, min_size=40, max_size=40),
    limit=st.integers(0, 10**12),
    more=st.integers(1, 10**12),
)
def test_a_higher_limit_is_never_hit_earlier(now: datetime, amounts: list[int], limit: int, more: int) -> None:
    known = dict(zip(rules.days_until(now.date(), 40), amounts, strict=True))
    points = rules.month_points(now, known)
    used = int(points[-1][1])
    lower = rules.projected_hit(points, used=used, limit=limit, now=now, until=None)
    higher = rules.projected_hit(points, used=used, limit=limit + more, now=now, until=None)
    assert higher is None or (lower is not None and lower <= higher)


@given(rate=st.integers(1, 10**6), level=st.integers(0, 10**6), room=st.integers(1, 10**6))
def test_a_level_that_grows_evenly_is_followed(rate: int, level: int, room: int) -> None:
    days = rules.days_until(NOW.date(), rules.TREND_DAYS)
    filled = [level + rate * index for index in range(len(days))]
    points = rules.level_points(days, filled, days[0])
    hit = rules.projected_hit(points, used=filled[-1], limit=filled[-1] + room, now=NOW, until=None)
    wanted = room / rate
    assert (hit is None) is (wanted > 36_500)
    assert hit is None or abs((hit - NOW) / timedelta(days=1) - wanted) < 1e-3 * wanted + 1e-3


def test_the_first_level_of_a_new_tenant_is_no_growth() -> None:
    days = rules.days_until(NOW.date(), 30)
    first = days[-2]
    points = rules.level_points(days, rules.levels(days, {first: 3}), first)
    assert [level for _, level in points] == [3.0, 3.0]
    assert rules.projected_hit(points, used=3, limit=50, now=NOW, until=None) is None
