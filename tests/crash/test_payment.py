"""The whole product is killed the moment somebody has paid: what was bought is there after the restart, once."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from tests.crash.product import Product, up
from tests.support.origin import free_port
from tests.support.processes import kill, wait_for_end
from tests.support.stripe_process import stripe_beside, until_it_answers
from tests.support.waiting import eventually


@contextmanager
def signed_in(product: Product, person: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=product.url, timeout=30, trust_env=False) as client:
        session = client.post("/api/auth/token", json=person).raise_for_status().json()["data"]
        client.headers["authorization"] = f"Bearer {session['token']}"
        yield client


def admin(product: Product) -> AbstractContextManager[httpx.Client]:
    return signed_in(product, product.demo.person("globex", "admin"))


def make_free(product: Product) -> None:
    with signed_in(product, product.demo.super_admin) as client:
        client.patch("/api/tenants/globex", json={"plan": "free"}).raise_for_status()


def plan(client: httpx.Client, path: str) -> str:
    """As the plane says to which the path belongs."""
    return str(client.get(path).raise_for_status().json()["data"]["plan"])


def pay(client: httpx.Client) -> None:
    answer = client.post("/api/billing/checkout", json={"plan": "pro"}).raise_for_status()
    paid = httpx.post(answer.json()["data"]["url"], data={"do": "pay"}, timeout=30, trust_env=False)
    assert paid.status_code == 303, paid.text


def kill_all(product: Product) -> None:
    """Its database, too."""
    family = product.family()
    for pid in family:
        kill(pid)
    product.process.wait(30)
    wait_for_end(family)


def test_what_was_paid_for_is_there_after_the_restart(folder: Path) -> None:
    port, log = free_port(), folder / "stripe-log"
    with stripe_beside(port, log) as stripe:
        with up(folder, port, **stripe.environment) as product, admin(product) as client:
            until_it_answers(stripe, log)
            make_free(product)
            assert plan(client, "/api/billing") == "free"
            pay(client)
            kill_all(product)
        with up(folder, port, **stripe.environment) as product, admin(product) as client:
            eventually(lambda: plan(client, "/api/billing") == "pro", "the control plane gives the plan")
            eventually(lambda: plan(client, "/api/usage") == "pro", "the tenant plane allows what the plan does")
            invoices = client.get("/api/billing/invoices").raise_for_status().json()["data"]["items"]
            assert [(one["status"], one["total_cents"]) for one in invoices] == [("paid", 9900)]
