"""Where somebody works after signing in, and what a refresh token may still do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """A member's role in one tenant."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Seat:
    """A membership together with its tenant; ``is_open`` says whether people may work there now."""

    tenant_id: str
    tenant_name: str
    role: Role
    is_open: bool


def choose_seat(seats: Sequence[Seat], wanted: str | None) -> Seat | None:
    """The wanted tenant's seat, else the first open one; ``seats`` are sorted by last use. None when nothing fits."""
    return next((seat for seat in seats if seat.is_open and wanted in (None, seat.tenant_id)), None)


class Turn(StrEnum):
    """What becomes of a refresh token that is presented."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    REVOKE = "revoke"


def judge_refresh(
    *, now: datetime, expires_at: datetime, used_at: datetime | None, revoked_at: datetime | None
) -> Turn:
    """A used token in other hands looks like a used token in the owner's, so either ends the whole session.

    There is no period of grace for two tabs that refresh at once: a thief could use it as well. Clients take turns.
    """
    if revoked_at is not None:
        return Turn.REFUSE
    if used_at is not None:
        return Turn.REVOKE
    return Turn.ACCEPT if now < expires_at else Turn.REFUSE
