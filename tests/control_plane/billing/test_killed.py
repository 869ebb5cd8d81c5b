"""Killed at every point of every change: before and after each commit, before and after each call to Stripe.

Whoever comes next brings Stripe and the tenant to what was wanted, or finds that nothing was. Nobody pays twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from control_plane.billing.flows.changes import BillingFlows
from control_plane.billing.flows.metering import Metering
from control_plane.billing.schemas import BillingRead, Checkout, CreditGrant, CreditRead, SentTo, SubscriptionChange
from control_plane.core.repeats import Repeat
from control_plane.core.system import SYSTEM
from tests.control_plane.billing.support import PRO_CENTS, TEAM_CENTS, Shop
from tests.control_plane.fate import Fate, Killed, MortalCalls, MortalDatabase, lives
from tests.fakes.stripe import life, requests

READY = "update {} set {} = '2000-01-01' where {} is not null"


def mortal(flows: BillingFlows, fate: Fate) -> BillingFlows:
    database: Any = MortalDatabase(flows.database, fate)
    payments: Any = MortalCalls(flows.payments, fate)
    assert flows.reconciler is not None
    reconciler = replace(flows.reconciler, database=database, payments=payments)
    return replace(flows, database=database, payments=payments, reconciler=reconciler)


async def next_process(shop: Shop) -> None:
    """All ticks, when what the dead one had claimed is free again."""
    await shop.control.execute(READY.format("billing_changes", "next_try_at", "next_try_at"))
    await shop.flows.finish_changes()
    await shop.control.execute(READY.format("billing_customers", "next_look_at", "next_look_at"))
    await shop.reconciler.reconcile_due()


Flow = Callable[[BillingFlows], Awaitable[Any]]
STEPS: dict[str, Flow] = {
    "upgrade": lambda flows: flows.change_subscription(
        SYSTEM, "acme", SubscriptionChange(plan="team"), Repeat(BillingRead)
    ),
    "downgrade": lambda flows: flows.change_subscription(
        SYSTEM, "acme", SubscriptionChange(plan="pro"), Repeat(BillingRead)
    ),
    "cancel": lambda flows: flows.cancel_subscription(SYSTEM, "acme", now=False),
    "cancel_now": lambda flows: flows.cancel_subscription(SYSTEM, "acme", now=True),
    "pause": lambda flows: flows.pause_subscription(SYSTEM, "acme", Repeat(BillingRead)),
    "resume": lambda flows: flows.resume_subscription(SYSTEM, "acme", Repeat(BillingRead)),
}


async def killed_everywhere(shop: Shop, flow: Flow, undo: Flow, check: Callable[[bool], Awaitable[None]]) -> None:
    """``check`` hears whether the change was ever recorded. ``undo`` leads back to where the flow begins."""
    for fate in lives(at_least=7):
        (known,) = await shop.control.sql("select count(*) from billing_changes")
        try:
            await flow(mortal(shop.flows, fate))
        except Killed:
            await next_process(shop)
            (now,) = await shop.control.sql("select count(*) from billing_changes")
            await check(now > known)
            assert await shop.control.sql("select id from billing_changes where state <> 'done'") == []
            await undo(shop.flows)
        else:
            await check(True)


async def test_upgrade(shop: Shop) -> None:
    await shop.subscribe("pro")
    charged = len(shop.stripe.state.charges)

    async def check(is_recorded: bool) -> None:
        paid = [cents for _, cents in shop.stripe.state.charges[charged:]]
        assert len(paid) == (1 if is_recorded else 0), "once, or not at all"
        assert await shop.stands() == ("team" if is_recorded else "pro", "active")

    async def undo(_: BillingFlows) -> None:
        """Somebody changes the price in Stripe's dashboard."""
        nonlocal charged
        subscription = next(shop.stripe.state.every("subscription", status="active"))
        life.change_price(shop.stripe.state, subscription, price(shop, PRO_CENTS), is_pending_allowed=False)
        await shop.look()
        shop.stripe.state.objects["cus_0001"]["balance"] = 0
        charged = len(shop.stripe.state.charges)

    await killed_everywhere(shop, STEPS["upgrade"], undo, check)


def price(shop: Shop, cents: int) -> Any:
    return next(one for one in shop.stripe.state.every("price") if one["unit_amount"] == cents)


async def test_downgrade(shop: Shop) -> None:
    await shop.subscribe("team")

    async def check(is_recorded: bool) -> None:
        billing = await shop.flows.read(SYSTEM, "acme")
        assert (billing.plan, billing.pending_plan) == ("team", "pro" if is_recorded else None)
        active = list(shop.stripe.state.every("subscription_schedule", status="active"))
        assert len(active) == (1 if is_recorded else 0)
        assert [len(one["phases"]) for one in active] == ([2] if is_recorded else [])

    await killed_everywhere(shop, STEPS["downgrade"], STEPS["upgrade"], check)


@pytest.mark.parametrize(("flow", "back"), [("pause", "resume"), ("resume", "pause")])
async def test_pause_and_resume(shop: Shop, flow: str, back: str) -> None:
    await shop.subscribe("pro")
    states = {"pause": "suspended", "resume": "active"}
    await STEPS[back](shop.flows)

    async def check(is_recorded: bool) -> None:
        assert await shop.stands() == ("pro", states[flow if is_recorded else back])

    await killed_everywhere(shop, STEPS[flow], STEPS[back], check)


async def test_cancel(shop: Shop) -> None:
    await shop.subscribe("pro")

    async def check(is_recorded: bool) -> None:
        assert (await shop.flows.read(SYSTEM, "acme")).is_cancelled is is_recorded

    await killed_everywhere(shop, STEPS["cancel"], STEPS["downgrade"], check)


async def test_credit(shop: Shop) -> None:
    await shop.subscribe("pro")
    given = 0

    async def credit(flows: BillingFlows) -> None:
        grant = CreditGrant(amount_cents=500, currency="usd", reason="an outage")
        await flows.grant_credit(SYSTEM, "acme", grant, Repeat(CreditRead))

    async def check(is_recorded: bool) -> None:
        nonlocal given
        given += 500 if is_recorded else 0
        assert shop.stripe.state.objects["cus_0001"]["balance"] == -given
        assert (await shop.flows.read(SYSTEM, "acme")).credit_cents == given

    async def nothing(_: BillingFlows) -> None:
        return

    await killed_everywhere(shop, credit, nothing, check)


async def test_checkout_and_its_customer(shop: Shop) -> None:
    async def checkout(flows: BillingFlows) -> None:
        await flows.checkout(SYSTEM, "acme", Checkout(plan="team"), "http://x", Repeat(SentTo))

    async def check(is_recorded: bool) -> None:
        """Whoever heard nothing asks again; however often, one customer has one session that can be paid."""
        await checkout(shop.flows)
        assert len(list(shop.stripe.state.every("customer"))) == 1
        assert len(list(shop.stripe.state.every("checkout.session", status="open"))) == 1

    async def nothing(_: BillingFlows) -> None:
        await shop.control.execute("delete from billing_changes")
        await shop.control.execute("delete from billing_customers")
        shop.stripe.state.objects = {
            name: one for name, one in shop.stripe.state.objects.items() if one["object"] in ("price", "product")
        }

    await killed_everywhere(shop, checkout, nothing, check)
    session = next(shop.stripe.state.every("checkout.session", status="open"))
    requests.complete_checkout(shop.stripe.state, session, True)
    await shop.deliver()
    assert [cents for _, cents in shop.stripe.state.charges] == [TEAM_CENTS]


async def test_an_answer_that_is_lost_is_asked_for_again(shop: Shop) -> None:
    await shop.subscribe("pro")
    shop.stripe.loses_answers = True
    answer = await shop.ask("POST", "/subscription", json={"plan": "team"})
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    again = await shop.ask("POST", "/subscription", json={"plan": "team"})
    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")
    assert (await shop.call("GET", ""))["running_change"] == "upgrade"
    shop.stripe.loses_answers = False
    await next_process(shop)
    assert await shop.stands() == ("team", "active")
    assert len(shop.stripe.state.charges) == 2


async def test_after_a_day_without_an_answer_a_change_is_given_up(shop: Shop) -> None:
    """Stripe has forgotten the key by then; what it has is what counts."""
    await shop.subscribe("pro")
    shop.stripe.away = True
    assert (await shop.ask("DELETE", "/subscription")).status_code == 503
    await shop.control.execute("update billing_changes set created_at = created_at - interval '25 hours'")
    shop.stripe.away = False
    await next_process(shop)
    assert await shop.control.sql("select state from billing_changes where kind = 'cancel'") == [("failed",)]
    assert (await shop.call("GET", ""))["is_cancelled"] is False


async def test_usage_is_counted_once(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.control.execute("update subscriptions set started_at = now() - interval '3 days'")
    await shop.control.execute(
        "insert into usage_days (tenant_id, metric, day, amount, reported_at) values"
        " ('acme', 'events', (now() - interval '2 days')::date, 70, now()),"
        " ('acme', 'events', now()::date, 9, now())"
    )
    for fate in lives(at_least=6):
        await shop.control.execute("delete from meter_reports")
        shop.stripe.state.meter_events.clear()
        database: Any = MortalDatabase(shop.flows.database, fate)
        payments: Any = MortalCalls(shop.flows.payments, fate)
        try:
            await Metering(database, payments, "events").report_usage()
        except Killed:
            await shop.control.execute(READY.format("meter_reports", "next_try_at", "next_try_at"))
            await Metering(shop.flows.database, shop.reconciler.payments, "events").report_usage()
        assert [one["payload"]["value"] for one in shop.stripe.state.meter_events.values()] == ["70"]
        assert await shop.control.sql("select amount, sent_at is not null from meter_reports") == [(70, True)]
        shop.stripe.kept.clear()
