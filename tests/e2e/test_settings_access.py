"""Who of the provider is or was in a tenant, as its admins are told: in the settings, and on every page meanwhile."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import Team, found
from tests.e2e.product import Api
from tests.e2e.visits import Guard, Visits

PATH = "/settings/access"
WHY = "Ticket 4711 <script>alert(1)</script> עברית 🚑"


@pytest_asyncio.fixture
async def team(operations: Api) -> Team:
    return await found(operations, "Queen")


@pytest_asyncio.fixture
async def stay(team: Team) -> AsyncIterator[dict[str, Any]]:
    path = f"/api/tenants/{team.tenant_id}/impersonations"
    stay: dict[str, Any] = await team.operations.post(path, {"reason": WHY, "minutes": 20})
    yield stay
    await team.operations.delete(f"{path}/{stay['id']}")


async def test_before_anybody_came_the_page_says_so(visits: Visits, team: Team) -> None:
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    await expect(page).to_have_title("Provider access – Queen")
    await expect(page.get_by_text("Nobody of the provider has been in here")).to_be_visible()
    await expect(page.locator(".provider")).to_have_count(0)
    assert await findings(page) == NOTHING
    await fits(page)


async def test_an_admin_is_told_on_every_page_and_sees_it_end(visits: Visits, team: Team, stay: dict[str, Any]) -> None:
    page = await (await visits.of(team.admin)).new_page()
    await page.goto("/")
    told = page.get_by_role("status").filter(has_text="of the provider is in this tenant until")
    await expect(told).to_contain_text(stay["by"])
    await expect(told).to_contain_text(f"read only: {WHY}")
    await page.get_by_role("link", name="All stays").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Provider access")
    row = page.get_by_role("region", name="Stays").get_by_role("listitem")
    await expect(row).to_have_count(1)
    for words in (stay["by"], WHY, "read only", "20m", "inside now"):
        await expect(row).to_contain_text(words)
    await fits(page)

    await team.operations.delete(f"/api/tenants/{team.tenant_id}/impersonations/{stay['id']}")
    await page.reload()
    await expect(row).to_contain_text("ended early")
    await expect(told).to_have_count(0)


async def test_only_admins_are_told(visits: Visits, team: Team, stay: dict[str, Any], guard: Guard) -> None:
    guard.expect("status of 403")
    page = await (await visits.of(await team.join("Oliver Operator"))).new_page()
    await page.goto(PATH)
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("You may not see provider access")
    await expect(alert).to_contain_text("impersonations:read")
    await expect(page.get_by_text(stay["by"])).to_have_count(0)
    assert await findings(page) == NOTHING


async def test_a_failure_can_be_tried_again(visits: Visits, team: Team, guard: Guard) -> None:
    guard.expect("status of 500")
    page = await (await visits.of(team.admin)).new_page()
    body = {"error": "Away", "code": "X", "trace_id": "trace-4711", "detail": "Away", "status_code": 500}
    pattern = re.compile("/api/impersonations")
    await page.route(pattern, lambda route: route.fulfill(status=500, json=body))
    await page.goto(PATH)
    alert = page.get_by_role("alert").filter(has_text="Provider access could not be loaded")
    await expect(alert).to_contain_text("trace-4711")
    assert await findings(page) == NOTHING
    await page.unroute(pattern)
    await alert.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Nobody of the provider has been in here")).to_be_visible()
