"""How long somebody waits after wrong passwords or codes.

Five wrong ones, none more than fifteen minutes after the one before, and the next may come after a minute; five more,
and it is five minutes, then fifteen, then an hour each time. A day without a wrong one, or a right one, forgives all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

MOST = 5
MOST_FROM_ADDRESS = 50
"""Over all accounts that one network address tries and was never signed in to from there."""
WINDOW = timedelta(minutes=15)
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
FORGIVEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tries:
    """``failures`` since the last wait; ``waits`` that there have been."""

    failures: int = 0
    waits: int = 0
    last_failed_at: datetime | None = None
    locked_until: datetime | None = None


def after_failure(tries: Tries, now: datetime, most: int = MOST) -> Tries:
    quiet = FORGIVEN_AFTER if tries.last_failed_at is None else now - tries.last_failed_at
    waits = 0 if quiet >= FORGIVEN_AFTER else tries.waits
    failures = 1 if quiet > WINDOW else tries.failures + 1
    if failures < most:
        return Tries(failures, waits, now, tries.locked_until)
    return Tries(0, waits + 1, now, now + WAITS[min(waits, len(WAITS) - 1)])


def minutes_left(locked_until: datetime, now: datetime) -> int:
    """Whole minutes, at least one."""
    return max(1, -((now - locked_until) // timedelta(minutes=1)))
