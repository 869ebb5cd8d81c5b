"""Where somebody works after signing in, and what a refresh token may still do."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """A member's role in one tenant."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Method(StrEnum):
    """How a session was opened."""

    PASSWORD = "password"  # noqa: S105 - a name, not one
    SSO = "sso"


@dataclass(frozen=True, slots=True)
class Seat:
    """A membership together with its tenant; ``is_open`` says whether people may work there now."""

    tenant_id: str
    tenant_name: str
    role: Role
    is_open: bool
    needs_sso: bool = False
    delete_after: datetime | None = None


def choose_seat(seats: Sequence[Seat], wanted: str | None, method: Method = Method.PASSWORD) -> Seat | None:
    """The wanted tenant's seat, else the first open one; ``seats`` are sorted by last use. None when nothing fits."""
    return next((seat for seat in usable_seats(seats, method) if wanted in (None, seat.tenant_id)), None)


def going_seat(seats: Sequence[Seat], wanted: str | None) -> tuple[str, datetime] | None:
    """The name of the tenant that is to be deleted, and when; of the one that is wanted, else of any."""
    found = ((seat.tenant_name, seat.delete_after) for seat in seats if wanted in (None, seat.tenant_id))
    return next(((name, at) for name, at in found if at is not None), None)


def usable_seats(seats: Sequence[Seat], method: Method) -> list[Seat]:
    return [seat for seat in seats if seat.is_open and not (seat.needs_sso and method is Method.PASSWORD)]


def needs_sso(email: str, user_id: UUID, domains: Collection[str], exempt: Collection[UUID]) -> bool:
    """Whether a tenant's policy refuses this member's password."""
    return email.rpartition("@")[2] in domains and user_id not in exempt


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
