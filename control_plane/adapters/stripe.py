"""Stripe through its SDK: parameters in, plain dataclasses out, errors in our families.

The SDK's version pins Stripe's API version. Its objects are turned into dicts at once, since ``subscription.items`` is
dict's own method there.
"""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import stripe
from stripe import HTTPXClient, StripeClient

from control_plane.billing.errors import PaymentRefused, StripeAway, StripeRefused
from control_plane.billing.ports import (
    CheckoutOpened,
    CheckoutOrder,
    CustomerSeen,
    DisputeSeen,
    InvoiceSeen,
    LineSeen,
    PriceSeen,
    SubscriptionSeen,
)
from shared.errors import AppError

TIMEOUT_SECONDS = 20
PAGE = 100
MOST_PAGES = 10
OWING = ("past_due", "unpaid")
Json = dict[str, Any]
R = TypeVar("R")


class StripePayments:
    """Implements ``billing.ports.Payments``. ``api_base`` is another address than Stripe's, for tests."""

    def __init__(self, key: str, api_base: str | None = None) -> None:
        self._http = HTTPXClient(timeout=TIMEOUT_SECONDS)
        addresses: Any = {} if api_base is None else {"base_addresses": {"api": api_base}}
        # No retries inside the SDK: changes and comparisons are repeated by ticks, and a request waits for nobody.
        self._v1 = StripeClient(key, http_client=self._http, max_network_retries=0, **addresses).v1

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def find_price(self, lookup_key: str) -> PriceSeen | None:
        found = await _asked(self._v1.prices.list_async({"lookup_keys": [lookup_key], "active": True, "limit": 1}))
        return _price(found["data"][0]) if found["data"] else None

    async def create_customer(self, tenant_id: str, name: str, email: str, key: str) -> str:
        made = await _asked(
            self._v1.customers.create_async(
                {"name": name, "email": email, "metadata": {"tenant_id": tenant_id}}, _once(key)
            )
        )
        return str(made["id"])

    async def see_customer(self, customer_id: str) -> CustomerSeen:
        customer = await _asked(self._v1.customers.retrieve_async(customer_id))
        if customer.get("deleted"):
            return CustomerSeen(customer_id, True, 0, None, ())
        subscriptions: list[Json] = []
        wanted: Any = {"customer": customer_id, "status": "all", "limit": PAGE}
        wanted["expand"] = ["data.schedule", "data.latest_invoice"]
        for _ in range(MOST_PAGES):
            page = await _asked(self._v1.subscriptions.list_async(wanted))
            subscriptions += page["data"]
            if not page["has_more"]:
                break
            wanted["starting_after"] = page["data"][-1]["id"]
        return CustomerSeen(
            id=customer_id,
            is_deleted=False,
            balance_cents=customer.get("balance") or 0,
            currency=customer.get("currency"),
            subscriptions=[await self._subscription(one) for one in subscriptions],
        )

    async def open_checkout(self, order: CheckoutOrder, key: str) -> CheckoutOpened:
        mine = {"tenant_id": order.tenant_id}
        trial: Any = {}
        if order.trial_days:
            ends = {"end_behavior": {"missing_payment_method": "pause"}}
            trial = {"trial_period_days": order.trial_days, "trial_settings": ends}
        wanted: Any = {
            "mode": "subscription",
            "customer": order.customer_id,
            "client_reference_id": order.tenant_id,
            "line_items": [{"price": order.price_id, "quantity": 1}],
            "payment_method_collection": "if_required" if order.trial_days else "always",
            "subscription_data": {"metadata": mine, **trial},
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
        }
        made = await _asked(self._v1.checkout.sessions.create_async(wanted, _once(key)))
        return CheckoutOpened(made["id"], made["url"], _time(made["expires_at"]))

    async def expire_checkout(self, session_id: str, key: str) -> None:
        session = await _asked(self._v1.checkout.sessions.retrieve_async(session_id))
        if session["status"] == "open":
            await _asked(self._v1.checkout.sessions.expire_async(session_id, {}, _once(key)))

    async def open_portal(self, customer_id: str, return_url: str, key: str) -> str:
        made = await _asked(
            self._v1.billing_portal.sessions.create_async(
                {"customer": customer_id, "return_url": return_url}, _once(key)
            )
        )
        return str(made["url"])

    async def change_price(self, subscription: SubscriptionSeen, price_id: str, key: str) -> None:
        # pending_if_incomplete takes no other changes along: https://docs.stripe.com/billing/subscriptions/pending-updates
        await _asked(
            self._v1.subscriptions.update_async(
                subscription.id,
                {
                    "items": [{"id": subscription.item_id, "price": price_id}],
                    "proration_behavior": "always_invoice",
                    "payment_behavior": "pending_if_incomplete",
                },
                _once(key),
            )
        )

    async def schedule_price(self, subscription: SubscriptionSeen, price_id: str, key: str) -> None:
        schedules = self._v1.subscription_schedules
        if subscription.schedule_id is None:
            schedule = await _asked(
                schedules.create_async({"from_subscription": subscription.id}, _once(f"{key}-create"))
            )
        else:
            schedule = await _asked(schedules.retrieve_async(subscription.schedule_id))
        now = schedule["current_phase"]
        phase = next(one for one in schedule["phases"] if one["start_date"] == now["start_date"])
        present: Any = {
            "items": [{"price": subscription.price.id, "quantity": 1}],
            "start_date": now["start_date"],
            "end_date": now["end_date"],
        }
        if phase.get("trial_end"):
            present["trial_end"] = phase["trial_end"]
        then: Any = {
            "items": [{"price": price_id, "quantity": 1}],
            "duration": {"interval": "month", "interval_count": 1},
            "proration_behavior": "none",
        }
        await _asked(
            schedules.update_async(
                schedule["id"], {"end_behavior": "release", "phases": [present, then]}, _once(f"{key}-phases")
            )
        )

    async def release_schedule(self, schedule_id: str, key: str) -> None:
        await _asked(self._v1.subscription_schedules.release_async(schedule_id, {}, _once(key)))

    async def end_with_period(self, subscription_id: str, ends: bool, key: str) -> None:
        await _asked(self._v1.subscriptions.update_async(subscription_id, {"cancel_at_period_end": ends}, _once(key)))

    async def cancel_now(self, subscription_id: str, key: str) -> None:
        await _asked(
            self._v1.subscriptions.cancel_async(subscription_id, {"invoice_now": True, "prorate": True}, _once(key))
        )

    async def pause(self, subscription_id: str, key: str) -> None:
        await _asked(
            self._v1.subscriptions.update_async(subscription_id, {"pause_collection": {"behavior": "void"}}, _once(key))
        )

    async def unpause(self, subscription_id: str, key: str) -> None:
        await _asked(self._v1.subscriptions.update_async(subscription_id, {"pause_collection": ""}, _once(key)))

    async def resume(self, subscription_id: str, key: str) -> None:
        await _asked(self._v1.subscriptions.resume_async(subscription_id, {"billing_cycle_anchor": "now"}, _once(key)))

    async def add_credit(self, customer_id: str, cents: int, currency: str, reason: str, key: str) -> str:
        made = await _asked(
            self._v1.customers.balance_transactions.create_async(
                customer_id, {"amount": -cents, "currency": currency, "description": reason}, _once(key)
            )
        )
        return str(made["id"])

    async def list_invoices(self, customer_id: str, after: str | None, limit: int) -> tuple[list[InvoiceSeen], bool]:
        wanted: Any = {"customer": customer_id, "limit": limit}
        if after is not None:
            wanted["starting_after"] = after
        page = await _asked(self._v1.invoices.list_async(wanted))
        return [_invoice(one, await self._lines(one)) for one in page["data"]], page["has_more"]

    async def see_dispute(self, dispute_id: str) -> DisputeSeen:
        return _dispute(await _asked(self._v1.disputes.retrieve_async(dispute_id, {"expand": ["charge"]})))

    async def list_disputes(self, since: datetime) -> list[DisputeSeen]:
        wanted: Any = {"created": {"gte": int(since.timestamp())}, "limit": PAGE, "expand": ["data.charge"]}
        found: list[Json] = []
        for _ in range(MOST_PAGES):
            page = await _asked(self._v1.disputes.list_async(wanted))
            found += page["data"]
            if not page["has_more"]:
                break
            wanted["starting_after"] = page["data"][-1]["id"]
        return [_dispute(one) for one in found]

    async def report_usage(
        self, meter: str, customer_id: str, amount: int, at: datetime, identifier: str, key: str
    ) -> None:
        try:
            await _asked(
                self._v1.billing.meter_events.create_async(
                    {
                        "event_name": meter,
                        "payload": {"stripe_customer_id": customer_id, "value": str(amount)},
                        "identifier": identifier,
                        "timestamp": int(at.timestamp()),
                    },
                    _once(key),
                )
            )
        except StripeRefused as error:
            if "identifier" not in error.detail or "already exists" not in error.detail:
                raise

    async def _subscription(self, one: Json) -> SubscriptionSeen:
        item = one["items"]["data"][0]
        invoice = one.get("latest_invoice") or {}
        schedule = one.get("schedule")
        pending_price, pending_at = await self._pending(schedule)
        owing = await self._oldest_open_invoice(one["id"]) if one["status"] in OWING else None
        is_waiting = one["status"] == "incomplete" or one.get("pending_update") is not None
        return SubscriptionSeen(
            id=one["id"],
            status=one["status"],
            item_id=item["id"],
            price=_price(item["price"]),
            started_at=_time(one["created"]),
            current_period_end=_time(item["current_period_end"]),
            cancel_at_period_end=one["cancel_at_period_end"],
            cancel_at=_time_or_none(one.get("cancel_at")),
            trial_end=_time_or_none(one.get("trial_end")),
            pause_collection=(one.get("pause_collection") or {}).get("behavior"),
            past_due_since=_time(_finalized(owing)) if owing is not None else None,
            schedule_id=schedule["id"] if schedule else None,
            pending_price=pending_price,
            pending_at=pending_at,
            payment_url=owing.get("hosted_invoice_url")
            if owing is not None
            else invoice.get("hosted_invoice_url")
            if is_waiting
            else None,
            ended_at=_time_or_none(one.get("ended_at")),
            snapshot=one,
        )

    async def _pending(self, schedule: Json | None) -> tuple[PriceSeen | None, datetime | None]:
        now = (schedule or {}).get("current_phase")
        if schedule is None or now is None:
            return None, None
        ahead = [phase for phase in schedule["phases"] if phase["start_date"] >= now["end_date"]]
        if not ahead:
            return None, None
        phase = min(ahead, key=lambda one: one["start_date"])
        price_id = phase["items"][0]["price"]
        return _price(await _asked(self._v1.prices.retrieve_async(price_id))), _time(phase["start_date"])

    async def _oldest_open_invoice(self, subscription_id: str) -> Json | None:
        page = await _asked(
            self._v1.invoices.list_async({"subscription": subscription_id, "status": "open", "limit": PAGE})
        )
        return min(page["data"], key=_finalized, default=None)

    async def _lines(self, invoice: Json) -> list[Json]:
        """A list of invoices carries the first lines of each; all are needed for the sum."""
        lines: list[Json] = invoice["lines"]["data"]
        has_more = invoice["lines"]["has_more"]
        for _ in range(MOST_PAGES):
            if not has_more:
                break
            page = await _asked(
                self._v1.invoices.line_items.list_async(
                    invoice["id"], {"limit": PAGE, "starting_after": lines[-1]["id"]}
                )
            )
            lines, has_more = [*lines, *page["data"]], page["has_more"]
        return lines


async def _asked(call: Awaitable[Any]) -> Json:
    try:
        answer = await call
    except stripe.CardError as error:
        raise PaymentRefused(f"The payment was refused: {_said(error)}") from error
    except stripe.StripeError as error:
        raise _translated(error) from error
    return cast(Json, answer.to_dict())


def _translated(error: stripe.StripeError) -> AppError:
    """Away: nothing is known, or it may be asked again. A kept answer of ours that says 500 will never say else."""
    status, headers = error.http_status, cast(Mapping[str, str], error.headers or {})
    is_replayed = headers.get("idempotent-replayed") == "true"
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return StripeAway("it does not accept this installation's key")
    if status is None or status in (409, 429) or (status >= 500 and not is_replayed):
        return StripeAway("no answer" if status is None else f"status {status}")
    return StripeRefused(f"Stripe refuses: {_said(error)}")


def _said(error: stripe.StripeError) -> str:
    return str(error.user_message or error)[:500]


def _once(key: str) -> Any:
    return {"idempotency_key": key}


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _time_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else _time(seconds)


def _finalized(invoice: Json) -> int:
    return int(invoice["status_transitions"].get("finalized_at") or invoice["created"])


def _price(one: Json) -> PriceSeen:
    return PriceSeen(one["id"], one.get("lookup_key"), one.get("unit_amount"), one["currency"])


def _dispute(one: Json) -> DisputeSeen:
    """With its charge expanded, since only that names the customer."""
    charge, evidence = one["charge"], one["evidence_details"]
    return DisputeSeen(
        id=one["id"],
        customer_id=charge.get("customer"),
        charge_id=charge["id"],
        amount_cents=one["amount"],
        currency=one["currency"],
        reason=one["reason"],
        status=one["status"],
        evidence_due_at=_time(evidence["due_by"]) if evidence.get("due_by") else None,
        has_evidence=evidence["has_evidence"],
        is_live=one["livemode"],
        opened_at=_time(one["created"]),
    )


def _invoice(one: Json, lines: Sequence[Json]) -> InvoiceSeen:
    taxes = sum(tax["amount"] for tax in one.get("total_taxes") or [] if tax.get("tax_behavior") != "inclusive")
    return InvoiceSeen(
        id=one["id"],
        number=one.get("number"),
        status=one.get("status"),
        currency=one["currency"],
        created_at=_time(one["created"]),
        due_at=_time_or_none(one.get("due_date")),
        lines=[_line(line) for line in lines],
        subtotal_cents=one["subtotal"],
        discount_cents=sum(discount["amount"] for discount in one.get("total_discount_amounts") or []),
        tax_cents=taxes,
        total_cents=one["total"],
        credit_cents=max(0, one["total"]) - one["amount_due"],
        amount_due_cents=one["amount_due"],
        amount_paid_cents=one["amount_paid"],
        amount_remaining_cents=one["amount_remaining"],
        hosted_url=one.get("hosted_invoice_url"),
        pdf_url=one.get("invoice_pdf"),
    )


def _line(one: Json) -> LineSeen:
    return LineSeen(
        description=one.get("description") or "",
        amount_cents=one["amount"],
        quantity=one.get("quantity"),
        period_start=_time(one["period"]["start"]),
        period_end=_time(one["period"]["end"]),
    )
