"""Loading, empty, failed, forbidden: each view in each of its states, and axe finds nothing in them."""

import asyncio
import json
import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.product import Api
from tests.e2e.visits import Guard


@dataclass(frozen=True)
class Panel:
    """A part of a page, and the requests that it stands on."""

    path: str
    requests: str
    what: str
    loaded: str


PANELS = (
    Panel("/", r"/api/incidents\?state=active", "Active incidents", ".active-list li"),
    Panel("/incidents", r"/api/incidents\?limit", "Incidents", ".grid-rows [role=row]"),
    Panel("/incidents/INC-00000001", r"/api/incidents/INC-00000001$", "Incident INC-00000001", ".incident-head h1"),
    Panel("/incidents/INC-00000001", r"/timeline", "Timeline", ".timeline li"),
    Panel("/incidents/INC-00000001", r"/INC-00000001/alerts", "Alerts", ".linked-alerts li"),
    Panel("/alerts", r"/api/alerts", "Alerts", ".alert"),
    Panel("/settings/keys", r"/api/apikeys", "API keys", ".keys li"),
    Panel("/settings/usage", r"/api/tenants/acme/usage", "Plan and usage", ".usage li"),
    Panel("/settings/billing", r"/api/billing$", "Billing", ".billing-plan"),
    Panel("/settings/audit", r"/api/audit", "The audit log", ".audit li"),
)
PANEL = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.what} on {panel.path}")


MOST_SHIFT = 0.02


def refusal(status: int, detail: str) -> str:
    return json.dumps({"error": detail, "code": "X", "trace_id": "trace-4711", "detail": detail, "status_code": status})


@PANEL
async def test_loading_shows_the_layout_and_nothing_moves_when_it_is_there(as_admin: Page, panel: Panel) -> None:
    release = asyncio.Event()

    async def hold(route: Route) -> None:
        await release.wait()
        await route.continue_()

    await as_admin.route(re.compile(panel.requests), hold)
    await as_admin.goto(panel.path)
    await expect(as_admin.locator("[aria-busy=true] .skeleton").first).to_be_visible()
    assert await findings(as_admin) == NOTHING
    await as_admin.evaluate("window.shifts = 0")
    release.set()
    await expect(as_admin.locator(panel.loaded)).not_to_have_count(0)
    await expect(as_admin.locator("[aria-busy=true]")).to_have_count(0)
    assert await as_admin.evaluate("window.shifts") <= MOST_SHIFT


async def test_loading_for_long_offers_to_stop(as_admin: Page) -> None:
    release = asyncio.Event()

    async def hold(route: Route) -> None:
        await release.wait()
        await route.abort()

    await as_admin.clock.install()
    await as_admin.route(re.compile(PANELS[1].requests), hold)
    await as_admin.goto("/incidents")
    await expect(as_admin.locator("[aria-busy=true]")).to_have_count(1)
    await as_admin.clock.fast_forward(8_500)
    await expect(as_admin.get_by_text("Still loading")).to_be_visible()
    await as_admin.get_by_role("button", name="Cancel").click()
    await expect(as_admin.get_by_text("You stopped it.")).to_be_visible()
    release.set()
    await as_admin.unroute_all(behavior="wait")
    await as_admin.get_by_role("button", name="Load again").click()
    await expect(as_admin.locator(PANELS[1].loaded)).not_to_have_count(0)


@PANEL
async def test_a_failure_says_what_which_request_and_offers_another_try(
    as_admin: Page, guard: Guard, panel: Panel
) -> None:
    guard.expect("status of 500")
    pattern = re.compile(panel.requests)
    body = refusal(500, "Something went wrong here")
    await as_admin.route(pattern, lambda route: route.fulfill(status=500, body=body, content_type="application/json"))
    await as_admin.goto(panel.path)
    alert = as_admin.get_by_role("alert").filter(has_text=f"{panel.what} could not be loaded")
    await expect(alert).to_contain_text("Something went wrong here.")
    await expect(alert).to_contain_text("trace-4711")
    assert await findings(as_admin) == NOTHING
    await as_admin.unroute(pattern)
    await alert.get_by_role("button", name="Try again").click()
    await expect(as_admin.locator(panel.loaded)).not_to_have_count(0)


@PANEL
async def test_no_permission_names_it_and_who_can_give_it(as_admin: Page, guard: Guard, panel: Panel) -> None:
    guard.expect("status of 403")
    body = refusal(403, "Permission incidents:read is missing")
    await as_admin.route(
        re.compile(panel.requests),
        lambda route: route.fulfill(status=403, body=body, content_type="application/json"),
    )
    await as_admin.goto(panel.path)
    alert = as_admin.get_by_role("alert")
    await expect(alert).to_contain_text(re.compile(f"You may not see {panel.what}", re.IGNORECASE))
    await expect(alert).to_contain_text("incidents:read")
    await expect(alert).to_contain_text("An admin of your tenant")
    assert await findings(as_admin) == NOTHING


async def test_a_refresh_that_fails_keeps_the_rows_and_says_so(as_admin: Page, guard: Guard, api: Api) -> None:
    guard.expect("status of 500")
    await as_admin.goto("/incidents?view=all")
    await expect(as_admin.locator(".grid-row.cursor")).to_have_count(1)
    await as_admin.get_by_role("link", name="Alerts").click()
    body = refusal(500, "Away")
    await as_admin.route(
        re.compile(PANELS[1].requests),
        lambda route: route.fulfill(status=500, body=body, content_type="application/json"),
    )
    await as_admin.clock.install()
    await as_admin.clock.fast_forward(40_000)
    await as_admin.get_by_role("link", name="Incidents").click()
    await expect(as_admin.get_by_text("The list could not be refreshed")).to_be_visible()
    await expect(as_admin.locator(PANELS[1].loaded)).not_to_have_count(0)


async def test_a_tenant_on_its_first_day(as_globex: Page) -> None:
    await as_globex.goto("/")
    await expect(as_globex.locator(".now-count")).to_have_text(["0"] * 6)
    await expect(as_globex.locator(".now-line b")).to_have_text(re.compile("^No open P1–P2"))
    for words in ("Nothing is open", "No alerts yet", "No source has sent anything yet"):
        await expect(as_globex.get_by_text(words)).to_be_visible()
    await expect(as_globex.get_by_text("There was no incident in the last 30 days.")).to_have_count(2)
    await as_globex.get_by_role("link", name="Incidents").click()
    await expect(as_globex.get_by_text("No incidents yet")).to_be_visible()
    await expect(as_globex.locator(".state").get_by_role("button", name="Declare incident")).to_be_visible()
    await as_globex.get_by_role("link", name="Alerts").click()
    await expect(as_globex.get_by_text("No alerts yet")).to_be_visible()


async def test_without_a_server_the_page_says_so(as_admin: Page, guard: Guard) -> None:
    guard.expect("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
    await as_admin.goto("/")
    await expect(as_admin.locator(".now-count")).to_have_count(6)
    await as_admin.route(re.compile("/graphql|/api/"), lambda route: route.abort())
    await as_admin.get_by_role("link", name="Alerts").click()
    await expect(as_admin.get_by_role("alert")).to_contain_text("The server could not be reached.")
    await as_admin.unroute_all(behavior="wait")
    await as_admin.get_by_role("button", name="Try again").click()
    await expect(as_admin.locator(".alert")).not_to_have_count(0)
