"""From Stripe's word to a tenant's plan and standing, as tables."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from control_plane.billing import rules
from control_plane.billing.rules import ChangeKind, Next, Standing

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Mirrored:
    id: str = "sub_1"
    status: str = "active"
    plan: str | None = "pro"
    started_at: datetime = NOW - 40 * DAY
    current_period_end: datetime = NOW + 10 * DAY
    cancel_at: datetime | None = None
    cancel_at_period_end: bool = False
    trial_end: datetime | None = None
    pause_collection: str | None = None
    past_due_since: datetime | None = None
    pending_plan: str | None = None
    pending_at: datetime | None = None


OWES = NOW - 7 * DAY


@pytest.mark.parametrize(
    ("subscription", "standing", "plan", "is_suspended"),
    [
        (None, Standing.NONE, None, False),
        (Mirrored(status="incomplete"), Standing.INCOMPLETE, None, False),
        (Mirrored(status="incomplete_expired"), Standing.INCOMPLETE, None, False),
        (Mirrored(status="trialing", trial_end=NOW + DAY), Standing.TRIALING, "pro", False),
        (Mirrored(), Standing.ACTIVE, "pro", False),
        (Mirrored(plan=None), Standing.ACTIVE, None, False),
        (Mirrored(status="past_due", past_due_since=OWES + timedelta(seconds=1)), Standing.GRACE, "pro", False),
        (Mirrored(status="past_due", past_due_since=OWES), Standing.OVERDUE, "pro", True),
        (Mirrored(status="unpaid", past_due_since=NOW), Standing.OVERDUE, "pro", True),
        (Mirrored(status="paused"), Standing.TRIAL_ENDED, "pro", True),
        (Mirrored(pause_collection="void"), Standing.PAUSED, "pro", True),
        (Mirrored(status="trialing", pause_collection="void"), Standing.PAUSED, "pro", True),
        (Mirrored(status="canceled"), Standing.ENDED, "free", False),
        (Mirrored(status="canceled", pause_collection="void"), Standing.ENDED, "free", False),
    ],
)
def test_access(subscription: Mirrored | None, standing: Standing, plan: str | None, is_suspended: bool) -> None:
    access = rules.access_of(subscription, NOW, grace_days=7)
    assert (access.standing, access.plan, access.suspension is not None) == (standing, plan, is_suspended)


def test_the_reason_of_a_debt_does_not_change_while_it_lasts() -> None:
    """Billing suspends once for each reason, so that a person may resume."""
    reasons = {
        rules.access_of(Mirrored(status=status, past_due_since=NOW - 9 * DAY), NOW + days * DAY, 7).suspension
        for status in ("past_due", "unpaid")
        for days in (0, 5)
    }
    assert reasons == {"A payment is overdue since 2026-03-22."}


LATER = Mirrored(id="sub_2", started_at=NOW)
DEAD = Mirrored(id="sub_0", status="canceled", started_at=NOW - 90 * DAY)


@pytest.mark.parametrize(
    ("subscriptions", "current", "surplus"),
    [
        ([], None, []),
        ([LATER, Mirrored()], "sub_1", ["sub_2"]),
        ([DEAD, LATER], "sub_2", []),
        ([DEAD], "sub_0", []),
        ([Mirrored(id="a", status="incomplete_expired")], None, []),
        ([DEAD, Mirrored(id="a", status="incomplete_expired")], "sub_0", []),
        ([DEAD, Mirrored(id="a", status="incomplete")], "sub_0", []),
        ([Mirrored(id="a", status="incomplete")], "a", []),
    ],
)
def test_which_subscription_counts(subscriptions: list[Mirrored], current: str | None, surplus: list[str]) -> None:
    found = rules.current(subscriptions)
    assert (None if found is None else found.id) == current
    assert [one.id for one in rules.surplus(subscriptions, is_gone=False)] == surplus


def test_nothing_goes_on_charging_a_tenant_that_is_gone() -> None:
    assert [one.id for one in rules.surplus([LATER, DEAD, Mirrored()], is_gone=True)] == ["sub_1", "sub_2"]


@pytest.mark.parametrize(
    ("subscription", "what"),
    [
        (Mirrored(), Next.RENEWS),
        (Mirrored(cancel_at_period_end=True), Next.ENDS),
        (Mirrored(cancel_at=NOW + DAY), Next.ENDS),
        (Mirrored(pending_plan="free", pending_at=NOW + DAY), Next.PLAN_CHANGES),
        (Mirrored(status="trialing", trial_end=NOW + DAY), Next.TRIAL_ENDS),
        (Mirrored(status="past_due", past_due_since=NOW - DAY), Next.SUSPENDS),
        (Mirrored(status="past_due", past_due_since=NOW - DAY, cancel_at=NOW + DAY), Next.ENDS),
        (Mirrored(status="unpaid"), None),
        (Mirrored(status="canceled"), None),
        (None, None),
    ],
)
def test_what_happens_next(subscription: Mirrored | None, what: Next | None) -> None:
    found = rules.outlook(subscription, rules.access_of(subscription, NOW, 7))
    assert (None if found is None else found[0]) == what


def test_more_comes_at_once_and_less_later() -> None:
    assert rules.kind_of_change(1, 2) is ChangeKind.UPGRADE
    assert rules.kind_of_change(2, 1) is ChangeKind.DOWNGRADE
    assert rules.kind_of_change(2, 2) is ChangeKind.DOWNGRADE


@pytest.mark.parametrize(
    ("now", "reported_at", "last"),
    [
        (datetime(2026, 3, 31, 1, 59, tzinfo=UTC), datetime(2026, 3, 31, 1, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 31, 2, 0, tzinfo=UTC), datetime(2026, 3, 31, 1, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 3, 31, 9, 0, tzinfo=UTC), datetime(2026, 3, 30, 23, 59, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_a_day_is_told_when_it_is_over_and_heard_of_after(now: datetime, reported_at: datetime, last: date) -> None:
    days = rules.reportable_days(now, reported_at, since=now - 3 * DAY)
    assert (days[0], days[-1]) == ((now - 3 * DAY).date(), last)
    assert rules.reportable_days(now, None, since=now - 3 * DAY) == []
    assert len(rules.reportable_days(now, reported_at, since=now - 300 * DAY)) in (29, 30)


@pytest.mark.parametrize(
    ("about", "customer"),
    [
        ({"object": "customer", "id": "cus_1"}, "cus_1"),
        ({"object": "invoice", "id": "in_1", "customer": "cus_1"}, "cus_1"),
        ({"object": "invoice", "id": "in_1", "customer": {"id": "cus_1"}}, None),
        ({"object": "price", "id": "price_1"}, None),
    ],
)
def test_of_whom_an_event_speaks(about: dict[str, object], customer: str | None) -> None:
    assert rules.customer_of({"data": {"object": about}}) == customer


def test_delays_grow_up_to_an_hour() -> None:
    assert [rules.delay_seconds(failures) for failures in (1, 2, 3, 50)] == [5, 10, 20, 3600]
