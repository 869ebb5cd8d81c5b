"""From what Stripe says to what a tenant gets: which subscription counts, which plan, suspended or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

FREE = "free"
"""The plan of whoever's subscription has ended; every installation has it."""
METER_MARGIN = timedelta(hours=2)
METER_DAYS = 30
"""Stripe takes usage of the last 35 days."""
REPEATABLE_HOURS = 23
"""Stripe keeps idempotency keys and meter identifiers for a day; after that a repeated call would be a second one."""


class Status(StrEnum):
    """Stripe's words: https://docs.stripe.com/api/subscriptions/object#subscription_object-status"""

    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    UNPAID = "unpaid"
    PAUSED = "paused"


LIVE = frozenset({Status.TRIALING, Status.ACTIVE, Status.PAST_DUE, Status.UNPAID, Status.PAUSED})
"""It exists and may charge; a tenant has at most one of these."""
CHANGEABLE = frozenset({Status.TRIALING, Status.ACTIVE})


class DisputeStatus(StrEnum):
    """Stripe's words: https://docs.stripe.com/api/disputes/object#dispute_object-status"""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


UNANSWERED = frozenset({DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.NEEDS_RESPONSE})


class Standing(StrEnum):
    """How a tenant stands, in our words."""

    NONE = "none"
    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    GRACE = "grace"
    OVERDUE = "overdue"
    TRIAL_ENDED = "trial_ended"
    PAUSED = "paused"
    ENDED = "ended"


class ChangeKind(StrEnum):
    CHECKOUT = "checkout"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    KEEP = "keep"
    CANCEL = "cancel"
    CANCEL_NOW = "cancel_now"
    PAUSE = "pause"
    RESUME = "resume"
    CREDIT = "credit"


class ChangeState(StrEnum):
    WANTED = "wanted"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    RECONCILED = "reconciled"
    IGNORED = "ignored"


class Next(StrEnum):
    """What happens by itself, the soonest."""

    RENEWS = "renews"
    TRIAL_ENDS = "trial_ends"
    ENDS = "ends"
    PLAN_CHANGES = "plan_changes"
    SUSPENDS = "suspends"


class Facts(Protocol):
    """A subscription as it is mirrored."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def plan(self) -> str | None: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def current_period_end(self) -> datetime: ...
    @property
    def cancel_at(self) -> datetime | None: ...
    @property
    def cancel_at_period_end(self) -> bool: ...
    @property
    def trial_end(self) -> datetime | None: ...
    @property
    def pause_collection(self) -> str | None: ...
    @property
    def past_due_since(self) -> datetime | None: ...
    @property
    def pending_plan(self) -> str | None: ...
    @property
    def pending_at(self) -> datetime | None: ...


class Dated(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...


D = TypeVar("D", bound=Dated)
F = TypeVar("F", bound=Facts)


@dataclass(frozen=True, slots=True)
class Access:
    """``plan`` None: leave the plan as it is. ``suspension``: why the tenant may not work, None when it may.

    ``review_at``: when time alone changes this.
    """

    standing: Standing
    plan: str | None = None
    suspension: str | None = None
    review_at: datetime | None = None


def current(subscriptions: Sequence[F]) -> F | None:
    """The one that counts: the oldest live one, else the youngest that was ever live, else one not paid for yet.

    One that expired before its first payment never began, so it ends nothing.
    """
    live = [s for s in subscriptions if s.status in LIVE]
    if live:
        return min(live, key=_age)
    canceled = [s for s in subscriptions if s.status == Status.CANCELED]
    waiting = [s for s in subscriptions if s.status == Status.INCOMPLETE]
    return max(canceled or waiting, key=_age, default=None)


def surplus(subscriptions: Sequence[D], *, is_gone: bool) -> list[D]:
    """Live ones that must not go on charging: all but the oldest, or all when the tenant is gone."""
    live = sorted((s for s in subscriptions if s.status in LIVE), key=_age)
    return live if is_gone else live[1:]


def access_of(subscription: Facts | None, now: datetime, grace_days: int) -> Access:
    """The table in infra/docs/billing.md, "What a status means"."""
    if subscription is None:
        return Access(Standing.NONE)
    status, plan = Status(subscription.status), subscription.plan
    if status in (Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED):
        return Access(Standing.INCOMPLETE)
    if status is Status.CANCELED:
        return Access(Standing.ENDED, FREE)
    if status is Status.PAUSED:
        return Access(Standing.TRIAL_ENDED, plan, "The trial has ended and there is no payment method.")
    if subscription.pause_collection is not None:
        return Access(Standing.PAUSED, plan, "The subscription is paused.")
    if status is Status.TRIALING:
        return Access(Standing.TRIALING, plan, review_at=subscription.trial_end)
    if status is Status.ACTIVE:
        return Access(Standing.ACTIVE, plan, review_at=subscription.current_period_end)
    since = subscription.past_due_since or now
    ends_at = since + timedelta(days=grace_days)
    if status is Status.PAST_DUE and now < ends_at:
        return Access(Standing.GRACE, plan, review_at=ends_at)
    return Access(Standing.OVERDUE, plan, f"A payment is overdue since {since.astimezone(UTC).date()}.")


def outlook(subscription: Facts | None, access: Access) -> tuple[Next, datetime] | None:
    if subscription is None or subscription.status not in LIVE or access.suspension is not None:
        return None
    ends_at = subscription.cancel_at or (subscription.current_period_end if subscription.cancel_at_period_end else None)
    ahead: list[tuple[Next, datetime]] = []
    if access.standing is Standing.GRACE and access.review_at is not None:
        ahead.append((Next.SUSPENDS, access.review_at))
    if ends_at is not None:
        ahead.append((Next.ENDS, ends_at))
    elif subscription.pending_at is not None:
        ahead.append((Next.PLAN_CHANGES, subscription.pending_at))
    elif access.standing is Standing.TRIALING and subscription.trial_end is not None:
        ahead.append((Next.TRIAL_ENDS, subscription.trial_end))
    elif access.standing is Standing.ACTIVE:
        ahead.append((Next.RENEWS, subscription.current_period_end))
    return min(ahead, key=lambda one: one[1], default=None)


def customer_of(event: Mapping[str, Any]) -> str | None:
    """Of whom an event speaks; None when of nobody."""
    about = event["data"]["object"]
    found = about.get("id") if about.get("object") == "customer" else about.get("customer")
    return found if isinstance(found, str) else None


DISPUTED = "charge.dispute."
HEARD = ("customer.", "invoice.", "checkout.session.", "subscription_schedule.", DISPUTED)


def is_heard(event_type: str) -> bool:
    """Events after which a customer's subscription, or a dispute, may be another; all others are only stored."""
    return event_type.startswith(HEARD)


def dispute_url(dispute_id: str, *, is_live: bool) -> str:
    """Stripe's own page, where it is answered."""
    return f"https://dashboard.stripe.com/{'' if is_live else 'test/'}disputes/{dispute_id}"


def kind_of_change(rank_now: int, rank_wanted: int) -> ChangeKind:
    """More is given at once, less when what was paid for is used up."""
    return ChangeKind.UPGRADE if rank_wanted > rank_now else ChangeKind.DOWNGRADE


def reportable_days(now: datetime, reported_at: datetime | None, since: datetime) -> list[date]:
    """Whole days (UTC) whose usage can be told to Stripe: over, and heard of after their end; none before ``since``."""
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(METER_DAYS, 0, -1)]
    heard = min(now - METER_MARGIN, reported_at or datetime.min.replace(tzinfo=UTC))
    return [day for day in days if since.astimezone(UTC).date() <= day and _end(day) <= heard]


def noon(day: date) -> datetime:
    """The time under which a day's usage is told: in the same day, whatever the zone of Stripe's period."""
    return datetime.combine(day, time(12), UTC)


def meter_identifier(tenant_id: str, meter: str, day: date) -> str:
    """Stripe takes one with the same identifier once."""
    return f"{meter}:{tenant_id}:{day.isoformat()}"


def delay_seconds(failures: int) -> int:
    """5, 10, 20 … up to an hour."""
    return int(min(5 * 2 ** min(failures - 1, 20), 3600))


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _age(subscription: Dated) -> tuple[datetime, str]:
    return subscription.started_at, subscription.id
