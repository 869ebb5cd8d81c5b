"""The fake must be able to say no: to what Stripe does not know, and to keys that are used twice."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
import stripe
from stripe import HTTPXClient, StripeClient

from control_plane.adapters.stripe_events import EventReader
from tests.fakes.stripe.server import KEY, FakeStripe
from tests.support.tenant_plane import served


@pytest.fixture
async def sdk(stripe_api: FakeStripe) -> AsyncIterator[StripeClient]:
    http = HTTPXClient()
    yield StripeClient(KEY, base_addresses={"api": stripe_api.base_url}, http_client=http, max_network_retries=0)
    await http.close_async()  # type: ignore[no-untyped-call]


async def test_an_unknown_parameter_is_refused_and_noted(sdk: StripeClient, stripe_api: FakeStripe) -> None:
    wrong: dict[str, str] = {"emaill": "x@x.example"}
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.customers.create_async(wrong)  # type: ignore[arg-type]
    assert "emaill" in stripe_api.violations[0]
    assert list(stripe_api.state.every("customer")) == []


async def test_a_wrong_answer_of_the_fake_itself_is_noted(sdk: StripeClient, stripe_api: FakeStripe) -> None:
    customer = await sdk.v1.customers.create_async({"name": "Acme"})
    assert stripe_api.violations == []
    stripe_api.state.objects[customer.id]["balance"] = "a lot"
    await sdk.v1.customers.retrieve_async(customer.id)
    assert "balance" in stripe_api.violations[0]


async def test_a_key_is_one_request(sdk: StripeClient, stripe_api: FakeStripe) -> None:
    first, again = [await sdk.v1.customers.create_async({"name": "Acme"}, {"idempotency_key": "k"}) for _ in range(2)]
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        await sdk.v1.customers.create_async({"name": "Globex"}, {"idempotency_key": "k"})
    assert len(list(stripe_api.state.every("customer"))) == 1


async def test_a_path_that_stripe_does_not_have_is_noted(stripe_api: FakeStripe) -> None:
    async with httpx.AsyncClient(base_url=stripe_api.base_url, headers={"authorization": f"Bearer {KEY}"}) as client:
        assert (await client.get("/v1/nonsense")).status_code == 404
    assert "nonsense" in stripe_api.violations[0]


async def test_as_a_process_it_sells_by_its_pages_and_tells_by_webhook() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    read = EventReader("whsec_process")

    async def hook(scope: object, receive: object, send: object) -> None:
        message = await receive()  # type: ignore[operator]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}  # type: ignore[index]
        await heard.put(read(message["body"], headers["stripe-signature"]).type)
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[operator]

    async with served(hook) as port:
        webhook = f"http://127.0.0.1:{port}/api/billing/webhook"
        arguments = ["-m", "tests.fakes.stripe", "--webhook", webhook, "--secret", "whsec_process"]
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            base_url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
            async with httpx.AsyncClient(base_url=base_url) as client:
                await bought(client, base_url)
            types = [await asyncio.wait_for(heard.get(), 20) for _ in range(6)]
            assert {"customer.created", "customer.subscription.created", "checkout.session.completed"} <= set(types)
        finally:
            process.terminate()
            await process.wait()


async def bought(client: httpx.AsyncClient, base_url: str) -> None:
    sdk_http = HTTPXClient()
    v1 = StripeClient(KEY, base_addresses={"api": base_url}, http_client=sdk_http).v1
    customer = await v1.customers.create_async({"name": "Acme"})
    price = (await v1.prices.list_async({"lookup_keys": ["opsplane_pro_monthly"]})).data[0]
    session = await v1.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "customer": customer.id,
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": f"{base_url}/done",
            "cancel_url": f"{base_url}/back",
        }
    )
    await sdk_http.close_async()  # type: ignore[no-untyped-call]
    page = await client.get(str(session.url))
    assert (page.status_code, "99.00 USD" in page.text, "http" in page.text) == (200, True, False)
    declined = await client.post(str(session.url), data={"do": "declined"})
    assert (declined.status_code, "declined" in declined.text) == (402, True)
    paid = await client.post(str(session.url), data={"do": "pay"})
    assert (paid.status_code, paid.headers["location"]) == (303, f"{base_url}/done")
    assert json.loads((await client.post("/advance?days=40")).text)["now"] > 0
