"""Invoices whose lines add up, credits with a reason, usage for Stripe's meters; and no Stripe at all."""

from datetime import timedelta

import pytest

from control_plane.billing.flows.metering import Metering
from tests.control_plane.billing.support import PRO_CENTS, Shop
from tests.control_plane.support import ControlPlane
from tests.fakes.stripe import invoices
from tests.fakes.stripe.state import Json

CREDIT: Json = {"amount_cents": 1234, "currency": "usd", "reason": "An outage of two hours"}


async def test_invoices_add_up_to_the_cent(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.pass_days(10.3)
    await shop.call("POST", "/subscription", json={"plan": "team"})
    answer = await shop.call("GET", "/invoices")
    upgrade, first = answer["items"]
    assert (first["total_cents"], first["status"], first["currency"]) == (PRO_CENTS, "paid", "usd")
    assert [line["amount_cents"] < 0 for line in upgrade["lines"]] == [True, False]
    for invoice in answer["items"]:
        assert sum(line["amount_cents"] for line in invoice["lines"]) == invoice["subtotal_cents"]
        total = invoice["subtotal_cents"] - invoice["discount_cents"] + invoice["tax_cents"]
        assert total == invoice["total_cents"]
        assert invoice["amount_due_cents"] == invoice["total_cents"] - invoice["credit_cents"]
        assert invoice["amount_paid_cents"] + invoice["amount_remaining_cents"] == invoice["amount_due_cents"]
    assert upgrade["hosted_url"].endswith(upgrade["id"])
    assert upgrade["pdf_url"].endswith("/pdf")


async def test_invoices_come_in_pages_and_with_all_their_lines(shop: Shop) -> None:
    subscription = await shop.subscribe("pro")
    state, price = shop.stripe.state, subscription["items"]["data"][0]["price"]
    lines = [invoices.line(state, price, 7, state.now, state.now + 1, f"line {n}") for n in range(25)]
    invoices.bill(state, subscription, lines, "subscription_update")
    first = await shop.call("GET", "/invoices?limit=1")
    assert len(first["items"][0]["lines"]) == 25
    assert first["items"][0]["subtotal_cents"] == 175
    second = await shop.call("GET", f"/invoices?limit=1&cursor={first['next_cursor']}")
    assert (second["items"][0]["total_cents"], second["next_cursor"]) == (PRO_CENTS, None)


async def test_a_cursor_of_nobody_is_refused(shop: Shop) -> None:
    await shop.subscribe("pro")
    assert (await shop.ask("GET", "/invoices?cursor=in_nobody")).status_code == 409


async def test_a_credit_is_taken_off_the_next_invoice(shop: Shop) -> None:
    await shop.subscribe("pro")
    root = await shop.control.super_admin()
    headers = {**root, "idempotency-key": "once"}
    answers = [await shop.ask("POST", "/credits?tenant_id=acme", headers=headers, json=CREDIT) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert (await shop.call("GET", ""))["credit_cents"] == 1234
    await shop.pass_days(32)
    newest = (await shop.call("GET", "/invoices"))["items"][0]
    assert (newest["credit_cents"], newest["amount_due_cents"]) == (1234, PRO_CENTS - 1234)
    assert shop.stripe.state.charges[-1][1] == PRO_CENTS - 1234
    log = (await shop.control.client.get("/api/auth/audit", headers=root)).json()["data"]["items"]
    entry = next(entry for entry in log if entry["action"] == "billing.credit_granted")
    assert (entry["target"], entry["details"]["reason"]) == ("tenant:acme", CREDIT["reason"])


@pytest.mark.parametrize(
    "change", [{"reason": ""}, {"amount_cents": 0}, {"amount_cents": 1.5}, {"currency": "USD"}, {"currency": "eur"}]
)
async def test_a_credit_needs_a_reason_and_whole_cents_of_the_right_money(shop: Shop, change: Json) -> None:
    await shop.subscribe("pro")
    root = await shop.control.super_admin()
    answer = await shop.ask("POST", "/credits?tenant_id=acme", headers=root, json={**CREDIT, **change})
    assert answer.status_code == 422
    assert (await shop.call("GET", ""))["credit_cents"] == 0


async def test_nobody_credits_themselves(shop: Shop) -> None:
    assert (await shop.ask("POST", "/credits", json=CREDIT)).status_code == 403
    assert await shop.control.sql("select id from billing_changes") == []


async def used(shop: Shop, days_ago: int, amount: int, metric: str = "events") -> None:
    await shop.control.execute(
        "insert into usage_days (tenant_id, metric, day, amount, reported_at) values"
        f" ('acme', '{metric}', (now() at time zone 'utc')::date - {days_ago}, {amount}, now())"
    )


async def test_whole_days_of_usage_are_told_once(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.control.execute("update subscriptions set started_at = now() - interval '4 days'")
    for days_ago, amount in ((0, 5), (2, 40), (3, 30), (6, 999)):
        await used(shop, days_ago, amount)
    metering = Metering(shop.flows.database, shop.reconciler.payments, "opsplane_events")
    for _ in range(2):
        await metering.report_usage()
    told = list(shop.stripe.state.meter_events.values())
    assert sorted(event["payload"]["value"] for event in told) == ["30", "40"]
    customer = next(shop.stripe.state.every("customer"))["id"]
    assert {event["payload"]["stripe_customer_id"] for event in told} == {customer}
    assert shop.stripe.calls.count(("post", "/v1/billing/meter_events")) == 2


async def test_usage_waits_while_stripe_is_away_and_is_given_up_after_a_day(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.control.execute("update subscriptions set started_at = now() - interval '4 days'")
    await used(shop, 2, 40)
    metering = Metering(shop.flows.database, shop.reconciler.payments, "opsplane_events")
    shop.stripe.away = True
    await metering.report_usage()
    shop.clock.offset += timedelta(hours=25)
    shop.stripe.away = False
    await metering.report_usage()
    assert shop.stripe.state.meter_events == {}
    rows = await shop.control.sql("select sent_at, next_try_at, error from meter_reports where amount = 40")
    assert rows[0][:2] == (None, None)
    assert "count twice" in rows[0][2]


async def test_who_does_not_pay_is_not_metered(shop: Shop) -> None:
    await used(shop, 2, 40)
    await Metering(shop.flows.database, shop.reconciler.payments, "opsplane_events").report_usage()
    assert shop.stripe.calls == []


class TestManual:
    """Without a Stripe key."""

    async def test_it_says_so(self, control: ControlPlane) -> None:
        root = await control.super_admin()
        await control.add_tenant("acme")
        answer = await control.client.get("/api/billing?tenant_id=acme", headers=root)
        billing = answer.json()["data"]
        assert (billing["mode"], billing["plan"], billing["standing"]) == ("manual", "pro", "none")
        assert billing["status_text"] == "Plans are given by the provider; nothing is charged online."
        assert not any(billing["actions"].values())
        assert {item["meter"] for item in billing["usage"]} >= {"users", "events_per_month"}

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/checkout"),
            ("POST", "/portal"),
            ("POST", "/refresh"),
            ("POST", "/subscription"),
            ("DELETE", "/subscription"),
            ("POST", "/subscription/pause"),
            ("POST", "/subscription/resume"),
            ("GET", "/invoices"),
        ],
    )
    async def test_nothing_can_be_bought(self, control: ControlPlane, method: str, path: str) -> None:
        root = await control.super_admin()
        await control.add_tenant("acme")
        body = {"plan": "pro"} if path in ("/checkout", "/subscription") else {}
        answer = await control.client.request(method, f"/api/billing{path}?tenant_id=acme", headers=root, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "BILLING_MANUAL")
        assert await control.sql("select id from billing_changes") == []

    async def test_no_event_is_believed(self, control: ControlPlane) -> None:
        answer = await control.client.post("/api/billing/webhook", content=b"{}")
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_SIGNATURE")
        assert control.app.state.paying.ticks == []


async def test_while_stripe_is_away_nothing_changes(shop: Shop) -> None:
    await shop.subscribe("pro")
    shop.stripe.away = True
    for path in ("/refresh", "/portal", "/subscription/pause"):
        answer = await shop.ask("POST", path, json={})
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE"), path
    assert await shop.stands() == ("pro", "active")
