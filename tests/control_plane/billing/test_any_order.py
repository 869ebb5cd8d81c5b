"""Whatever order Stripe's events come in, twice or never: the tenant ends with the same plan and standing."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.billing import service as billing
from control_plane.billing.schemas import BillingRead
from control_plane.core.system import SYSTEM
from tests.control_plane.billing.support import PRO, PRO_CENTS, TEAM_CENTS, Shop
from tests.fakes.stripe import invoices, life, requests
from tests.fakes.stripe.state import Json, Refusal, State

OURS = ("stripe_events", "billing_changes", "subscriptions", "billing_customers", "operations")


def live(state: State) -> Json:
    """Raises Refusal when there is none."""
    found = [one for one in state.every("subscription") if one["status"] in life.LIVE]
    if not found:
        raise Refusal(404, "none")
    return found[0]


def subscribe(state: State, trial_days: int) -> None:
    if any(one["status"] in life.LIVE for one in state.every("subscription")):
        raise Refusal(400, "one already")
    life.begin(state, "cus_0001", price(state, PRO_CENTS), trial_days, {}, "pause")


def price(state: State, cents: int) -> Json:
    return next(one for one in state.every("price") if one["unit_amount"] == cents)


def switch(state: State, cents: int) -> None:
    life.change_price(state, live(state), price(state, cents), is_pending_allowed=True)
    life.changed(state, live(state))


def update(state: State, **given_: Any) -> None:
    requests.update_subscription(state, given_, live(state)["id"])


def pay(state: State) -> None:
    for invoice in invoices.open_of(state, live(state)["id"]):
        life.pay(state, invoice)


def card(state: State, works: bool | None) -> None:
    if works is None:
        state.cards.pop("cus_0001", None)
    else:
        state.cards["cus_0001"] = works


STEPS: Mapping[str, Callable[[State], object]] = {
    "subscribe": lambda state: subscribe(state, 0),
    "begin a trial": lambda state: subscribe(state, 14),
    "upgrade": lambda state: switch(state, TEAM_CENTS),
    "downgrade": lambda state: switch(state, PRO_CENTS),
    "card declined": lambda state: card(state, False),
    "card works": lambda state: card(state, True),
    "no card": lambda state: card(state, None),
    "pay": pay,
    "pause": lambda state: update(state, pause_collection={"behavior": "void"}),
    "go on": lambda state: update(state, pause_collection=""),
    "resume": lambda state: life.resume(state, live(state)),
    "cancel": lambda state: update(state, cancel_at_period_end=True),
    "keep": lambda state: update(state, cancel_at_period_end=False),
    "cancel now": lambda state: life.cancel(state, live(state)),
}
LIVES = st.lists(
    st.one_of(st.sampled_from(sorted(STEPS)), st.sampled_from([1, 5, 9, 16, 32]).map(lambda days: f"{days} days")),
    min_size=1,
    max_size=10,
)
DELIVERIES = st.tuples(st.randoms(use_true_random=False), st.floats(0, 0.6), st.sets(st.integers(0, 40)))


async def lived(shop: Shop, steps: list[str]) -> list[Json]:
    """Answers the events, each of which was heard when it happened. A step that is not possible then is left out, as
    Stripe would refuse it.
    """
    state, heard = shop.stripe.state, []
    for step in ["card works", "subscribe", *steps]:
        number, _, unit = step.partition(" ")
        if unit == "days" and number.isdigit():
            shop.clock.offset += timedelta(days=int(number))
        else:
            with suppress(Refusal):
                STEPS[step](state)
        happened = shop.undelivered()
        for event in happened:
            await shop.deliver([event])
        heard += happened
    return heard


async def ends(shop: Shop) -> tuple[str, str, str, bool]:
    read: BillingRead = await shop.flows.read(SYSTEM, "acme")
    return read.plan, (await shop.tenant()).state, read.standing, read.is_cancelled


async def anew(shop: Shop) -> None:
    """The tenant and our side of its customer as they were before the first event."""
    for table in OURS:
        await shop.control.execute(f"delete from {table}")
    await shop.control.execute(
        "update tenants set plan = 'free', plan_version = 2, state = 'active', suspended_reason = null,"
        " generation = generation + 1, observed_generation = generation + 1, next_try_at = null"
    )
    async with shop.control.database.write(SYSTEM) as tx:
        assert await billing.begin_fetch(tx, "acme") is None
        await billing.set_customer_id(tx, "acme", "cus_0001")
    await shop.control.execute("update billing_customers set next_look_at = null")


@given(steps=LIVES, delivery_of=DELIVERIES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_ends_the_same(shop: Shop, steps: list[str], delivery_of: Any) -> None:
    chance, dropped, repeated = delivery_of
    shop.stripe.state = State(lambda: shop.clock(), shop.stripe.base_url)
    shop.clock.offset = timedelta()
    shop.stripe.sell(PRO, PRO_CENTS)
    shop.stripe.sell("opsplane_team_monthly", TEAM_CENTS)
    shop.stripe.state.new("customer", name="Acme", balance=0)
    await anew(shop)
    events = await lived(shop, steps)
    await shop.look()
    in_order = await ends(shop)

    await anew(shop)
    shuffled = [*events, *(events[n] for n in repeated if n < len(events))]
    chance.shuffle(shuffled)
    await shop.deliver(shuffled)
    assert await ends(shop) == in_order, "all came, in another order and some twice"

    await anew(shop)
    kept = [event for event in shuffled if chance.random() > dropped]
    await shop.deliver(kept)
    await shop.look()
    assert await ends(shop) == in_order, "some never came, and the reconciler looked once"
