"""The life of a subscription as Stripe leads it: begun, renewed, changed, paused, ended; and what time does to it."""

from collections.abc import Callable, Iterator
from functools import partial

from tests.fakes.stripe import invoices
from tests.fakes.stripe.state import DAY, Json, Refusal, State, add_month

LIVE = ("trialing", "active", "past_due", "unpaid", "paused")
CHARGING = ("active", "past_due", "unpaid")
PENDING_HOURS = 23


def begin(state: State, customer_id: str, price: Json, trial_days: int, metadata: Json, missing: str) -> Json:
    """The first payment is due at once, unless there is a trial."""
    end = state.now + trial_days * DAY if trial_days else add_month(state.now)
    subscription = state.new(
        "subscription",
        customer=customer_id,
        currency=price["currency"],
        status="trialing" if trial_days else "incomplete",
        metadata=metadata,
        start_date=state.now,
        billing_cycle_anchor=end if trial_days else state.now,
        trial_start=state.now if trial_days else None,
        trial_end=end if trial_days else None,
        trial_settings={"end_behavior": {"missing_payment_method": missing}},
        latest_invoice=None,
        schedule=None,
        pause_collection=None,
        pending_update=None,
        cancel_at=None,
        canceled_at=None,
        ended_at=None,
    )
    item = state.new(
        "subscription_item",
        price=price,
        quantity=1,
        subscription=subscription["id"],
        current_period_start=state.now,
        current_period_end=end,
    )
    subscription["items"]["data"] = [item]
    state.emit("customer.subscription.created", subscription)
    if not trial_days:
        invoice = invoices.bill(state, subscription, invoices.period(state, subscription), "subscription_create")
        if invoices.try_to_pay(state, invoice):
            subscription["status"] = "active"
        changed(state, subscription)
    return subscription


def change_price(state: State, subscription: Json, price: Json, *, is_pending_allowed: bool) -> None:
    item = subscription["items"]["data"][0]
    if item["price"]["id"] == price["id"]:
        return
    if subscription["status"] == "trialing":
        item["price"] = price
        return
    lines = invoices.proration(state, subscription, price)
    invoice = invoices.bill(state, subscription, lines, "subscription_update")
    if invoices.try_to_pay(state, invoice):
        item["price"] = price
    elif is_pending_allowed:
        subscription["pending_update"] = {
            "billing_cycle_anchor": None,
            "expires_at": state.now + PENDING_HOURS * 3600,
            "subscription_items": [{**item, "price": price}],
            "trial_end": None,
            "trial_from_plan": None,
        }
    else:
        item["price"] = price
        subscription["status"] = "past_due"


def cancel(state: State, subscription: Json, *, gives_back: bool = False) -> None:
    if subscription["status"] not in (*LIVE, "incomplete"):
        raise Refusal(404, f"No such subscription: '{subscription['id']}'", code="resource_missing")
    if gives_back and subscription["status"] == "active":
        lines = invoices.unused(state, subscription)
        invoices.try_to_pay(state, invoices.bill(state, subscription, lines, "subscription_update"))
    subscription |= {"status": "canceled", "ended_at": state.now, "canceled_at": state.now, "schedule": None}
    state.emit("customer.subscription.deleted", subscription)


def pay(state: State, invoice: Json) -> None:
    """Somebody pays an open invoice by hand."""
    if invoice["status"] != "open":
        raise Refusal(400, "Invoice is already paid")
    invoices.mark_paid(state, invoice)
    subscription = state.get("subscription", invoices.of(invoice))
    pending = subscription["pending_update"]
    if pending is not None and subscription["latest_invoice"] == invoice["id"]:
        subscription["items"]["data"][0]["price"] = pending["subscription_items"][0]["price"]
        subscription["pending_update"] = None
    if not invoices.open_of(state, subscription["id"]) and subscription["status"] in (*CHARGING, "incomplete"):
        subscription["status"] = "active"
    changed(state, subscription)


def resume(state: State, subscription: Json) -> None:
    if subscription["status"] != "paused":
        raise Refusal(400, "Only a paused subscription can be resumed.")
    if subscription["customer"] not in state.cards:
        raise Refusal(400, "This customer has no attached payment source or default payment method.")
    _new_period(subscription, state.now)
    invoice = invoices.bill(state, subscription, invoices.period(state, subscription), "subscription_cycle")
    if invoices.try_to_pay(state, invoice):
        subscription["status"] = "active"
        state.emit("customer.subscription.resumed", subscription)
    changed(state, subscription)


def release(state: State, schedule: Json) -> None:
    if schedule["status"] not in ("active", "not_started"):
        raise Refusal(400, f"You cannot release a schedule that is {schedule['status']}.")
    subscription = state.get("subscription", schedule["subscription"])
    schedule |= {"status": "released", "released_subscription": subscription["id"], "released_at": state.now}
    schedule |= {"subscription": None, "current_phase": None}
    subscription["schedule"] = None
    state.emit("subscription_schedule.released", schedule)


def changed(state: State, subscription: Json) -> None:
    state.emit("customer.subscription.updated", subscription)


def catch_up(state: State) -> None:
    """All that is due by now, in the order of its time."""
    until = state.now
    for _ in range(1000):
        due = min(_due(state), key=lambda one: one[0], default=None)
        if due is None or due[0] > until:
            return
        state.at = due[0]
        due[1]()
        state.at = None
    raise AssertionError("time never comes to its end")


def _due(state: State) -> Iterator[tuple[int, Callable[[], None]]]:
    for one in state.every("subscription"):
        end = one["items"]["data"][0]["current_period_end"]
        if one["status"] == "trialing":
            yield end, partial(_end_trial, state, one)
        elif one["status"] in CHARGING:
            yield end, partial(_renew, state, one)
        if one["pending_update"] is not None:
            yield one["pending_update"]["expires_at"], partial(_give_up_change, state, one)
    for invoice in state.every("invoice", status="open"):
        if invoice["next_payment_attempt"] is not None:
            yield invoice["next_payment_attempt"], partial(_retry, state, invoice)
    for session in state.every("checkout.session", status="open"):
        yield session["expires_at"], partial(expire, state, session)


def expire(state: State, session: Json) -> None:
    if session["status"] != "open":
        raise Refusal(400, f"Only Checkout Sessions with a status in [open] can be expired, not {session['status']}.")
    session |= {"status": "expired", "url": None}
    state.emit("checkout.session.expired", session)


def _end_trial(state: State, subscription: Json) -> None:
    if subscription["cancel_at_period_end"]:
        cancel(state, subscription)
        return
    if subscription["customer"] not in state.cards:
        missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if missing == "pause":
            subscription["status"] = "paused"
            state.emit("customer.subscription.paused", subscription)
            return
    subscription["status"] = "active"
    _renew(state, subscription)


def _renew(state: State, subscription: Json) -> None:
    if subscription["cancel_at_period_end"]:
        cancel(state, subscription)
        return
    end = subscription["items"]["data"][0]["current_period_end"]
    _next_phase(state, subscription, end)
    _new_period(subscription, end)
    invoice = invoices.bill(state, subscription, invoices.period(state, subscription), "subscription_cycle")
    if subscription["pause_collection"] is not None:
        invoices.void(state, invoice)
    elif subscription["status"] == "unpaid":
        invoice["next_payment_attempt"] = None  # Stripe leaves such invoices alone
    elif not invoices.try_to_pay(state, invoice):
        subscription["status"] = "past_due"
    changed(state, subscription)


def _next_phase(state: State, subscription: Json, at: int) -> None:
    if subscription["schedule"] is None:
        return
    schedule = state.get("subscription_schedule", subscription["schedule"])
    phase = next((one for one in schedule["phases"] if one["start_date"] == at), None)
    if phase is None:
        release(state, schedule)
        return
    subscription["items"]["data"][0]["price"] = state.get("price", phase["items"][0]["price"])
    schedule["current_phase"] = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    state.emit("subscription_schedule.updated", schedule)


def _new_period(subscription: Json, start: int) -> None:
    subscription["items"]["data"][0] |= {"current_period_start": start, "current_period_end": add_month(start)}


def _retry(state: State, invoice: Json) -> None:
    subscription = state.get("subscription", invoices.of(invoice))
    if invoices.try_to_pay(state, invoice):
        if not invoices.open_of(state, subscription["id"]):
            subscription["status"] = "active"
    elif invoice["next_payment_attempt"] is None and subscription["status"] == "past_due":
        if state.after_retries == "cancel":
            cancel(state, subscription)
            return
        subscription["status"] = state.after_retries
    changed(state, subscription)


def _give_up_change(state: State, subscription: Json) -> None:
    subscription["pending_update"] = None
    invoices.void(state, state.get("invoice", subscription["latest_invoice"]))
    changed(state, subscription)
