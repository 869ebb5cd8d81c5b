"""The whole product is killed the moment somebody has paid: what was bought is there after the restart, once."""

import os
import signal
from pathlib import Path

import httpx

from tests.crash.product import Product, up
from tests.fakes.stripe.server import KEY
from tests.support.origin import free_port
from tests.support.processes import wait_for_end
from tests.support.stripe_process import StripeProcess, stripe_beside, until_it_answers
from tests.support.waiting import eventually


def admin(product: Product) -> httpx.Client:
    """Of globex, which has not paid for anything."""
    client = httpx.Client(base_url=product.url, timeout=30, trust_env=False)
    session = client.post("/api/auth/token", json=product.demo.person("globex", "admin")).raise_for_status()
    client.headers["authorization"] = f"Bearer {session.json()['data']['token']}"
    return client


def plan(client: httpx.Client, path: str) -> str:
    return str(client.get(path).raise_for_status().json()["data"]["plan"])


def pay(stripe: StripeProcess, client: httpx.Client) -> None:
    answer = client.post("/api/billing/checkout", json={"plan": "pro"}).raise_for_status()
    paid = httpx.post(answer.json()["data"]["url"], data={"do": "pay"}, timeout=30, trust_env=False)
    assert paid.status_code == 303, paid.text


def kill(product: Product) -> None:
    """Its database, too."""
    family = product.family()
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    product.process.wait(30)
    wait_for_end(family)


def at_stripe(stripe: StripeProcess, things: str) -> list[str]:
    headers = {"authorization": f"Bearer {KEY}", "stripe-version": "2026-11-25"}
    answer = httpx.get(f"{stripe.base_url}/v1/{things}", headers=headers, timeout=30, trust_env=False)
    return [str(one["status"]) for one in answer.raise_for_status().json()["data"]]


def test_what_was_paid_for_is_there_after_the_restart(folder: Path) -> None:
    port, log = free_port(), folder / "stripe-log"
    with stripe_beside(port, log) as stripe:
        with up(folder, port, **stripe.environment) as product, admin(product) as client:
            until_it_answers(stripe, log)
            assert plan(client, "/api/billing") == "free"
            pay(stripe, client)
            kill(product)
        with up(folder, port, **stripe.environment) as product, admin(product) as client:
            eventually(lambda: plan(client, "/api/billing") == "pro", "the control plane gives the plan")
            eventually(lambda: plan(client, "/api/usage") == "pro", "the tenant plane allows what the plan does")
        assert at_stripe(stripe, "subscriptions") == ["active"]
        assert at_stripe(stripe, "invoices") == ["paid"]
