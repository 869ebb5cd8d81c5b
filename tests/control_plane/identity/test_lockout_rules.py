"""How waits grow: the schedule as a table, and what holds for every sequence of wrong tries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.identity.rules import Tries, after_failure, minutes_left
from control_plane.identity.rules.lockout import FORGIVEN_AFTER, MOST, WAITS, WINDOW

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
gaps = st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), max_size=60)


def tried(count: int, *, gap: timedelta = timedelta(seconds=1), tries: Tries | None = None) -> Tries:
    tries = tries or Tries()
    start = tries.last_failed_at or NOW
    for number in range(1, count + 1):
        tries = after_failure(tries, start + gap * number)
    return tries


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 0), (4, 0), (5, 1), (9, 1), (10, 5), (15, 15), (20, 60), (25, 60), (500, 60)]
)
def test_the_schedule(failures: int, minutes: int) -> None:
    tries, ends = Tries(), [NOW]
    for number in range(failures):
        tries = after_failure(tries, NOW + timedelta(seconds=number))
        ends.append(tries.locked_until or NOW)
    longest = max(end - NOW - timedelta(seconds=max(0, number - 1)) for number, end in enumerate(ends))
    assert longest == timedelta(minutes=minutes)


def test_wrong_ones_far_apart_are_typing_mistakes() -> None:
    assert tried(50, gap=WINDOW + timedelta(seconds=1)).locked_until is None
    assert tried(MOST, gap=WINDOW).locked_until is not None


def test_a_day_without_a_wrong_one_forgives() -> None:
    tries = tried(20)
    assert tries.waits == 4 and tries.last_failed_at is not None
    later = after_failure(tries, tries.last_failed_at + FORGIVEN_AFTER)
    assert (later.failures, later.waits) == (1, 0)


def test_an_address_may_try_more_accounts() -> None:
    tries = Tries()
    for number in range(49):
        tries = after_failure(tries, NOW + timedelta(seconds=number), 50)
    assert tries.locked_until is None
    assert after_failure(tries, NOW + timedelta(seconds=50), 50).locked_until is not None


@given(gaps)
def test_in_every_sequence(between: list[timedelta]) -> None:
    tries, now = Tries(), NOW
    for gap in between:
        now += gap
        before, tries = tries, after_failure(tries, now)
        assert 0 <= tries.failures < MOST
        assert tries.last_failed_at == now
        began = tries.waits > before.waits or (before.waits > 0 and tries.waits == 1 and tries.failures == 0)
        if began:
            assert tries.locked_until is not None and tries.locked_until - now in WAITS
            assert tries.failures == 0
        else:
            assert tries.locked_until in (None, before.locked_until)


@given(st.integers(1, 10_000))
def test_minutes_are_never_too_few(seconds: int) -> None:
    minutes = minutes_left(NOW + timedelta(seconds=seconds), NOW)
    assert minutes >= 1
    assert timedelta(minutes=minutes - 1) < timedelta(seconds=seconds) <= timedelta(minutes=minutes)
