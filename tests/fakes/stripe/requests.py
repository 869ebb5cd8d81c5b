"""Stripe's requests that billing makes: what each does to the state, and what it answers."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.stripe import invoices, life, spec
from tests.fakes.stripe.state import DAY, Json, Refusal, State, add_month

Handler = Callable[[State, Json, str], Json]
"""State, parameters, the id in the path."""
METER_DAYS = 35


def create_customer(state: State, given: Json, _: str) -> Json:
    chosen = {name: given.get(name) for name in ("name", "email")}
    made = state.new("customer", **chosen, metadata=given.get("metadata", {}), balance=0, currency=None)
    state.emit("customer.created", made)
    return made


def get_customer(state: State, _: Json, customer_id: str) -> Json:
    found = state.objects.get(customer_id)
    if found is not None and found.get("deleted"):
        return found
    return state.get("customer", customer_id)


def create_balance_transaction(state: State, given: Json, customer_id: str) -> Json:
    return invoices.credit(state, customer_id, given["amount"], given["currency"], given.get("description", ""))


def list_prices(state: State, given: Json, _: str) -> Json:
    keys = given.get("lookup_keys")
    found = [
        one
        for one in state.every("price")
        if (keys is None or one["lookup_key"] in keys) and given.get("active") in (None, one["active"])
    ]
    return state.page(found, "/v1/prices", given.get("limit", 10))


def list_subscriptions(state: State, given: Json, _: str) -> Json:
    hidden = () if given.get("status") == "all" else ("canceled", "incomplete_expired")
    found = [one for one in state.every("subscription") if given.get("customer") in (None, one["customer"])]
    shown = [one for one in found if one["status"] not in hidden]
    return state.page(shown, "/v1/subscriptions", given.get("limit", 10), given.get("starting_after"))


def update_subscription(state: State, given: Json, subscription_id: str) -> Json:
    subscription = state.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise Refusal(400, "A canceled subscription can only update its cancellation_details and metadata.")
    pending = given.get("payment_behavior") == "pending_if_incomplete"
    if pending and set(given) - {"items", "payment_behavior", "proration_behavior", "proration_date", "expand"}:
        raise Refusal(400, "Only certain parameters can be updated together with pending_if_incomplete.")
    if subscription["schedule"] is not None and ("items" in given or "cancel_at_period_end" in given):
        raise Refusal(400, "The subscription is managed by the subscription schedule; update or release that.")
    for item in given.get("items", []):
        if item["id"] != subscription["items"]["data"][0]["id"]:
            raise Refusal(400, f"No such subscription item: '{item['id']}'", code="resource_missing")
        life.change_price(state, subscription, state.get("price", item["price"]), is_pending_allowed=pending)
    if "cancel_at_period_end" in given:
        ends = given["cancel_at_period_end"]
        end = subscription["items"]["data"][0]["current_period_end"]
        subscription |= {"cancel_at_period_end": ends, "cancel_at": end if ends else None}
        subscription["canceled_at"] = state.now if ends else None
    if "pause_collection" in given:
        pause = given["pause_collection"]
        subscription["pause_collection"] = {"resumes_at": None, **pause} if pause else None
    life.changed(state, subscription)
    return subscription


def cancel_subscription(state: State, given: Json, subscription_id: str) -> Json:
    subscription = state.get("subscription", subscription_id)
    life.cancel(state, subscription, gives_back=bool(given.get("prorate") and given.get("invoice_now")))
    return subscription


def resume_subscription(state: State, _: Json, subscription_id: str) -> Json:
    subscription = state.get("subscription", subscription_id)
    life.resume(state, subscription)
    return subscription


def create_schedule(state: State, given: Json, _: str) -> Json:
    subscription = state.get("subscription", given["from_subscription"])
    if subscription["schedule"] is not None:
        raise Refusal(400, "This subscription is attached to a schedule already.")
    item = subscription["items"]["data"][0]
    now = {"start_date": item["current_period_start"], "end_date": item["current_period_end"]}
    schedule = state.new(
        "subscription_schedule",
        customer=subscription["customer"],
        subscription=subscription["id"],
        status="active",
        end_behavior="release",
        current_phase=now,
        phases=[_phase(item["price"]["id"], subscription["currency"], **now, trial_end=subscription["trial_end"])],
    )
    subscription["schedule"] = schedule["id"]
    state.emit("subscription_schedule.created", schedule)
    return schedule


def update_schedule(state: State, given: Json, schedule_id: str) -> Json:
    schedule = state.get("subscription_schedule", schedule_id)
    subscription = state.get("subscription", schedule["subscription"])
    if given["phases"][0]["start_date"] != schedule["current_phase"]["start_date"]:
        raise Refusal(400, "You can not modify the start date of the current phase.")
    phases: list[Json] = []
    for phase in given["phases"]:
        start = phase.get("start_date", phases[-1]["end_date"] if phases else state.now)
        end = phase.get("end_date") or add_month(start)
        price = state.get("price", phase["items"][0]["price"])
        phases.append(_phase(price["id"], subscription["currency"], start, end, phase.get("trial_end")))
    schedule |= {"phases": phases, "end_behavior": given["end_behavior"]}
    state.emit("subscription_schedule.updated", schedule)
    return schedule


def release_schedule(state: State, _: Json, schedule_id: str) -> Json:
    schedule = state.get("subscription_schedule", schedule_id)
    life.release(state, schedule)
    return schedule


def list_invoices(state: State, given: Json, _: str) -> Json:
    found = [
        one
        for one in state.every("invoice")
        if given.get("customer") in (None, one["customer"])
        and given.get("status") in (None, one["status"])
        and given.get("subscription") in (None, invoices.of(one))
    ]
    return state.page(found, "/v1/invoices", given.get("limit", 10), given.get("starting_after"))


def list_invoice_lines(state: State, given: Json, invoice_id: str) -> Json:
    found = list(state.every("line_item", invoice=invoice_id))[::-1]
    return state.page(found, f"/v1/invoices/{invoice_id}/lines", given.get("limit", 10), given.get("starting_after"))


def list_disputes(state: State, given: Json, _: str) -> Json:
    since = given.get("created", {}).get("gte", 0)
    found = [one for one in state.every("dispute") if one["created"] >= since]
    return state.page(found, "/v1/disputes", given.get("limit", 10), given.get("starting_after"))


def create_checkout(state: State, given: Json, _: str) -> Json:
    state.get("price", given["line_items"][0]["price"])
    state.get("customer", given["customer"])
    session = state.new(
        "checkout.session",
        mode="subscription",
        status="open",
        payment_status="unpaid",
        customer=given["customer"],
        client_reference_id=given.get("client_reference_id"),
        success_url=given["success_url"],
        cancel_url=given["cancel_url"],
        payment_method_types=["card"],
        payment_method_collection=given.get("payment_method_collection", "always"),
        expires_at=state.now + DAY,
        subscription=None,
        metadata={"wanted": ""},
    )
    session["url"] = f"{state.base_url}/checkout/{session['id']}"
    wanted = given.get("subscription_data", {})
    behavior = wanted.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method", "create_invoice")
    state.counted[session["id"]] = wanted.get("trial_period_days", 0)
    session["metadata"] = {
        "price": given["line_items"][0]["price"],
        "missing": behavior,
        **wanted.get("metadata", {}),
    }
    return session


def complete_checkout(state: State, session: Json, works: bool | None) -> bool:
    """Somebody pays on Stripe's page, with a card that works or not, or begins a trial without a card (None)."""
    if session["status"] != "open":
        raise Refusal(400, f"This session is {session['status']}.")
    if works is None and session["payment_method_collection"] == "always":
        raise Refusal(400, "A payment method is required.")
    if works is False:
        return False
    if works:
        state.cards[session["customer"]] = True
    kept = session["metadata"]
    price, missing = state.get("price", kept["price"]), kept["missing"]
    metadata = {name: value for name, value in kept.items() if name not in ("price", "missing")}
    subscription = life.begin(state, session["customer"], price, state.counted[session["id"]], metadata, missing)
    session |= {"status": "complete", "payment_status": "paid", "subscription": subscription["id"], "url": None}
    state.emit("checkout.session.completed", session)
    return True


def expire_checkout(state: State, _: Json, session_id: str) -> Json:
    session = state.get("checkout.session", session_id)
    life.expire(state, session)
    return session


def create_portal(state: State, given: Json, _: str) -> Json:
    state.get("customer", given["customer"])
    chosen = {name: given[name] for name in ("customer", "return_url")}
    session = state.new("billing_portal.session", **chosen, configuration="bpc_0001")
    session["url"] = f"{state.base_url}/portal/{session['id']}"
    return session


def create_meter_event(state: State, given: Json, _: str) -> Json:
    identifier = given["identifier"]
    if identifier in state.meter_events:
        raise Refusal(400, f"An event already exists with identifier {identifier}.")
    state.get("customer", given["payload"]["stripe_customer_id"])
    if not state.now - METER_DAYS * DAY <= given["timestamp"] <= state.now + 300:
        raise Refusal(400, "The timestamp must be within the past 35 days or up to 5 minutes in the future.")
    made = spec.smallest("billing.meter_event") | {**given, "created": state.now}
    state.meter_events[identifier] = made
    return made


def _phase(price_id: str, currency: str, start_date: int, end_date: int, trial_end: int | None = None) -> Json:
    item = spec.smallest("subscription_schedule_configuration_item") | {"price": price_id, "quantity": 1}
    return spec.smallest("subscription_schedule_phase_configuration") | {
        "items": [item],
        "currency": currency,
        "start_date": start_date,
        "end_date": end_date,
        "proration_behavior": "none",
        "trial_end": trial_end,
    }


def _getter(kind: str) -> Handler:
    return lambda state, _, object_id: state.get(kind, object_id)


REQUESTS: Mapping[tuple[str, str], Handler] = {
    ("post", "/v1/customers"): create_customer,
    ("get", "/v1/customers/{customer}"): get_customer,
    ("post", "/v1/customers/{customer}/balance_transactions"): create_balance_transaction,
    ("get", "/v1/prices"): list_prices,
    ("get", "/v1/prices/{price}"): _getter("price"),
    ("get", "/v1/subscriptions"): list_subscriptions,
    ("post", "/v1/subscriptions/{subscription_exposed_id}"): update_subscription,
    ("delete", "/v1/subscriptions/{subscription_exposed_id}"): cancel_subscription,
    ("post", "/v1/subscriptions/{subscription}/resume"): resume_subscription,
    ("post", "/v1/subscription_schedules"): create_schedule,
    ("get", "/v1/subscription_schedules/{schedule}"): _getter("subscription_schedule"),
    ("post", "/v1/subscription_schedules/{schedule}"): update_schedule,
    ("post", "/v1/subscription_schedules/{schedule}/release"): release_schedule,
    ("get", "/v1/invoices"): list_invoices,
    ("get", "/v1/invoices/{invoice}/lines"): list_invoice_lines,
    ("get", "/v1/disputes"): list_disputes,
    ("get", "/v1/disputes/{dispute}"): _getter("dispute"),
    ("post", "/v1/checkout/sessions"): create_checkout,
    ("get", "/v1/checkout/sessions/{session}"): _getter("checkout.session"),
    ("post", "/v1/checkout/sessions/{session}/expire"): expire_checkout,
    ("post", "/v1/billing_portal/sessions"): create_portal,
    ("post", "/v1/billing/meter_events"): create_meter_event,
}


def expanded(state: State, body: Any, path: list[str]) -> Any:
    """``data.schedule``: the object instead of its id."""
    if isinstance(body, list):
        return [expanded(state, one, path) for one in body]
    if not path or not isinstance(body, dict):
        return state.objects.get(body, body) if isinstance(body, str) else body
    name, *rest = path
    inner = expanded(state, body.get(name), rest) if body.get(name) is not None else None
    return {**body, name: inner}
