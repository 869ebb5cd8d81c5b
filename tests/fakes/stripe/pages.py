"""The pages that Stripe would show to people: pay, see an invoice, manage a subscription. Plain forms, no scripts."""

from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.fakes.stripe import invoices, life
from tests.fakes.stripe.requests import complete_checkout, update_subscription
from tests.fakes.stripe.state import Json, Refusal, State

Endpoint = Callable[[Request], Awaitable[Response]]
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="data:,">
<style>body{{font:16px/1.5 sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}button{{font:inherit;margin:.5rem
.5rem 0 0;padding:.4rem 1rem}}table{{border-collapse:collapse}}td{{padding:.2rem 1rem .2rem 0}}</style></head>
<body><h1>{title}</h1>{body}</body></html>"""
BUTTON = '<button type="submit" name="do" value="{value}">{text}</button>'


class Pages:
    def __init__(self, state: State) -> None:
        self.state = state

    def routes(self) -> list[Route]:
        both = ["GET", "POST"]
        return [
            Route("/checkout/{id}", _told(self.checkout), methods=both),
            Route("/portal/{id}", _told(self.portal), methods=both),
            Route("/invoice/{id}", _told(self.invoice), methods=both),
            Route("/invoice/{id}/pdf", _told(self.pdf)),
        ]

    async def checkout(self, request: Request) -> Response:
        session = self.state.get("checkout.session", request.path_params["id"])
        life.catch_up(self.state)
        if session["status"] != "open":
            return _page("Checkout", f"<p>This session is {escape(session['status'])}.</p>")
        if request.method == "GET":
            return _page("Checkout", _checkout_form(self.state, session))
        chosen = await _chosen(request)
        if chosen == "back":
            return RedirectResponse(session["cancel_url"], 303)
        if complete_checkout(self.state, session, {"pay": True, "declined": False}.get(chosen)):
            return RedirectResponse(session["success_url"], 303)
        declined = '<p role="alert">Your card was declined.</p>'
        return _page("Checkout", declined + _checkout_form(self.state, session), 402)

    async def portal(self, request: Request) -> Response:
        session = self.state.get("billing_portal.session", request.path_params["id"])
        life.catch_up(self.state)
        if request.method == "POST":
            _manage(self.state, session, await _chosen(request))
            return RedirectResponse(request.url.path, 303)
        return _page("Billing portal", _portal_form(self.state, session))

    async def invoice(self, request: Request) -> Response:
        found = self.state.get("invoice", request.path_params["id"])
        if request.method == "POST":
            self.state.cards[found["customer"]] = True
            life.pay(self.state, found)
            return RedirectResponse(request.url.path, 303)
        return _page(f"Invoice {found['number']}", _invoice_form(found))

    async def pdf(self, request: Request) -> Response:
        found = self.state.get("invoice", request.path_params["id"])
        return Response(f"%PDF-1.4 {found['number']}", media_type="application/pdf")


async def _chosen(request: Request) -> str:
    return dict(parse_qsl((await request.body()).decode())).get("do", "")


def _told(endpoint: Endpoint) -> Endpoint:
    async def endpoint_or_error(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refusal as refusal:
            return _page("Not possible", f'<p role="alert">{escape(str(refusal))}</p>', refusal.status)

    return endpoint_or_error


def _manage(state: State, session: Json, what: str) -> None:
    customer = session["customer"]
    if what in ("good", "bad"):
        state.cards[customer] = what == "good"
        state.emit("customer.updated", state.get("customer", customer))
        return
    subscription = next(one for one in state.every("subscription", customer=customer) if one["status"] in life.LIVE)
    if what == "cancel":
        update_subscription(state, {"cancel_at_period_end": True}, subscription["id"])
    else:
        for invoice in invoices.open_of(state, subscription["id"]):
            life.pay(state, invoice)


def _checkout_form(state: State, session: Json) -> str:
    price = state.get("price", session["metadata"]["price"])
    trial = state.counted[session["id"]]
    said = f"<p>{escape(price['lookup_key'] or price['id'])}: {_money(price['unit_amount'], price['currency'])} a month"
    said += f", after a trial of {trial} days</p>" if trial else "</p>"
    buttons = [("pay", "Pay")]
    if session["payment_method_collection"] == "if_required":
        buttons.append(("trial", "Start the trial without a card"))
    return said + _form([*buttons, ("declined", "Pay with a card that is declined"), ("back", "Back")])


def _portal_form(state: State, session: Json) -> str:
    listed = "".join(
        f"<li>{escape(one['id'])}: {escape(one['status'])}</li>"
        for one in state.every("subscription", customer=session["customer"])
    )
    buttons = [("good", "Use a card that works"), ("bad", "Use a card that is declined"), ("pay", "Pay what is open")]
    back = f'<p><a href="{escape(session["return_url"])}">Back</a></p>'
    return f"<ul>{listed}</ul>{_form([*buttons, ('cancel', 'Cancel the subscription')])}{back}"


def _invoice_form(invoice: Json) -> str:
    rows = "".join(
        f"<tr><td>{escape(line['description'])}</td><td>{_money(line['amount'], line['currency'])}</td></tr>"
        for line in invoice["lines"]["data"]
    )
    due = f"<p>Due: {_money(invoice['amount_remaining'], invoice['currency'])} ({escape(invoice['status'])})</p>"
    return f"<table>{rows}</table>{due}" + (_form([("pay", "Pay")]) if invoice["status"] == "open" else "")


def _form(buttons: list[tuple[str, str]]) -> str:
    shown = "".join(BUTTON.format(value=value, text=escape(text)) for value, text in buttons)
    return f'<form method="post">{shown}</form>'


def _money(cents: int, currency: str) -> str:
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d} {currency.upper()}"


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(PAGE.format(title=escape(title), body=body), status)
