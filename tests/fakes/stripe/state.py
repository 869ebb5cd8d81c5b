"""What the fake remembers: objects by id, events in their order, answers kept under idempotency keys, and the time."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.stripe import spec

Json = dict[str, Any]
PREFIXES = {
    "customer": "cus",
    "product": "prod",
    "price": "price",
    "subscription": "sub",
    "subscription_item": "si",
    "subscription_schedule": "sub_sched",
    "invoice": "in",
    "line_item": "il",
    "checkout.session": "cs_test",
    "billing_portal.session": "bps",
    "customer_balance_transaction": "cbtxn",
    "charge": "ch",
    "dispute": "dp",
    "event": "evt",
}
DAY = 86_400


class Refusal(Exception):
    """An answer of Stripe that is not 200."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"error": {"type": kind, "message": message, **more}}


@dataclass
class State:
    """``clock`` may be moved by a test; ``catch_up`` in ``life.py`` does what is due by then.

    ``cards``: whether the customer's card works; a customer that is not in there has none.
    """

    clock: Callable[[], datetime]
    base_url: str = "http://stripe"
    objects: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    cards: dict[str, bool] = field(default_factory=dict)
    meter_events: dict[str, Json] = field(default_factory=dict)
    charges: list[tuple[str, int]] = field(default_factory=list)
    """Invoice and cents of all money that was taken."""
    after_retries: str = "unpaid"
    """What becomes of a subscription whose payment failed for the last time: ``unpaid``, ``cancel`` or ``past_due``."""
    at: int | None = None
    """The moment at which something that is due happens, while it is being done."""
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return self.at if self.at is not None else int(self.clock().astimezone(UTC).timestamp())

    def new(self, kind: str, **values: Any) -> Json:
        """Made from the smallest valid object of its kind, and kept."""
        self.counted[kind] = self.counted.get(kind, 0) + 1
        made = spec.smallest(kind)
        made |= {"id": f"{PREFIXES[kind]}_{self.counted[kind]:04d}", "created": self.now, **values}
        self.objects[made["id"]] = made
        return made

    def get(self, kind: str, object_id: str) -> Json:
        found = self.objects.get(object_id)
        if found is None or found["object"] != kind:
            raise Refusal(404, f"No such {kind}: '{object_id}'", code="resource_missing")
        return found

    def every(self, kind: str, **values: Any) -> Iterator[Json]:
        """Oldest first."""
        for one in list(self.objects.values()):
            if one["object"] == kind and all(one.get(name) == value for name, value in values.items()):
                yield one

    def emit(self, event_type: str, about: Json) -> None:
        """Picture of the object as it is now."""
        self.counted["event"] = self.counted.get("event", 0) + 1
        event = spec.smallest("event")
        event |= {
            "id": f"evt_{self.counted['event']:04d}",
            "type": event_type,
            "created": self.now,
            "api_version": spec.document()["info"]["version"],
            "data": {"object": copy.deepcopy(about)},
            "pending_webhooks": 1,
            "request": None,
        }
        self.events.append(event)

    def page(self, found: list[Json], url: str, limit: int = 10, starting_after: str | None = None) -> Json:
        """Newest first, as all of Stripe's lists."""
        found = found[::-1]
        if starting_after is not None:
            ids = [one["id"] for one in found]
            if starting_after not in ids:
                raise Refusal(400, f"No such object: '{starting_after}'", param="starting_after")
            found = found[ids.index(starting_after) + 1 :]
        return {"object": "list", "url": url, "has_more": len(found) > limit, "data": found[:limit]}


def add_month(time: int) -> int:
    """The same day of the next month, or its 28th."""
    at = datetime.fromtimestamp(time, UTC)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return int(at.replace(year=year, month=month, day=min(at.day, 28)).timestamp())
