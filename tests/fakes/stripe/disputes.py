"""Disputes: a card's holder takes a payment back through the bank, and the bank decides."""

from tests.fakes.stripe.state import DAY, Json, State

ANSWER_DAYS = 9


def dispute(state: State, invoice: Json, reason: str = "fraudulent") -> Json:
    """Of the whole amount that an invoice took."""
    charge = state.new(
        "charge",
        amount=invoice["amount_paid"],
        amount_captured=invoice["amount_paid"],
        captured=True,
        currency=invoice["currency"],
        customer=invoice["customer"],
        disputed=True,
        paid=True,
        status="succeeded",
    )
    made = state.new(
        "dispute",
        amount=charge["amount"],
        charge=charge["id"],
        currency=charge["currency"],
        payment_intent=None,
        reason=reason,
        status="needs_response",
    )
    made["evidence_details"]["due_by"] = state.now + ANSWER_DAYS * DAY
    state.emit("charge.dispute.created", made)
    return made


def decide(state: State, made: Json, status: str) -> None:
    """``won`` or ``lost``."""
    made["status"] = status
    made["evidence_details"]["has_evidence"] = status == "won"
    state.emit("charge.dispute.closed", made)
