from datetime import UTC, datetime, timedelta

import pytest

from control_plane.identity.rules import Role, Seat, Turn, choose_seat, judge_refresh

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
SHUT = Seat("shut", "Shut", Role.ADMIN, is_open=False)
LAST = Seat("last", "Last", Role.VIEWER, is_open=True)
EARLIER = Seat("earlier", "Earlier", Role.ADMIN, is_open=True)
SEATS = [SHUT, LAST, EARLIER]


@pytest.mark.parametrize(
    ("wanted", "chosen"), [(None, LAST), ("earlier", EARLIER), ("shut", None), ("elsewhere", None)]
)
def test_a_seat_is_chosen_among_open_ones(wanted: str | None, chosen: Seat | None) -> None:
    assert choose_seat(SEATS, wanted) == chosen


def test_nobody_sits_without_seats() -> None:
    assert choose_seat([], None) is None


@pytest.mark.parametrize(
    ("used", "revoked", "left", "turn"),
    [
        (False, False, 1, Turn.ACCEPT),
        (False, False, 0, Turn.REFUSE),
        (True, False, 1, Turn.REVOKE),
        (True, False, -1, Turn.REVOKE),
        (False, True, 1, Turn.REFUSE),
        (True, True, 1, Turn.REFUSE),
    ],
)
def test_a_refresh_token_is_judged(used: bool, revoked: bool, left: int, turn: Turn) -> None:
    earlier = NOW - timedelta(hours=1)
    judged = judge_refresh(
        now=NOW,
        expires_at=NOW + timedelta(seconds=left),
        used_at=earlier if used else None,
        revoked_at=earlier if revoked else None,
    )
    assert judged is turn
