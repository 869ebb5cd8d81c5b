"""Decisions about people: ``seats`` and sessions, ``lockout``, one-time codes (``totp``), ``roles`` in words."""

from control_plane.identity.rules.lockout import MOST_FROM_ADDRESS, Tries, after_failure, minutes_left
from control_plane.identity.rules.roles import ROLES_IN_WORDS, RoleInWords
from control_plane.identity.rules.seats import (
    Method,
    Role,
    Seat,
    Turn,
    choose_seat,
    going_seat,
    judge_refresh,
    needs_sso,
    usable_seats,
)

__all__ = [
    "MOST_FROM_ADDRESS",
    "ROLES_IN_WORDS",
    "Method",
    "Role",
    "RoleInWords",
    "Seat",
    "Tries",
    "Turn",
    "after_failure",
    "choose_seat",
    "going_seat",
    "judge_refresh",
    "minutes_left",
    "needs_sso",
    "usable_seats",
]
