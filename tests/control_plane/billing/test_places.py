"""A plan whose tenants run in a plane of their own, where this installation has none for them."""

from typing import Any

import pytest

from control_plane.core.system import SYSTEM
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanCreate
from tests.control_plane.billing.support import LIMITS, Shop
from tests.control_plane.tenants.life import all_operations, flows_of
from tests.fakes.stripe.state import Json

PLATINUM, PLATINUM_CENTS = "opsplane_platinum_monthly", 99900


@pytest.fixture
def billing_settings() -> dict[str, Any]:
    return {"dedicated_planes": {}}


async def on_sale(shop: Shop) -> Json:
    """The price at Stripe."""
    platinum = {"name": "platinum", "rank": 9, "limits": LIMITS, "price_cents": PLATINUM_CENTS, "currency": "usd"}
    command = {**platinum, "stripe_price_lookup_key": PLATINUM, "placement": "dedicated"}
    async with shop.control.database.write(SYSTEM) as tx:
        await plans.create_plan(tx, PlanCreate.model_validate(command))
    return shop.stripe.sell(PLATINUM, PLATINUM_CENTS)


async def sold_elsewhere(shop: Shop) -> None:
    """Somebody changes the price of acme's subscription in Stripe's dashboard."""
    price = await on_sale(shop)
    subscription = await shop.subscribe("pro")
    subscription["items"]["data"][0]["price"] = price
    await shop.look()
    await flows_of(shop.control).reconcile_moves()


async def test_it_can_not_be_bought(shop: Shop) -> None:
    await on_sale(shop)
    refused = await shop.ask("POST", "/checkout", json={"plan": "platinum"})
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert "this installation has no dedicated plane for acme" in refused.json()["error"]
    assert await shop.control.sql("select kind from billing_changes") == []
    assert list(shop.stripe.state.every("checkout.session")) == []


async def test_nobody_changes_to_it(shop: Shop) -> None:
    await on_sale(shop)
    subscription = await shop.subscribe("pro")
    price = subscription["items"]["data"][0]["price"]
    refused = await shop.ask("POST", "/subscription", json={"plan": "platinum"})
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await shop.control.sql("select kind from billing_changes") == [("checkout",)]
    assert subscription["items"]["data"][0]["price"] == price
    assert await shop.stands() == ("pro", "active")


async def test_who_has_paid_for_it_gets_it_where_they_are(shop: Shop) -> None:
    await sold_elsewhere(shop)
    assert await shop.stands() == ("platinum", "active")
    assert (await shop.tenant()).placement == "shared"
    move = (await all_operations(shop.control))[-1]
    assert (move.kind, move.state) == ("move", "failed")
    assert "has no dedicated plane for acme" in str(move.error)
    assert shop.control.plane.tenants["acme"].plan == "platinum"
    headers = await shop.control.super_admin()
    body = {"reason": "unpaid"}
    answer = await shop.control.client.post("/api/tenants/acme/suspend", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_who_has_it_may_keep_it(shop: Shop) -> None:
    await sold_elsewhere(shop)
    await shop.call("POST", "/subscription", json={"plan": "free"})
    kept = await shop.call("POST", "/subscription", json={"plan": "platinum"})
    assert (kept["plan"], kept["is_cancelled"]) == ("platinum", False)
