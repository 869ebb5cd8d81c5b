"""A tenant that waits for its deletion pays nothing; undone, it pays again; gone, its subscription is cancelled."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.schemas import Delete
from shared.tx import Actor
from tests.control_plane.billing.support import PRO_CENTS, Shop
from tests.control_plane.billing.test_killed import mortal, next_process
from tests.control_plane.fate import Killed, MortalDatabase, lives
from tests.control_plane.tenants.life import flows_of

DELETE = Delete(confirm="acme")


def collection(shop: Shop) -> Any:
    """What Stripe's subscription says about charging; None: as usual."""
    (subscription,) = shop.stripe.state.every("subscription")
    return subscription["pause_collection"]


async def tick(shop: Shop) -> None:
    """What is due now, and only that."""
    shop.clock.offset += timedelta(seconds=5)
    await shop.flows.finish_changes()
    await shop.reconciler.reconcile_due()
    await flows_of(shop.control).reconcile_tenants()


async def delete(shop: Shop, actor: Actor = SYSTEM) -> None:
    await flows_of(shop.control).delete_tenant(actor, "acme", DELETE)


async def restore(shop: Shop) -> None:
    await flows_of(shop.control).restore_tenant(SYSTEM, "acme")


async def test_nothing_is_charged_while_it_waits_and_an_undo_charges_again(shop: Shop) -> None:
    await shop.subscribe("pro")
    await delete(shop)
    await tick(shop)
    assert collection(shop)["behavior"] == "void"
    await shop.pass_days(32)
    assert [cents for _, cents in shop.stripe.state.charges] == [PRO_CENTS], "the second month is not charged"
    assert await shop.stands() == ("pro", "deleting")

    await restore(shop)
    await tick(shop)
    assert collection(shop) is None
    assert await shop.stands() == ("pro", "active"), "a pause of ours is none that suspends"
    await shop.pass_days(31)
    assert [cents for _, cents in shop.stripe.state.charges] == [PRO_CENTS] * 2


async def test_what_the_tenant_had_paused_stays_paused(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.call("POST", "/subscription/pause")
    assert await shop.stands() == ("pro", "suspended")
    await delete(shop)
    await tick(shop)
    await restore(shop)
    await tick(shop)
    assert collection(shop)["behavior"] == "void"
    assert await shop.stands() == ("pro", "suspended")


async def test_a_trial_and_an_unpaid_month_are_held_too(shop: Shop) -> None:
    await shop.subscribe("pro")
    shop.card(works=False)
    await shop.pass_days(32)
    await delete(shop)
    await tick(shop)
    assert collection(shop)["behavior"] == "void"
    await restore(shop)
    await tick(shop)
    assert collection(shop) is None
    assert (await shop.flows.read(SYSTEM, "acme")).standing == "grace"


async def test_purged_it_is_cancelled_at_once(shop: Shop) -> None:
    await shop.subscribe("pro")
    await delete(shop)
    await tick(shop)
    await shop.control.execute("update tenants set delete_after = now(), next_try_at = now() where tenant_id = 'acme'")
    await flows_of(shop.control).reconcile_tenants()
    assert await shop.stands() == ("pro", "gone")
    await tick(shop)
    (subscription,) = shop.stripe.state.every("subscription")
    assert subscription["status"] == "canceled"
    assert [cents for _, cents in shop.stripe.state.charges] == [PRO_CENTS]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/subscription", {"plan": "team"}),
        ("POST", "/subscription/pause", None),
        ("POST", "/subscription/resume", None),
    ],
)
async def test_meanwhile_nothing_of_it_can_be_changed(shop: Shop, method: str, path: str, body: Any) -> None:
    await shop.subscribe("pro")
    await delete(shop)
    await tick(shop)
    answer = await shop.ask(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_TRANSITION")
    assert "waits for its deletion" in answer.json()["error"]
    assert collection(shop)["behavior"] == "void"
    billing = await shop.call("GET", "")
    assert billing["status_text"].startswith("To be deleted; the subscription is paused")
    assert [name for name, possible in billing["actions"].items() if possible] == ["portal", "cancel"]


async def test_stripe_is_away_when_it_begins(shop: Shop) -> None:
    await shop.subscribe("pro")
    shop.stripe.away = True
    await delete(shop)
    await tick(shop)
    assert (await shop.flows.read(SYSTEM, "acme")).status_text.startswith("To be deleted; the subscription is about")
    shop.stripe.away = False
    shop.clock.offset += timedelta(minutes=2)
    await tick(shop)
    assert collection(shop)["behavior"] == "void"


async def test_who_never_bought_anything_is_deleted_as_before(shop: Shop) -> None:
    flows: TenantFlows = flows_of(shop.control)
    await flows.delete_tenant(SYSTEM, "acme", DELETE)
    await tick(shop)
    assert await shop.stands() == ("free", "deleting")
    assert list(shop.stripe.state.every("customer")) == []


Change = Callable[[TenantFlows], Awaitable[Any]]
CHANGES: dict[str, Change] = {
    "delete": lambda flows: flows.delete_tenant(SYSTEM, "acme", DELETE),
    "restore": lambda flows: flows.restore_tenant(SYSTEM, "acme"),
}
CHARGED = {"active": None, "deleting": "void"}


@pytest.mark.parametrize(("change", "back"), [("delete", "restore"), ("restore", "delete")])
async def test_killed_at_every_point_stripe_and_the_tenant_agree_afterwards(shop: Shop, change: str, back: str) -> None:
    await shop.subscribe("pro")
    flows = flows_of(shop.control)
    if change == "restore":
        await settled(shop, CHANGES["delete"])
    seen = set()
    for fate in lives(at_least=12):
        database: Any = MortalDatabase(flows.database, fate)
        reconciler = mortal(shop.flows, fate).reconciler
        assert reconciler is not None
        try:
            await CHANGES[change](replace(flows, database=database))
            assert await reconciler.reconcile("acme") is None
        except Killed:
            await shop.control.execute("update tenants set next_try_at = '2000-01-01' where next_try_at > now()")
            await settled(shop, None)
        _, state = await shop.stands()
        seen.add(state)
        assert (collection(shop) or {"behavior": None})["behavior"] == CHARGED[state]
        assert await shop.control.sql("select id from billing_changes where state <> 'done'") == []
        if state == {"delete": "deleting", "restore": "active"}[change]:
            await settled(shop, CHANGES[back])
    assert seen == {"active", "deleting"}, "at first nothing had happened, at last everything"


async def settled(shop: Shop, change: Change | None) -> None:
    if change is not None:
        await change(flows_of(shop.control))
    await flows_of(shop.control).reconcile_tenants()
    await next_process(shop)
