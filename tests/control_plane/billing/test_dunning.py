"""Trials, failed payments, grace, suspension and the way back, as time goes by."""

from datetime import timedelta
from typing import Any

import pytest

from tests.control_plane.billing.support import Shop
from tests.control_plane.tenants.life import flows_of


async def failed(shop: Shop) -> None:
    """The second month can't be charged."""
    await shop.subscribe("pro")
    shop.card(works=False)
    await shop.pass_days(32)


async def test_past_due_then_grace_then_suspended_then_paid_then_resumed(shop: Shop) -> None:
    await failed(shop)
    answer = await shop.call("GET", "")
    assert (answer["standing"], answer["status"], answer["next"]["what"]) == ("grace", "past_due", "suspends")
    assert answer["grace_ends_at"] == answer["next"]["at"]
    assert answer["payment_url"].startswith(f"{shop.stripe.base_url}/invoice/")
    assert await shop.stands() == ("pro", "active")

    await shop.pass_days(8)
    await shop.look()
    assert await shop.stands() == ("pro", "suspended")
    assert shop.control.plane.tenants["acme"].state == "suspended"
    answer = await shop.call("GET", "")
    assert (answer["standing"], answer["is_suspended"]) == ("overdue", True)
    assert answer["suspended_reason"].startswith("A payment is overdue since ")

    shop.card(works=True)
    shop.pay_open()
    await shop.deliver()
    assert await shop.stands() == ("pro", "active")
    assert shop.control.plane.tenants["acme"].state == "active"
    assert (await shop.call("GET", ""))["standing"] == "active"


async def test_no_event_is_needed_for_the_end_of_the_grace(shop: Shop) -> None:
    await failed(shop)
    shop.stripe.away = True
    await shop.pass_days(8)
    await shop.look()
    assert await shop.stands() == ("pro", "active"), "without an answer nothing is taken away"
    shop.stripe.away = False
    await shop.look()
    assert await shop.stands() == ("pro", "suspended")


@pytest.mark.parametrize(
    ("after_retries", "stands"), [("unpaid", ("pro", "suspended")), ("cancel", ("free", "active"))]
)
async def test_when_stripe_gives_up(shop: Shop, after_retries: str, stands: tuple[str, str]) -> None:
    shop.stripe.state.after_retries = after_retries
    await failed(shop)
    await shop.pass_days(8)
    await shop.look()
    await shop.pass_days(10)
    await shop.look()
    assert await shop.stands() == stands


async def test_the_next_invoice_begins_no_new_grace(shop: Shop) -> None:
    shop.stripe.state.after_retries = "past_due"
    await failed(shop)
    await shop.pass_days(8)
    await shop.look()
    await shop.pass_days(31)
    await shop.look()
    assert await shop.stands() == ("pro", "suspended")


async def test_what_a_person_suspended_is_not_resumed_by_a_payment(shop: Shop) -> None:
    await failed(shop)
    root = await shop.control.super_admin()
    suspended = await shop.control.client.post("/api/tenants/acme/suspend", json={"reason": "abuse"}, headers=root)
    assert suspended.status_code == 200
    await shop.pass_days(8)
    await shop.look()
    shop.card(works=True)
    shop.pay_open()
    await shop.deliver()
    await shop.look()
    tenant = await shop.tenant()
    assert (tenant.state, tenant.suspended_reason) == ("suspended", "abuse")


async def test_who_is_resumed_by_hand_is_not_suspended_again_for_the_same_debt(shop: Shop) -> None:
    await failed(shop)
    await shop.pass_days(8)
    await shop.look()
    root = await shop.control.super_admin()
    await shop.control.client.post("/api/tenants/acme/resume", json={"reason": "they called"}, headers=root)
    await shop.look()
    assert await shop.stands() == ("pro", "active")
    await shop.control.client.post("/api/tenants/acme/suspend", json={"reason": "abuse"}, headers=root)
    shop.pay_open()
    await shop.deliver()
    assert await shop.stands() == ("pro", "suspended"), "this one is not billing's"


async def test_a_running_operation_only_puts_it_off(shop: Shop) -> None:
    await failed(shop)
    shop.control.plane.status = 503
    root = await shop.control.super_admin()
    await shop.control.client.patch("/api/tenants/acme", json={"name": "Acme Ltd"}, headers=root)
    await shop.pass_days(8)
    await shop.look()
    assert await shop.stands() == ("pro", "active")
    shop.control.plane.status = 200
    await shop.control.pass_time(600)
    await flows_of(shop.control).reconcile_tenants()
    await shop.look()
    assert await shop.stands() == ("pro", "suspended")


class TestTrial:
    @pytest.fixture
    def billing_settings(self) -> dict[str, Any]:
        return {"billing_trial_days": 14}

    async def test_a_trial_without_a_card_ends_in_a_suspension(self, shop: Shop) -> None:
        await shop.subscribe("pro", card=None)
        answer = await shop.call("GET", "")
        assert (answer["standing"], answer["next"]["what"]) == ("trialing", "trial_ends")
        assert (answer["trial_ends_at"], await shop.stands()) == (answer["next"]["at"], ("pro", "active"))
        await shop.pass_days(15)
        answer = await shop.call("GET", "")
        assert (answer["status"], answer["standing"]) == ("paused", "trial_ended")
        assert await shop.stands() == ("pro", "suspended")

        refused = await shop.ask("POST", "/subscription/resume")
        assert (refused.status_code, refused.json()["code"]) == (409, "STRIPE_REFUSED")
        assert await shop.stands() == ("pro", "suspended")
        shop.card(works=True)
        await shop.call("POST", "/subscription/resume")
        assert await shop.stands() == ("pro", "active")

    async def test_a_trial_that_ends_unheard_is_found_by_the_reconciler(self, shop: Shop) -> None:
        await shop.subscribe("pro", card=None)
        shop.clock.offset += timedelta(days=15)
        shop.undelivered()
        await shop.reconciler.reconcile_due()
        await shop.look()
        assert await shop.stands() == ("pro", "suspended")

    async def test_a_trial_with_a_card_goes_on(self, shop: Shop) -> None:
        await shop.subscribe("pro", card=True)
        assert shop.stripe.state.charges == []
        await shop.pass_days(15)
        assert (await shop.stands(), len(shop.stripe.state.charges)) == (("pro", "active"), 1)

    async def test_a_trial_is_for_the_first_time(self, shop: Shop) -> None:
        await shop.subscribe("pro", card=True)
        await shop.call("DELETE", "/subscription")
        await shop.pass_days(15)
        await shop.subscribe("pro", card=True)
        assert (await shop.call("GET", ""))["standing"] == "active"

    async def test_during_a_trial_plans_change_for_nothing(self, shop: Shop) -> None:
        await shop.subscribe("pro", card=True)
        assert (await shop.call("POST", "/subscription", json={"plan": "team"}))["plan"] == "team"
        assert (await shop.call("POST", "/subscription", json={"plan": "pro"}))["pending_plan"] == "pro"
        await shop.pass_days(15)
        assert await shop.stands() == ("pro", "active")
