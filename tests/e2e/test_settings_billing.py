"""Billing: without Stripe, and with a Stripe that keeps its books beside the product."""

import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import register
from tests.e2e.product import Account, Api, Product, signed_in, started
from tests.e2e.visits import Guard, Visits
from tests.support.origin import free_port
from tests.support.processes import running
from tests.support.waiting import eventually

PATH = "/settings/billing"
CENTS = {"pro": 9900, "team": 29900}


async def test_without_stripe_the_page_says_so_and_offers_nothing(as_admin: Page) -> None:
    await as_admin.goto(PATH)
    await expect(as_admin.get_by_text("Plans are given by the provider; nothing is charged online.")).to_be_visible()
    await expect(as_admin.get_by_text("Ask the operators of this installation")).to_be_visible()
    await expect(as_admin.locator("main").get_by_role("button")).to_have_count(0)
    await expect(as_admin.get_by_role("heading", name="Invoices")).to_have_count(0)


async def test_who_may_not_see_billing_is_told_which_permission_is_missing(as_viewer: Page, guard: Guard) -> None:
    guard.expect("status of 403")
    await as_viewer.goto(PATH)
    await expect(as_viewer.get_by_role("alert")).to_contain_text("billing:read")
    assert await findings(as_viewer) == NOTHING


@pytest.fixture(scope="module")
def selling(chromium: Path) -> Iterator[tuple[Product, str]]:
    """A product that sells, and the address of its Stripe."""
    folder = Path(tempfile.mkdtemp(prefix="opsplane-e2e-"))
    folder.chmod(0o755)
    port, stripe_port = free_port(), free_port()
    stripe = f"http://127.0.0.1:{stripe_port}"
    webhook = f"http://127.0.0.1:{port}/api/billing/webhook"
    prices = [f"--price=opsplane_{name}_monthly={cents}" for name, cents in CENTS.items()]
    command = [sys.executable, "-m", "tests.fakes.stripe", f"--port={stripe_port}", f"--webhook={webhook}", *prices]
    try:
        with running(command, folder / "stripe.log", {"PYTHONUNBUFFERED": "1"}):
            eventually(lambda: stripe in (folder / "stripe.log").read_text(), "the fake Stripe", seconds=30)
            settings = {
                "OPSPLANE_STORM": "0",
                "OPSPLANE_STRIPE_KEY": "sk_test_fake",
                "OPSPLANE_STRIPE_API_BASE": stripe,
                "OPSPLANE_STRIPE_WEBHOOK_SECRETS": "whsec_fake",
            }
            with started(folder, port, **settings) as product:
                yield product, stripe
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def buyer(selling: tuple[Product, str], browser: Browser) -> AsyncIterator[tuple[Page, Account]]:
    """The admin of a free tenant, on its billing page; beside pro there is a larger plan for sale."""
    product, stripe = selling
    async with signed_in(product, product.super_admin) as operations:
        await offer_team(operations)
        tenant = {"tenant_id": "hooli", "name": "Hooli", "plan": "free", "contact_email": "gavin@hooli.example"}
        await operations.post("/api/tenants", tenant)
        account = await register(operations, "hooli", "gavin@hooli.example", "Gavin", "admin")
    guard = Guard(product.base_url)
    guard.expect(re.escape(f"foreign request: {stripe}"), r"favicon", re.escape(stripe))
    visits = Visits(browser, guard, {})
    page = await (await visits.of(account)).new_page()
    yield page, account
    await visits.close()
    guard.check()


async def offer_team(operations: Api) -> None:
    pro = await operations.get("/api/plans/pro")
    limits = {**pro["items"][0]["limits"], "api_keys": 60}
    await operations.post(
        "/api/plans",
        {
            "name": "team", "rank": 9, "limits": limits, "price_cents": CENTS["team"], "currency": "usd",
            "stripe_price_lookup_key": "opsplane_team_monthly",
        },
    )  # fmt: skip


async def choose(page: Page, verb: str) -> None:
    await page.get_by_role("button", name=verb, exact=True).click()
    await page.get_by_role("dialog", name=verb).get_by_role("button", name=verb).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_plan_is_bought_changed_and_given_up(selling: tuple[Product, str], buyer: tuple[Page, Account]) -> None:
    """One subscription from its first page to its end: each step stands on the one before it."""
    product, stripe = selling
    page, account = buyer
    subscription = page.get_by_role("region", name="Subscription")
    plans = page.locator(".plan-choice > li")

    # Nothing was bought yet; giving up on Stripe's page changes nothing.
    await page.goto(PATH)
    await expect(subscription).to_contain_text("No subscription.")
    assert await findings(page) == NOTHING
    await page.get_by_role("button", name="Subscribe to pro").click()
    await page.get_by_role("button", name="Back").click()
    await expect(page.get_by_text("nothing was charged and nothing was changed")).to_be_visible()

    # Bought.
    await page.get_by_role("button", name="Subscribe to pro").dblclick()
    await page.get_by_role("button", name="Pay", exact=True).click()
    await expect(page).to_have_url(re.compile(f"^{product.base_url}{PATH}"))
    await expect(subscription).to_contain_text("Active and paid.", timeout=20_000)
    await expect(subscription.locator(".billing-plan")).to_contain_text("$99.00 a month")
    await expect(plans.filter(has_text="Your plan").locator("b")).to_have_text("pro")
    async with signed_in(product, account) as admin:
        usage = await admin.get("/api/tenants/hooli/usage")
    assert usage["plan"] == "pro"

    # A larger plan counts at once, and its difference is invoiced.
    await choose(page, "Change to team")
    await expect(subscription.locator(".billing-plan")).to_contain_text("$299.00 a month", timeout=20_000)
    await page.goto("/settings/usage")
    await expect(page.locator(".usage > li").filter(has_text="API keys")).to_contain_text("of 60")
    await page.goto(PATH)
    await invoices_add_up(page, product, account)
    assert await findings(page) == NOTHING
    await fits(page)
    await page.set_viewport_size({"width": 1440, "height": 900})

    # A smaller one when the period ends, and taken back before that.
    await choose(page, "Change to pro")
    await expect(plans.filter(has_text="Next").locator("b")).to_have_text("pro", timeout=20_000)
    await expect(subscription).to_contain_text("The plan becomes pro on")
    await choose(page, "Keep team")
    await expect(plans.filter(has_text="Next")).to_have_count(0, timeout=20_000)

    # A payment that fails is said, and the invoice can be paid.
    await page.get_by_role("button", name="Payment methods and addresses").click()
    await page.get_by_role("button", name="Use a card that is declined").click()
    async with httpx.AsyncClient() as books:
        (await books.post(f"{stripe}/advance?days=32")).raise_for_status()
    await page.goto(f"{PATH}?checkout=done")
    await expect(subscription).to_contain_text("The last payment failed.", timeout=20_000)
    assert await findings(page) == NOTHING
    await page.get_by_role("link", name="Pay the open invoice").click()
    await page.get_by_role("button", name="Pay").click()
    await page.goto(f"{PATH}?checkout=done")
    await expect(subscription).to_contain_text("Active and paid.", timeout=20_000)

    # Given up with the end of the period.
    await choose(page, "Cancel subscription")
    await expect(subscription).to_contain_text("the plan free counts from then on", timeout=20_000)
    await expect(page.get_by_role("button", name="Cancel subscription")).to_have_count(0)
    await expect(page.get_by_role("button", name="Keep team")).to_be_visible()


async def invoices_add_up(page: Page, product: Product, account: Account) -> None:
    """To the cent, at the API and on the page."""
    async with signed_in(product, account) as admin:
        invoices = (await admin.get("/api/billing/invoices"))["items"]
    assert len(invoices) == 2
    for invoice in invoices:
        assert sum(line["amount_cents"] for line in invoice["lines"]) == invoice["subtotal_cents"]
        assert invoice["subtotal_cents"] - invoice["discount_cents"] + invoice["tax_cents"] == invoice["total_cents"]
    rows = page.locator(".invoices tbody tr")
    await expect(rows).to_have_count(len(invoices))
    for row in await rows.all():
        parts = await row.locator(".invoice-lines .num").all_inner_texts()
        total = await row.locator(".amount").inner_text()
        assert sum(map(cents, parts)) == cents(total)


def cents(money: str) -> int:
    return int(re.sub(r"[^\d-]", "", money))
