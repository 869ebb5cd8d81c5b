"""The fake as a process beside the product: ``python -m tests.fakes.stripe --port 12111 --webhook URL``.

Prints its base URL, then serves; delivers each event to the webhook, signed, until that answers 2xx. POST /advance
?days=40 moves its time: trials end, periods are renewed.
"""

import argparse
import asyncio
import socket
from datetime import datetime, timedelta

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.tx import utc_now
from tests.fakes.stripe import life
from tests.fakes.stripe.server import SECRET, FakeStripe, delivery

LOOK_SECONDS = 0.2
PRICES = ("opsplane_pro_monthly=9900",)


async def deliver(fake: FakeStripe, webhook: str, secret: str) -> None:
    """In their order; one that is not taken is sent again, and those behind it wait."""
    sent = 0
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        while True:
            life.catch_up(fake.state)
            for event in fake.state.events[sent:]:
                body, headers = delivery(event, secret)
                try:
                    answer = await client.post(webhook, content=body, headers=headers)
                except httpx.HTTPError:
                    break
                if not answer.is_success:
                    break
                sent += 1
            await asyncio.sleep(LOOK_SECONDS)


async def serve(arguments: argparse.Namespace) -> None:
    moved = [timedelta()]

    def clock() -> datetime:
        return utc_now() + moved[0]

    listener = socket.create_server(("127.0.0.1", arguments.port))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    fake = FakeStripe(clock, base_url)
    for price in arguments.price or PRICES:
        lookup_key, _, cents = price.partition("=")
        fake.sell(lookup_key, int(cents))

    async def advance(request: Request) -> Response:
        moved[0] += timedelta(days=float(request.query_params["days"]))
        life.catch_up(fake.state)
        return JSONResponse({"now": fake.state.now})

    app = fake.app()
    app.router.routes.append(Route("/advance", advance, methods=["POST"]))
    print(base_url, flush=True)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    delivering = asyncio.create_task(deliver(fake, arguments.webhook, arguments.secret)) if arguments.webhook else None
    try:
        await server.serve(sockets=[listener])
    finally:
        if delivering is not None:
            delivering.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.stripe")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--webhook", help="where events go, as in http://127.0.0.1:8000/api/billing/webhook")
    parser.add_argument("--secret", default=SECRET, help="signs the events")
    parser.add_argument("--price", action="append", metavar="LOOKUP_KEY=CENTS", help="sold by the month, in usd")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
