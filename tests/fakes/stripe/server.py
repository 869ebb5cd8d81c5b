"""The fake over HTTP: every request and every answer is held against Stripe's own document, and idempotency keys count.

What does not fit is an error for the caller and stands in ``violations`` for the test, whatever the caller makes of it.
"""

import copy
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.tx import utc_now
from tests.fakes.stripe import life, spec
from tests.fakes.stripe.pages import Pages
from tests.fakes.stripe.requests import REQUESTS, expanded
from tests.fakes.stripe.state import Json, Refusal, State

KEY = "sk_test_fake"
SECRET = "whsec_fake"


@dataclass
class FakeStripe:
    """``away``: nobody is there. ``loses_answers``: what is asked for is done, and the answer never arrives."""

    clock: Callable[[], datetime] = utc_now
    base_url: str = "http://stripe"
    state: State = field(init=False)
    kept: dict[str, tuple[str, int, Json]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Method and documented path."""
    keys: list[str] = field(default_factory=list)
    away: bool = False
    loses_answers: bool = False

    def __post_init__(self) -> None:
        self.state = State(lambda: self.clock(), self.base_url)

    def sell(self, lookup_key: str, cents: int, currency: str = "usd") -> Json:
        """A product with a monthly price; a lookup key moves on from the price that had it."""
        product = self.state.new("product", name=lookup_key, active=True)
        for earlier in self.state.every("price", lookup_key=lookup_key):
            earlier["lookup_key"] = None
        recurring = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
        price = self.state.new("price", active=True, product=product["id"], currency=currency, type="recurring")
        price |= {
            "unit_amount": cents,
            "lookup_key": lookup_key,
            "recurring": {**recurring, "meter": None, "trial_period_days": None},
        }
        return price

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/{rest:path}", self.answer, methods=["GET", "POST", "DELETE"]),
                *Pages(self.state).routes(),
            ]
        )

    async def answer(self, request: Request) -> Response:
        if self.away:
            return JSONResponse({"error": {"type": "api_error", "message": "away"}}, 503)
        life.catch_up(self.state)
        form = (await request.body()).decode() if request.method == "POST" else request.url.query
        status, body, is_replayed = self._kept_or_done(request, form)
        if self.loses_answers and request.method != "GET":
            return JSONResponse({"error": {"type": "api_error", "message": "lost"}}, 502)
        headers = {"idempotent-replayed": "true"} if is_replayed else {}
        return JSONResponse(body, status, headers)

    def _kept_or_done(self, request: Request, form: str) -> tuple[int, Json, bool]:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return 401, Refusal(401, "Invalid API Key provided").body, False
        key = request.headers.get("idempotency-key", "") if request.method != "GET" else ""
        fingerprint = f"{request.method} {request.url.path} {form}"
        if key in self.kept:
            known, status, body = self.kept[key]
            if known != fingerprint:
                self.violations.append(f"{key}: used for {known} and for {fingerprint}")
                message = "Keys for idempotent requests can only be used with the same parameters."
                return 400, Refusal(400, message, "idempotency_error").body, False
            return status, body, True
        status, body = self._done(request, form)
        if request.method == "POST":
            self.keys.append(key)
            self.kept[key] = (fingerprint, status, copy.deepcopy(body))
        return status, body, False

    def _done(self, request: Request, form: str) -> tuple[int, Json]:
        method, path = request.method.lower(), request.url.path
        try:
            documented = spec.template(method, path)
            given, wrong = spec.read_request(method, path, form)
            if request.headers.get("stripe-version") != spec.document()["info"]["version"]:
                wrong.append("another API version than the document's")
            if wrong:
                self.violations += [f"{method} {path}: {one}" for one in wrong]
                raise Refusal(400, "; ".join(wrong))
            self.calls.append((method, documented))
            body = REQUESTS[method, documented](self.state, given, _id_in(path, documented))
        except Refusal as refusal:
            return refusal.status, refusal.body
        except LookupError as error:
            self.violations.append(repr(error))
            return 404, Refusal(404, str(error)).body
        for wanted in given.get("expand", []):
            body = expanded(self.state, body, wanted.split("."))
        self.violations += [f"answer to {method} {path}: {one}" for one in spec.check_answer(method, path, body)]
        return 200, body


def signature(body: bytes, secret: str = SECRET, at: float | None = None) -> str:
    """https://docs.stripe.com/webhooks/signature#verify-manually"""
    moment = int(time.time() if at is None else at)
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def delivery(event: Json, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    """Body and headers, as Stripe sends an event."""
    body = json.dumps(event, indent=2).encode()
    return body, {"content-type": "application/json; charset=utf-8", "stripe-signature": signature(body, secret)}


def _id_in(path: str, documented: str) -> str:
    pairs: list[tuple[str, Any]] = list(zip(documented.split("/"), path.split("/"), strict=True))
    return next((str(value) for name, value in pairs if name.startswith("{")), "")
