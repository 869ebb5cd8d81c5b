"""Buying, changing and ending a subscription, through the doors."""

import pytest

from control_plane.billing.rest import api
from control_plane.identity.rules import Role
from shared.web.operations import Operation
from tests.control_plane.billing.support import PRO_CENTS, TEAM_CENTS, Shop
from tests.fakes.stripe import life, requests
from tests.fakes.stripe.state import Json


async def change(shop: Shop, plan: str) -> Json:
    answer: Json = await shop.call("POST", "/subscription", json={"plan": plan})
    return answer


async def test_a_checkout_gives_the_plan(shop: Shop) -> None:
    before = await shop.call("GET", "")
    assert (before["mode"], before["standing"], before["actions"]["checkout"]) == ("stripe", "none", True)
    await shop.subscribe("pro")
    after = await shop.call("GET", "")
    assert await shop.stands() == ("pro", "active")
    paid = {"standing": "active", "status": "active", "price_cents": PRO_CENTS, "currency": "usd"}
    assert {name: after[name] for name in paid} == paid
    assert (after["next"]["what"], after["next"]["amount_cents"]) == ("renews", PRO_CENTS)
    assert shop.control.plane.tenants["acme"].plan == "pro"
    assert [cents for _, cents in shop.stripe.state.charges] == [PRO_CENTS]


async def test_lists_of_tenants_say_how_each_stands(shop: Shop) -> None:
    headers = await shop.control.super_admin()
    await shop.control.add_tenant("globex")
    await shop.subscribe("pro")
    listed = (await shop.control.client.get("/api/tenants", headers=headers)).json()["data"]["items"]
    assert [(item["tenant_id"], item["standing"]) for item in listed] == [("acme", "active"), ("globex", "none")]


async def test_whoever_comes_back_before_the_event_may_look_at_once(shop: Shop) -> None:
    url = (await shop.call("POST", "/checkout", json={"plan": "pro", "return_path": "/control?x=1"}))["url"]
    session = shop.stripe.state.get("checkout.session", url.rpartition("/")[2])
    assert session["success_url"] == "http://control-plane/control?x=1&checkout=done"
    requests.complete_checkout(shop.stripe.state, session, True)
    assert (await shop.call("POST", "/refresh"))["plan"] == "pro"


async def test_there_is_never_a_second_subscription(shop: Shop) -> None:
    await shop.subscribe("pro")
    answer = await shop.ask("POST", "/checkout", json={"plan": "team"})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert [one["status"] for one in shop.stripe.state.every("subscription")] == ["active"]


async def test_an_open_checkout_ends_when_another_begins(shop: Shop) -> None:
    await shop.call("POST", "/checkout", json={"plan": "pro"})
    await shop.call("POST", "/checkout", json={"plan": "team"})
    assert [one["status"] for one in shop.stripe.state.every("checkout.session")] == ["expired", "open"]


async def test_a_second_subscription_made_elsewhere_is_ended_with_its_money_back(shop: Shop) -> None:
    first = await shop.subscribe("pro")
    second = made_elsewhere(shop, first)
    await shop.deliver()
    await shop.look()
    assert (first["status"], second["status"]) == ("active", "canceled")
    assert (await shop.call("GET", ""))["credit_cents"] == TEAM_CENTS
    assert await shop.stands() == ("pro", "active")


def made_elsewhere(shop: Shop, first: Json) -> Json:
    """Somebody makes another one in Stripe's dashboard, a second later."""
    price = next(one for one in shop.stripe.state.every("price") if one["unit_amount"] == TEAM_CENTS)
    second = life.begin(shop.stripe.state, first["customer"], price, 0, {}, "create_invoice")
    second["created"] = first["created"] + 1
    return second


async def test_an_upgrade_counts_at_once_and_the_difference_is_charged(shop: Shop) -> None:
    subscription = await shop.subscribe("pro")
    item = subscription["items"]["data"][0]
    await shop.pass_days(10)
    answer = await change(shop, "team")
    assert (answer["plan"], answer["price_cents"], answer["pending_plan"]) == ("team", TEAM_CENTS, None)
    assert await shop.stands() == ("team", "active")
    left = (item["current_period_end"] - shop.stripe.state.now) / (
        item["current_period_end"] - item["current_period_start"]
    )
    assert shop.stripe.state.charges[-1][1] == pytest.approx((TEAM_CENTS - PRO_CENTS) * left, abs=2)


async def test_an_upgrade_that_is_not_paid_waits_for_its_payment(shop: Shop) -> None:
    await shop.subscribe("pro")
    shop.card(works=False)
    answer = await change(shop, "team")
    assert (answer["plan"], answer["standing"]) == ("pro", "active")
    assert answer["payment_url"].startswith(f"{shop.stripe.base_url}/invoice/")
    shop.pay_open()
    await shop.deliver()
    assert await shop.stands() == ("team", "active")
    assert (await shop.call("GET", ""))["payment_url"] is None


async def test_a_downgrade_counts_when_the_period_ends(shop: Shop) -> None:
    await shop.subscribe("team")
    answer = await change(shop, "pro")
    assert (answer["plan"], answer["pending_plan"], answer["next"]["what"]) == ("team", "pro", "plan_changes")
    await shop.pass_days(20)
    assert await shop.stands() == ("team", "active")
    await shop.pass_days(12)
    assert await shop.stands() == ("pro", "active")
    assert [cents for _, cents in shop.stripe.state.charges] == [TEAM_CENTS, PRO_CENTS]
    await shop.pass_days(31)
    assert (await shop.call("GET", ""))["pending_plan"] is None
    assert await shop.stands() == ("pro", "active")


async def test_what_is_pending_can_be_taken_back(shop: Shop) -> None:
    await shop.subscribe("team")
    await change(shop, "pro")
    answer = await change(shop, "team")
    assert (answer["pending_plan"], answer["next"]["what"]) == (None, "renews")
    await shop.call("DELETE", "/subscription")
    assert (await change(shop, "team"))["is_cancelled"] is False
    await shop.pass_days(32)
    assert await shop.stands() == ("team", "active")


async def test_an_upgrade_takes_a_pending_downgrade_and_a_cancellation_back(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.call("DELETE", "/subscription")
    answer = await change(shop, "team")
    assert (answer["plan"], answer["is_cancelled"]) == ("team", False)
    await change(shop, "pro")
    await shop.call("DELETE", "/subscription")
    answer = await change(shop, "pro")
    assert (answer["pending_plan"], answer["is_cancelled"]) == ("pro", False)


@pytest.mark.parametrize("path", ["", "free"])
async def test_a_cancelled_subscription_runs_to_the_end_of_its_period(shop: Shop, path: str) -> None:
    await shop.subscribe("pro")
    calls = {"": ("DELETE", "/subscription", None), "free": ("POST", "/subscription", {"plan": "free"})}
    method, url, body = calls[path]
    answer = await shop.call(method, url, json=body)
    assert (answer["plan"], answer["is_cancelled"], answer["next"]["what"]) == ("pro", True, "ends")
    await shop.pass_days(32)
    assert await shop.stands() == ("free", "active")
    after = await shop.call("GET", "")
    assert (after["standing"], after["actions"]["checkout"]) == ("ended", True)


async def test_a_plan_given_by_hand_after_the_end_stays(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.call("DELETE", "/subscription")
    await shop.pass_days(32)
    root = await shop.control.super_admin()
    await shop.control.client.patch("/api/tenants/acme", json={"plan": "enterprise"}, headers=root)
    await shop.look()
    assert (await shop.tenant()).plan == "enterprise"


async def test_a_super_admin_cancels_at_once(shop: Shop) -> None:
    await shop.subscribe("pro")
    refused = await shop.ask("DELETE", "/subscription?now=true")
    assert (refused.status_code, await shop.stands()) == (403, ("pro", "active"))
    root = await shop.control.super_admin()
    answer = await shop.call("DELETE", "/subscription?now=true&tenant_id=acme", headers=root)
    assert (answer["plan"], answer["standing"], answer["credit_cents"]) == ("free", "ended", PRO_CENTS)


async def test_pause_and_resume(shop: Shop) -> None:
    await shop.subscribe("pro")
    answer = await shop.call("POST", "/subscription/pause")
    assert (answer["standing"], answer["is_suspended"], answer["actions"]["resume"]) == ("paused", True, True)
    await shop.pass_days(32)
    assert await shop.stands() == ("pro", "suspended")
    answer = await shop.call("POST", "/subscription/resume")
    assert (answer["standing"], answer["is_suspended"]) == ("active", False)
    assert len(shop.stripe.state.charges) == 1, "nothing was charged meanwhile"


@pytest.mark.parametrize("call", [("POST", "/subscription/pause"), ("DELETE", "/subscription")])
async def test_what_is_so_already_asks_nothing_of_stripe(shop: Shop, call: tuple[str, str]) -> None:
    await shop.subscribe("pro")
    first = await shop.call(*call)
    asked = len(shop.stripe.calls)
    assert (await shop.call(*call))["standing"] == first["standing"]
    assert len(shop.stripe.calls) == asked


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/subscription", {"plan": "team"}),
        ("DELETE", "/subscription", None),
        ("POST", "/subscription/pause", None),
        ("POST", "/subscription/resume", None),
    ],
)
async def test_without_a_subscription_there_is_nothing_to_change(
    shop: Shop, method: str, path: str, body: Json | None
) -> None:
    answer = await shop.ask(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_TRANSITION")
    assert await shop.control.sql("select id from billing_changes") == []


@pytest.mark.parametrize("plan", ["enterprise", "nothing", "free"])
async def test_only_what_has_a_price_can_be_bought(shop: Shop, plan: str) -> None:
    answer = await shop.ask("POST", "/checkout", json={"plan": plan})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.plan")
    assert await shop.control.sql("select id from billing_changes") == []


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "/a b"])
async def test_nobody_is_sent_elsewhere(shop: Shop, path: str) -> None:
    answer = await shop.ask("POST", "/checkout", json={"plan": "pro", "return_path": path})
    assert answer.status_code == 422


async def test_a_price_may_move_on_and_old_subscriptions_are_still_known(shop: Shop) -> None:
    await shop.subscribe("pro")
    shop.stripe.sell("opsplane_pro_monthly", 12900)
    await shop.look()
    answer = await shop.call("GET", "")
    assert (answer["plan"], answer["price_cents"], await shop.stands()) == ("pro", PRO_CENTS, ("pro", "active"))


async def test_a_customer_deleted_at_stripe_has_no_subscription(shop: Shop) -> None:
    subscription = await shop.subscribe("pro")
    del shop.stripe.state.objects[subscription["id"]]
    customer = subscription["customer"]
    shop.stripe.state.objects[customer] = {"id": customer, "object": "customer", "deleted": True}
    await shop.look()
    assert await shop.stands() == ("free", "active")
    await shop.subscribe("team")
    assert await shop.stands() == ("team", "active")


async def test_a_tenant_that_is_gone_pays_no_more(shop: Shop) -> None:
    subscription = await shop.subscribe("pro")
    await shop.control.execute("update tenants set state = 'gone'")
    await shop.look()
    assert subscription["status"] == "canceled"


async def test_the_portal_is_for_those_who_have_bought_something(shop: Shop) -> None:
    refused = await shop.ask("POST", "/portal", json={})
    assert refused.status_code == 409
    await shop.subscribe("pro")
    url = (await shop.call("POST", "/portal", json={"return_path": "/settings/billing"}))["url"]
    session = shop.stripe.state.get("billing_portal.session", url.rpartition("/")[2])
    assert session["return_url"] == "http://control-plane/settings/billing"


async def test_billing_is_in_the_audit_log(shop: Shop) -> None:
    await shop.subscribe("pro")
    answer = await shop.control.client.get("/api/auth/audit", headers=shop.admin)
    seen = {entry["action"] for entry in answer.json()["data"]["items"]}
    assert seen >= {"billing.change_requested", "billing.change_ended", "billing.subscription_changed"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_only_admins_see_and_change_billing(shop: Shop, role: Role) -> None:
    await shop.control.add_user("eve@acme.example", {"acme": role})
    token = (await shop.control.sign_in("eve@acme.example"))["token"]
    headers = {"authorization": f"Bearer {token}"}
    for method, path in (("GET", ""), ("GET", "/invoices"), ("POST", "/checkout"), ("POST", "/subscription/pause")):
        answer = await shop.ask(method, path, headers=headers, json={"plan": "pro"})
        assert answer.status_code == 403, path
    assert await shop.control.sql("select id from billing_changes") == []


async def test_another_tenant_looks_like_one_that_never_was(shop: Shop) -> None:
    await shop.control.add_tenant("globex")
    answers = [await shop.ask("GET", f"?tenant_id={tenant_id}") for tenant_id in ("globex", "neverwa")]
    assert [answer.status_code for answer in answers] == [404, 404]
    root = await shop.control.super_admin()
    assert (await shop.ask("GET", "?tenant_id=neverwa", headers=root)).status_code == 404
    assert (await shop.ask("GET", "", headers=root)).status_code == 422
    assert (await shop.call("GET", "?tenant_id=globex", headers=root))["tenant_id"] == "globex"


OF_ADMINS = [operation for operation in api.operations if operation.access != "public"]
BODIES: Json = {
    "start_checkout": {"plan": "pro"},
    "open_billing_portal": {},
    "change_subscription": {"plan": "team"},
    "grant_credit": {"amount_cents": 1, "currency": "usd", "reason": "because"},
}


@pytest.mark.parametrize("operation", OF_ADMINS, ids=lambda operation: operation.id)
async def test_an_admin_reaches_no_other_tenant(shop: Shop, operation: Operation) -> None:
    await shop.control.add_tenant("globex")
    body = {"json": BODIES[operation.id]} if operation.body is not None else {}
    path = operation.path.removeprefix("/api/billing")
    answers = [
        await shop.ask(operation.method, f"{path}?tenant_id={tenant_id}", **body) for tenant_id in ("globex", "neverwa")
    ]
    status = 403 if operation.id in ("grant_credit", "list_disputes") else 404
    assert [answer.status_code for answer in answers] == [status, status]
    assert shop.stripe.state.events == []
    assert await shop.control.sql("select id from billing_changes") == []
