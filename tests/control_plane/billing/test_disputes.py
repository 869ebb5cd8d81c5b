"""Disputes: fetched when Stripe tells of one, found by the hourly look, shown to super-admins alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control_plane.billing.flows.disputes import Disputes
from shared.fields import rfc3339
from tests.control_plane.billing.support import PRO_CENTS, Shop
from tests.fakes.stripe.disputes import decide, dispute
from tests.fakes.stripe.state import Json


async def disputed(shop: Shop) -> Json:
    await shop.subscribe("pro")
    return dispute(shop.stripe.state, next(shop.stripe.state.every("invoice")))


async def listed(shop: Shop, root: dict[str, str], query: str = "") -> Any:
    return await shop.call("GET", f"/disputes?tenant_id=acme{query}", headers=root)


async def outcomes(shop: Shop) -> list[Any]:
    return await shop.control.sql(
        "select outcome, attempts from stripe_events where type like 'charge.dispute.%' order by id"
    )


async def test_one_is_shown_with_what_is_needed_to_answer_it(shop: Shop) -> None:
    made = await disputed(shop)
    await shop.deliver()
    page = await listed(shop, await shop.control.super_admin())
    assert page["total"] == 1
    (shown,) = page["items"]
    known = {name: shown[name] for name in ("dispute_id", "amount_cents", "currency", "reason", "status")}
    assert known == {
        "dispute_id": made["id"],
        "amount_cents": PRO_CENTS,
        "currency": "usd",
        "reason": "fraudulent",
        "status": "needs_response",
    }
    assert (shown["needs_response"], shown["has_evidence"]) == (True, False)
    assert shown["evidence_due_at"] == rfc3339(datetime.fromtimestamp(made["evidence_details"]["due_by"], UTC))
    assert shown["stripe_url"] == f"https://dashboard.stripe.com/test/disputes/{made['id']}"
    assert await outcomes(shop) == [("reconciled", 1)]


async def test_it_is_what_stripe_says_now_whatever_the_event_said(shop: Shop) -> None:
    made = await disputed(shop)
    decide(shop.stripe.state, made, "won")
    opened, closed = shop.undelivered()[-2:]
    await shop.deliver([closed, opened])
    (shown,) = (await listed(shop, await shop.control.super_admin()))["items"]
    assert (shown["status"], shown["needs_response"], shown["has_evidence"]) == ("won", False, True)
    told = await shop.control.sql(
        "select details ->> 'after', tenant_id from audit_log where action = 'billing.dispute_changed'"
    )
    assert told == [("won", None)], "once, and not for the tenant's own admins"


async def test_two_processes_that_hear_of_it_at_once_keep_it_once(shop: Shop) -> None:
    made = await disputed(shop)
    disputes = Disputes(shop.flows.database, shop.reconciler.payments)
    await asyncio.gather(*(disputes.look_at(made["id"], []) for _ in range(5)))
    assert await shop.control.sql("select id from disputes") == [(made["id"],)]
    told = await shop.control.sql("select count(*) from audit_log where action = 'billing.dispute_changed'")
    assert told == [(1,)]


async def test_without_any_event_the_hourly_look_finds_it(shop: Shop) -> None:
    await disputed(shop)
    shop.undelivered()
    await Disputes(shop.flows.database, shop.reconciler.payments).look_at_recent()
    assert (await listed(shop, await shop.control.super_admin()))["total"] == 1


async def test_stripe_is_away_then_and_asked_again_later(shop: Shop) -> None:
    root = await shop.control.super_admin()
    await disputed(shop)
    shop.stripe.away = True
    await shop.deliver()
    assert await outcomes(shop) == [(None, 1)]
    assert (await listed(shop, root))["items"] == []
    shop.stripe.away = False
    shop.clock.offset += timedelta(minutes=1)
    await shop.reconciler.process_events()
    assert await outcomes(shop) == [("reconciled", 2)]
    assert (await listed(shop, root))["total"] == 1


@pytest.mark.parametrize("change", [{"customer": "cus_stranger"}, {"customer": None}])
async def test_a_strangers_is_not_kept(shop: Shop, change: Json) -> None:
    await disputed(shop)
    for charge in shop.stripe.state.every("charge"):
        charge |= change
    await shop.deliver()
    assert await outcomes(shop) == [("ignored", 1)]
    assert await shop.control.sql("select id from disputes") == []


async def test_one_that_stripe_does_not_know_is_put_aside(shop: Shop) -> None:
    made = await disputed(shop)
    del shop.stripe.state.objects[made["id"]]
    await shop.deliver()
    assert await outcomes(shop) == [("ignored", 1)]


async def test_pages_go_on_where_the_last_one_ended(shop: Shop) -> None:
    await disputed(shop)
    invoice = next(shop.stripe.state.every("invoice"))
    for reason in ("duplicate", "general"):
        shop.clock.offset += timedelta(seconds=2)
        dispute(shop.stripe.state, invoice, reason)
    await shop.deliver()
    root = await shop.control.super_admin()
    first = await listed(shop, root, "&limit=2")
    rest = await listed(shop, root, f"&limit=2&cursor={first['next_cursor']}")
    assert [one["reason"] for one in first["items"] + rest["items"]] == ["general", "duplicate", "fraudulent"]
    assert rest["next_cursor"] is None


async def test_a_tenants_admin_does_not_see_them(shop: Shop) -> None:
    await disputed(shop)
    await shop.deliver()
    answer = await shop.ask("GET", "/disputes?tenant_id=acme")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_of_a_tenant_that_is_not_there(shop: Shop) -> None:
    root = await shop.control.super_admin()
    assert (await shop.ask("GET", "/disputes?tenant_id=nobody", headers=root)).status_code == 404
