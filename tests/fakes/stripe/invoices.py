"""Money: invoices whose lines add up, balances that pay first, cards that work or not."""

from tests.fakes.stripe.state import DAY, Json, State

RETRY_DAYS = (3, 7, 14)
"""After the first failure; then ``State.after_retries``."""


def bill(state: State, subscription: Json, lines: list[Json], reason: str) -> Json:
    """A finalized invoice. The customer's balance pays first; what is below 0 becomes a credit."""
    customer = state.get("customer", subscription["customer"])
    number = state.counted.get("invoice", 0) + 1
    invoice = state.new(
        "invoice",
        customer=customer["id"],
        currency=subscription["currency"],
        billing_reason=reason,
        status="open",
        number=f"OPS-{number:04d}",
        next_payment_attempt=None,
        period_start=state.now,
        period_end=state.now,
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"subscription": subscription["id"], "metadata": {}},
        },
    )
    subtotal, balance = sum(line["amount"] for line in lines), customer["balance"]
    used = min(max(subtotal, 0), max(-balance, 0))
    for line in lines:
        line["invoice"] = invoice["id"]
    invoice |= {
        "lines": {
            "object": "list",
            "url": f"/v1/invoices/{invoice['id']}/lines",
            "has_more": len(lines) > 10,
            "data": lines[:10],
        },
        "subtotal": subtotal,
        "total": subtotal,
        "starting_balance": balance,
        "amount_due": max(subtotal, 0) - used,
        "amount_remaining": max(subtotal, 0) - used,
        "status_transitions": {"finalized_at": state.now, "marked_uncollectible_at": None, "paid_at": None}
        | {"voided_at": None},
        "hosted_invoice_url": f"{state.base_url}/invoice/{invoice['id']}",
        "invoice_pdf": f"{state.base_url}/invoice/{invoice['id']}/pdf",
    }
    customer["balance"] = balance + min(subtotal, 0) + used
    invoice["ending_balance"] = customer["balance"]
    customer["currency"] = subscription["currency"]
    subscription["latest_invoice"] = invoice["id"]
    state.emit("invoice.finalized", invoice)
    return invoice


def line(state: State, price: Json, amount: int, start: int, end: int, description: str) -> Json:
    return state.new(
        "line_item",
        amount=amount,
        subtotal=amount,
        currency=price["currency"],
        description=description,
        quantity=1,
        period={"start": start, "end": end},
    )


def proration(state: State, subscription: Json, price: Json) -> list[Json]:
    """What is left of the old price back, the same time of the new one: to the second, rounded to the cent."""
    item = subscription["items"]["data"][0]
    start, end = item["current_period_start"], item["current_period_end"]
    old, left, whole = item["price"], end - state.now, end - start
    return [
        line(state, old, -_share(old["unit_amount"], left, whole), state.now, end, "Unused time"),
        line(state, price, _share(price["unit_amount"], left, whole), state.now, end, "Remaining time"),
    ]


def unused(state: State, subscription: Json) -> list[Json]:
    item = subscription["items"]["data"][0]
    start, end, price = item["current_period_start"], item["current_period_end"], item["price"]
    amount = -_share(price["unit_amount"], max(0, end - state.now), end - start)
    return [line(state, price, amount, state.now, end, "Unused time")]


def period(state: State, subscription: Json) -> list[Json]:
    item = subscription["items"]["data"][0]
    price = item["price"]
    start, end = item["current_period_start"], item["current_period_end"]
    return [line(state, price, price["unit_amount"], start, end, "1 month")]


def try_to_pay(state: State, invoice: Json) -> bool:
    """With the customer's card, if it is needed at all."""
    if invoice["amount_due"] > 0 and not state.cards.get(invoice["customer"], False):
        tries = invoice["attempt_count"] = invoice["attempt_count"] + 1
        invoice["attempted"] = True
        later = invoice["created"] + RETRY_DAYS[tries - 1] * DAY if tries <= len(RETRY_DAYS) else None
        invoice["next_payment_attempt"] = later
        state.emit("invoice.payment_failed", invoice)
        return False
    mark_paid(state, invoice)
    return True


def mark_paid(state: State, invoice: Json) -> None:
    if invoice["amount_remaining"]:
        state.charges.append((invoice["id"], invoice["amount_remaining"]))
    invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0, "attempted": True}
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"]["paid_at"] = state.now
    state.emit("invoice.paid", invoice)


def void(state: State, invoice: Json) -> None:
    invoice |= {"status": "void", "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = state.now
    state.emit("invoice.voided", invoice)


def of(invoice: Json) -> str:
    """The subscription's id."""
    found: str = invoice["parent"]["subscription_details"]["subscription"]
    return found


def open_of(state: State, subscription_id: str) -> list[Json]:
    return [one for one in state.every("invoice", status="open") if of(one) == subscription_id]


def credit(state: State, customer_id: str, amount: int, currency: str, description: str) -> Json:
    customer = state.get("customer", customer_id)
    customer["balance"] += amount
    customer["currency"] = currency
    made: Json = state.new(
        "customer_balance_transaction",
        customer=customer_id,
        amount=amount,
        currency=currency,
        description=description,
        ending_balance=customer["balance"],
        type="adjustment",
    )
    state.emit("customer.updated", customer)
    return made


def _share(cents: int, part: int, whole: int) -> int:
    return (2 * cents * part + whole) // (2 * whole)
