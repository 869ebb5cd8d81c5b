"""Is something on fire, and are the numbers true."""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Request, Route, expect

from tests.e2e.product import Api, Product
from tests.e2e.visits import Guard, Visits

NUMBERS = "{ overview { openBySeverity { severity count } notAcknowledged } }"
SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"]
MOST_SHIFT = 0.02


async def test_the_numbers_are_the_apis_and_each_leads_to_as_many_rows(as_admin: Page, api: Api) -> None:
    await as_admin.goto("/")
    overview = (await api.graphql(NUMBERS))["overview"]
    counts = {entry["severity"]: entry["count"] for entry in overview["openBySeverity"]}
    numbers = as_admin.locator(".now-number")
    expected = [*(counts.get(severity, 0) for severity in SEVERITIES), overview["notAcknowledged"]]
    await expect(numbers.locator(".now-count")).to_have_text([f"{count:,}" for count in expected])
    assert sum(expected) > 0, "the storm left nothing open"
    for index, count in enumerate(expected):
        await numbers.nth(index).click()
        await expect(as_admin.get_by_role("heading", level=1)).to_have_text("Incidents")
        await expect(as_admin.locator(".page-head [role=status]")).to_have_text(f"{count:,} shown")
        await as_admin.go_back()


async def test_a_new_p1_is_counted_within_two_seconds_and_nothing_moves(as_admin: Page, sender: Api) -> None:
    await as_admin.goto("/")
    critical = as_admin.locator(".now-count").first
    before = int(await critical.inner_text())
    await expect(as_admin.get_by_label("Connection")).to_have_text("Live")
    await expect(as_admin.locator("[aria-busy=true]")).to_have_count(0)
    await as_admin.evaluate("window.stayed = true; window.shifts = 0")
    await sender.alert("Disk full on db-7", severity="critical", service="db-7")
    await expect(critical).to_have_text(str(before + 1), timeout=2_000)
    await expect(as_admin.get_by_role("region", name="Needs attention")).to_contain_text("Disk full on db-7")
    assert await as_admin.evaluate("window.stayed"), "the page was loaded again"
    assert await as_admin.evaluate("window.shifts") <= MOST_SHIFT


async def test_the_first_load_moves_nothing_and_asks_six_questions_at_most(as_admin: Page) -> None:
    asked: list[str] = []
    as_admin.on("request", lambda request: asked.append(urlsplit(request.url).path))
    await as_admin.goto("/")
    await expect(as_admin.get_by_role("region", name="Sources").get_by_role("row")).not_to_have_count(0)
    await expect(as_admin.locator("[aria-busy=true]")).to_have_count(0)
    questions = [path for path in asked if path == "/graphql" or path.startswith("/api/")]
    assert len(questions) <= 6, questions
    assert await as_admin.evaluate("window.shifts") <= MOST_SHIFT


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
async def test_the_numbers_are_on_the_first_screen(visits: Visits, product: Product, width: int, height: int) -> None:
    page = await (await visits.of(product.account("acme", "admin"), width=width, height=height)).new_page()
    await page.goto("/")
    for index in range(6):
        await expect(page.locator(".now-number").nth(index)).to_be_in_viewport(ratio=1)


def only(operation: str) -> Callable[[Request], bool]:
    return lambda request: operation in (request.post_data or "")


async def test_a_failed_panel_leaves_the_others_standing(as_admin: Page, guard: Guard) -> None:
    guard.expect("status of 503")
    failing = only("mttaMedianSeconds")
    refusal = {"error": "away", "code": "UNAVAILABLE", "trace_id": "trace-77", "detail": "It is away"}

    async def answer(route: Route) -> None:
        await (route.fulfill(status=503, json=refusal) if failing(route.request) else route.continue_())

    await as_admin.route("**/graphql", answer)
    await as_admin.goto("/")
    failed = as_admin.get_by_role("alert")
    await expect(failed).to_contain_text("Response times could not be loaded")
    await expect(failed).to_contain_text("trace-77")
    await expect(as_admin.locator(".now-count")).to_have_count(6)
    await expect(as_admin.get_by_role("region", name="Noisy services").get_by_role("row")).not_to_have_count(0)
    await as_admin.unroute("**/graphql")
    await failed.get_by_role("button", name="Try again").click()
    await expect(as_admin.get_by_role("region", name="Time to acknowledge")).to_be_visible()


async def test_a_slow_panel_holds_up_nobody(as_admin: Page) -> None:
    release = asyncio.Event()
    slow = only("mttaMedianSeconds")

    async def answer(route: Route) -> None:
        await (release.wait() if slow(route.request) else asyncio.sleep(0))
        await route.continue_()

    await as_admin.route("**/graphql", answer)
    await as_admin.goto("/")
    await expect(as_admin.locator(".now-count")).to_have_count(6)
    await expect(as_admin.get_by_role("region", name="Needs attention").get_by_role("listitem")).not_to_have_count(0)
    await expect(as_admin.get_by_role("region", name="Time to acknowledge")).to_contain_text("Loading")
    release.set()
    await expect(as_admin.get_by_role("region", name="Time to acknowledge").locator(".daily, h2").last).to_be_visible()
    await expect(as_admin.locator("[aria-busy=true]")).to_have_count(0)


async def test_pointing_at_a_day_shows_it_on_both_charts_and_the_table_has_the_numbers(as_admin: Page) -> None:
    await as_admin.goto("/")
    acknowledge = as_admin.get_by_role("region", name="Time to acknowledge", exact=True)
    resolve = as_admin.get_by_role("region", name="Time to resolve", exact=True)
    await acknowledge.locator(".daily-plot").hover(position={"x": 3, "y": 40})
    day = re.compile(r"^\d{1,2} \w+: no incidents$")
    await expect(acknowledge.locator("figcaption")).to_have_text(day)
    await expect(resolve.locator("figcaption")).to_have_text(await acknowledge.locator("figcaption").inner_text())
    await acknowledge.get_by_text("as a table").click()
    await expect(acknowledge.get_by_role("row")).to_have_count(31)
