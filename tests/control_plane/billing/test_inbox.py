"""The inbox: only what Stripe signed, each event once, whatever it is; and events are only hints."""

import json
import random
import time
from typing import Any

import pytest

from control_plane.billing import service
from control_plane.core.system import SYSTEM
from tests.control_plane.billing.support import Shop
from tests.fakes.stripe.server import SECRET, delivery, signature
from tests.fakes.stripe.state import Json

EVENT: Json = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "created": 1,
    "data": {"object": {"id": "in_1", "object": "invoice", "customer": "cus_stranger"}},
}


async def stored(shop: Shop) -> list[Any]:
    return await shop.control.sql("select id, type, outcome, attempts from stripe_events order by id")


async def post(shop: Shop, body: bytes, header: str | None) -> Any:
    headers = {} if header is None else {b"stripe-signature": header.encode()}
    return await shop.control.client.post("/api/billing/webhook", content=body, headers=headers)


@pytest.mark.parametrize("secret", [SECRET, "whsec_next"])
async def test_any_of_the_secrets_will_do(shop: Shop, secret: str) -> None:
    body, headers = delivery(EVENT, secret)
    answer = await post(shop, body, headers["stripe-signature"])
    assert (answer.status_code, answer.json()["data"]) == (200, {"id": "evt_1", "is_new": True})
    assert len(await stored(shop)) == 1


BODY = json.dumps(EVENT).encode()
FORGED = [
    (BODY, None),
    (BODY, ""),
    (BODY, "nonsense"),
    (BODY, "t=1,v1="),
    (BODY, "t=x,v1=ä"),
    (BODY, signature(BODY, "whsec_other")),
    (BODY + b" ", signature(BODY)),
    (BODY, signature(BODY, at=time.time() - 3600)),
    (b"\xff\xfe", signature(b"\xff\xfe")),
]


@pytest.mark.parametrize(("body", "header"), FORGED)
async def test_what_stripe_did_not_sign_is_refused(shop: Shop, body: bytes, header: str | None) -> None:
    answer = await post(shop, body, header)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_SIGNATURE")
    assert await stored(shop) == []


@pytest.mark.parametrize(
    "body", [b"not json", b"[]", b"{}", b'"x"', json.dumps({**EVENT, "id": None}).encode(), b'{"id": "e", "data": 1}']
)
async def test_what_is_no_event_is_refused_although_it_is_signed(shop: Shop, body: bytes) -> None:
    answer = await post(shop, body, signature(body))
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")
    assert await stored(shop) == []


async def test_an_event_that_comes_again_changes_nothing(shop: Shop) -> None:
    await shop.post([EVENT])
    await shop.reconciler.process_events()
    body, headers = delivery({**EVENT, "type": "other"})
    answer = await post(shop, body, headers["stripe-signature"])
    assert (answer.status_code, answer.json()["data"]["is_new"]) == (200, False)
    assert await stored(shop) == [("evt_1", "invoice.paid", "ignored", 1)]


async def test_a_burst_of_events_is_not_too_much(shop: Shop) -> None:
    """On the first of a month Stripe sends thousands in a minute, all from a few addresses."""
    answers = [await post(shop, BODY, signature(BODY)) for _ in range(120)]
    assert {answer.status_code for answer in answers} == {200}


async def test_unknown_types_are_kept_and_ignored(shop: Shop) -> None:
    await shop.post([{**EVENT, "type": "charge.captured"}])
    assert await stored(shop) == [("evt_1", "charge.captured", "ignored", 0)]


async def test_text_that_postgres_can_not_store_is_stored_without_that(shop: Shop) -> None:
    await shop.post([{**EVENT, "note": "a\x00b \ud800"}])
    assert await shop.control.sql("select payload ->> 'note' from stripe_events") == [("ab ?",)]


async def test_while_stripe_is_away_events_wait(shop: Shop) -> None:
    subscription = await shop.subscribe("pro")
    about = {"id": "in_9", "object": "invoice", "customer": subscription["customer"]}
    shop.stripe.away = True
    await shop.deliver([{**EVENT, "data": {"object": about}}])
    rows = await shop.control.sql("select outcome, attempts, error from stripe_events where id = 'evt_1'")
    assert (rows[0][0], rows[0][1]) == (None, 1)
    assert "does not answer" in rows[0][2]
    shop.stripe.away = False
    await shop.control.execute("update stripe_events set next_try_at = '2000-01-01' where processed_at is null")
    await shop.reconciler.process_events()
    assert await shop.control.sql("select outcome from stripe_events where id = 'evt_1'") == [("reconciled",)]


async def test_an_event_that_lies_changes_nothing(shop: Shop) -> None:
    """It is signed and speaks of a cancelled subscription; Stripe itself says otherwise."""
    subscription = await shop.subscribe("pro")
    lie = {**subscription, "status": "canceled"}
    await shop.deliver([{**EVENT, "type": "customer.subscription.deleted", "data": {"object": lie}}])
    assert await shop.stands() == ("pro", "active")


async def test_an_older_answer_of_stripe_never_replaces_a_newer_one(shop: Shop) -> None:

    subscription = await shop.subscribe("pro")
    payments, database = shop.reconciler.payments, shop.reconciler.database
    async with database.write(SYSTEM) as tx:
        older = await service.begin_fetch(tx, "acme")
    assert older is not None
    seen = await payments.see_customer(subscription["customer"])
    await shop.call("DELETE", "/subscription")
    async with database.write(SYSTEM) as tx:
        await service.note_seen(tx, older, seen)
    assert (await shop.call("GET", ""))["is_cancelled"] is True


async def test_many_events_of_one_customer_are_one_comparison(shop: Shop) -> None:
    await shop.subscribe("pro")
    await shop.call("POST", "/subscription", json={"plan": "team"})
    shop.card(works=False)
    events = shop.undelivered() * 2
    random.Random(1).shuffle(events)
    assert len(events) >= 4
    asked = len(shop.stripe.calls)
    await shop.deliver(events)
    assert shop.stripe.calls[asked:] == [("get", "/v1/customers/{customer}"), ("get", "/v1/subscriptions")]


async def test_old_events_are_forgotten_and_waiting_ones_are_not(shop: Shop) -> None:
    await shop.post([EVENT, {**EVENT, "id": "evt_2", "type": "charge.paid"}])
    await shop.control.execute("update stripe_events set received_at = '2000-01-01'")
    await shop.reconciler.forget_old_events()
    assert [row[0] for row in await stored(shop)] == ["evt_1"]
