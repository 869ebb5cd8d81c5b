"""One tenant in the operators' console: what is done with it, what it may, and being in it."""

import json
import re
import tarfile
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import Team, found
from tests.e2e.product import Api, Product, signed_in
from tests.e2e.views import settled
from tests.e2e.visits import Guard

LIFE = "?tab=life"
REFUSAL = json.dumps(
    {"error": "Away", "code": "X", "trace_id": "trace-4711", "detail": "Something went wrong here", "status_code": 500}
)


@pytest_asyncio.fixture
async def team(operations: Api) -> Team:
    return await found(operations, "Initech")


async def opened(page: Page, team: Team, tab: str = "") -> Page:
    await page.goto(f"/control/tenants/{team.tenant_id}{tab}")
    await settled(page)
    return page


async def audited(operations: Api, action: str, tenant_id: str) -> list[dict[str, Any]]:
    found = await operations.get("/api/auth/audit", action=action, target=f"tenant:{tenant_id}")
    entries: list[dict[str, Any]] = found["items"]
    return entries


async def test_each_step_of_an_operation_with_its_state_and_time(as_super_admin: Page, team: Team) -> None:
    page = await opened(as_super_admin, team)
    await expect(page).to_have_title("Initech – Opsplane control plane")
    await expect(page.get_by_role("link", name="Tenants").first).to_have_attribute("aria-current", "page")
    creation = page.locator(".operations > li")
    await expect(creation).to_have_count(1)
    await expect(creation).to_contain_text(re.compile(r"Creation\s*succeeded.*by root@opsplane.example.*took \d+"))
    steps = creation.get_by_role("list", name="Steps of the creation").get_by_role("listitem")
    await expect(steps).to_have_text([re.compile(r"place succeeded\s*\d+ m?s"), re.compile(r"provision succeeded")])


async def test_a_step_that_is_stuck_is_marked_and_can_be_tried_again_or_rolled_back(
    as_super_admin: Page, team: Team
) -> None:
    """As a plane that does not answer would leave it."""
    page = as_super_admin
    known = await team.operations.get(f"/api/tenants/{team.tenant_id}/operations")
    operation = {**known["items"][0], "kind": "move", "state": "running", "is_stuck": True, "attempts": 3}
    operation |= {"error": "The plane does not answer", "can_retry": True, "can_cancel": True}
    operation |= {"next_try_at": datetime.now(UTC).isoformat(), "finished_at": None, "duration_ms": None}
    step = {**operation["steps"][0], "name": "copy", "state": "running", "is_stuck": True, "attempts": 3}
    operation["steps"] = [operation["steps"][0], {**step, "error": "The plane does not answer", "duration_ms": None}]

    async def answer(route: Route) -> None:
        is_list = route.request.method == "GET"
        await route.fulfill(json={"data": {**known, "items": [operation]} if is_list else operation})

    await page.route(re.compile(r"/operations"), answer)
    await opened(page, team)
    entry = page.locator(".operations > li")
    await expect(entry).to_contain_text("past its deadline")
    await expect(entry).to_contain_text("3 tries")
    await expect(entry).to_contain_text("The plane does not answer")
    await expect(entry).to_contain_text("Tried 3 times; the next try is at")
    assert await findings(page) == NOTHING
    for button, verb in (("Retry move", "retry"), ("Roll back move", "cancel")):
        async with page.expect_request(re.compile(f"/operations/{operation['operation_id']}/{verb}$")):
            await entry.get_by_role("button", name=button).click()


async def test_a_change_of_plan_says_first_what_would_be_exceeded(
    as_super_admin: Page, operations: Api, team: Team
) -> None:
    await team.join("Bo Lind")
    plan = {"users": 1, "api_keys": 5, "events_per_month": 9, "incidents_per_month": 9, "integrations": 1}
    name = f"tiny-{team.tenant_id[-8:]}"
    await operations.post("/api/plans", {"name": name, "limits": {**plan, "retention_days": 1}})
    page = await opened(as_super_admin, team)
    await page.get_by_role("button", name="Change plan").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("status")).to_contain_text("What Initech uses now fits into this plan.")
    await dialog.get_by_label("Plan", exact=True).select_option(name)
    await expect(dialog.get_by_role("status")).to_contain_text("People: 2 of 1")
    assert await findings(page) == NOTHING
    await dialog.get_by_label("Reason").fill("They asked for it")
    await dialog.get_by_role("button", name="Change plan").dblclick()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("region", name="Facts")).to_contain_text(name)
    await expect(page.locator(".operations > li").first).to_contain_text("Change of plan")
    changed = await audited(operations, "tenant.plan_changed", team.tenant_id)
    assert [entry["details"]["reason"] for entry in changed] == ["They asked for it"]


async def test_a_limit_is_raised_with_a_reason_and_an_end_and_taken_back(
    as_super_admin: Page, operations: Api, team: Team
) -> None:
    page = await opened(as_super_admin, team, "?tab=usage")
    row = page.get_by_role("row").filter(has_text="Incidents a month")
    await expect(row).to_contain_text("unlimited")
    await row.get_by_role("button", name="Set incidents a month").click()
    dialog = page.get_by_role("dialog", name="Set incidents a month of Initech")
    await dialog.get_by_label("New limit").fill("1234")
    await dialog.get_by_label("Reason").fill("A noisy migration")
    day = datetime.now(UTC) + timedelta(days=40)
    await dialog.get_by_label("Until").fill(day.date().isoformat())
    await dialog.get_by_role("button", name="Set limit").click()
    await expect(dialog).to_have_count(0)
    await expect(row).to_contain_text(re.compile(rf"1,234 until {day.day} "))
    granted = await audited(operations, "limit.granted", team.tenant_id)
    assert [(entry["details"]["reason"], entry["details"]["after"]) for entry in granted] == [
        ("A noisy migration", 1234)
    ]
    await row.get_by_role("button", name="Take back").click()
    await expect(row.get_by_role("button", name="Take back")).to_have_count(0)
    await expect(row).not_to_contain_text("1,234")


async def test_a_limit_that_is_refused_says_why_and_keeps_what_was_typed(
    as_super_admin: Page, team: Team, guard: Guard
) -> None:
    guard.expect("status of 422")
    page = await opened(as_super_admin, team, "?tab=usage")
    await page.get_by_role("button", name="Set people").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("New limit").fill("7")
    await dialog.get_by_label("Reason").fill("Yesterday's wish")
    await dialog.get_by_label("Until").fill("2020-01-01")
    await dialog.get_by_role("button", name="Set limit").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The limit was not changed:")
    await expect(dialog.get_by_label("Reason")).to_have_value("Yesterday's wish")


async def test_suspending_needs_a_reason_and_the_typed_id_and_is_taken_back(as_super_admin: Page, team: Team) -> None:
    page = await opened(as_super_admin, team, LIFE)
    await page.get_by_role("button", name="Suspend Initech").click()
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Suspend Initech")
    await expect(dialog).to_contain_text("1 person can read but change nothing.")
    await dialog.get_by_label("Reason").fill("Unpaid since May")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Type").fill(team.tenant_id)
    assert await findings(page) == NOTHING
    await button.click()
    await expect(page.locator(".page-head")).to_contain_text("suspended")
    await expect(page.get_by_role("region", name="Facts")).to_contain_text("Unpaid since May")
    await page.get_by_role("button", name="Resume Initech").click()
    await page.get_by_role("dialog").get_by_role("button", name="Resume Initech").click()
    await expect(page.locator(".page-head")).to_contain_text("active")


async def test_a_deletion_is_typed_has_a_grace_period_and_can_be_undone(
    as_super_admin: Page, operations: Api, team: Team
) -> None:
    page = await opened(as_super_admin, team, LIFE)
    await page.get_by_role("button", name="Delete Initech").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Type").fill("initech")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Delete Initech")).to_have_attribute("aria-disabled", "true")
    assert (await operations.get(f"/api/tenants/{team.tenant_id}"))["state"] == "active"
    await dialog.get_by_label("Type").fill(team.tenant_id)
    await dialog.get_by_role("button", name="Delete Initech").click()
    await expect(page.locator(".page-head")).to_contain_text("deleting")
    await expect(page.locator(".page-head")).to_contain_text("removed after")
    await expect(page.get_by_text("until then it can be restored")).to_be_visible()
    for gone in ("Suspend", "Move", "Delete"):
        await expect(page.get_by_role("button", name=f"{gone} Initech")).to_have_count(0)
    await page.get_by_role("button", name="Restore Initech").click()
    await dialog.get_by_role("button", name="Restore Initech").click()
    await expect(page.locator(".page-head")).to_contain_text("active")
    assert (await operations.get(f"/api/tenants/{team.tenant_id}"))["delete_after"] is None


async def test_disputes_say_what_is_due_and_lead_to_stripe(as_super_admin: Page, team: Team) -> None:
    """As an installation that sells by Stripe would answer."""
    billing = await team.operations.get("/api/billing", tenant_id=team.tenant_id)
    paid = {**billing, "mode": "stripe", "standing": "active", "status_text": "Active and paid."}
    now = datetime.now(UTC).isoformat()
    dispute = {"dispute_id": "dp_1", "tenant_id": team.tenant_id, "charge_id": "ch_1", "amount_cents": 9900}
    dispute |= {"currency": "usd", "reason": "product_not_received", "status": "needs_response", "needs_response": True}
    dispute |= {"evidence_due_at": "2031-05-04T12:00:00Z", "has_evidence": False, "opened_at": now, "fetched_at": now}
    dispute |= {"stripe_url": "https://dashboard.stripe.com/test/disputes/dp_1"}
    page = {"items": [dispute], "total": 1, "limit": 20, "offset": 0, "next_cursor": None}
    await as_super_admin.route("**/api/billing?*", lambda route: route.fulfill(json={"data": paid}))
    await as_super_admin.route("**/api/billing/disputes?*", lambda route: route.fulfill(json={"data": page}))
    await as_super_admin.route("**/api/billing/invoices?*", lambda route: route.fulfill(json={"data": {"items": []}}))
    await as_super_admin.goto(f"/control/tenants/{team.tenant_id}?tab=billing")
    row = as_super_admin.get_by_role("region", name="Dispute table").locator("tbody tr")
    for said in ("$99.00", "needs an answer", "product not received", "4 May"):
        await expect(row).to_contain_text(said)
    link = row.get_by_role("link", name="Open at Stripe dp_1")
    await expect(link).to_have_attribute("href", "https://dashboard.stripe.com/test/disputes/dp_1")
    assert await findings(as_super_admin) == NOTHING
    await fits(as_super_admin)


async def test_an_export_is_a_tar_that_is_not_imported_where_the_tenant_is(
    as_super_admin: Page, team: Team, guard: Guard
) -> None:
    guard.expect("status of 409")
    page = await opened(as_super_admin, team, LIFE)
    await page.get_by_role("button", name="Export Initech").click()
    dialog = page.get_by_role("dialog", name="Export Initech")
    await dialog.get_by_role("button", name="Export Initech").click()
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await dialog.get_by_label("Reason").fill("Ticket 4711")
    assert await findings(page) == NOTHING
    async with page.expect_download() as download:
        await dialog.get_by_role("button", name="Export Initech").click()
    saved = await download.value
    await expect(dialog).to_be_hidden()
    assert saved.suggested_filename == f"{team.tenant_id}-{datetime.now(UTC).date()}.tar"
    archive = await saved.path()
    with tarfile.open(archive) as members:
        assert len(members.getnames()) > 2
    await page.goto("/control/tenants")
    await page.get_by_role("button", name="Import tenant").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Archive").set_input_files(archive)
    await dialog.get_by_role("button", name="Import tenant").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Nothing was imported:")
    await expect(dialog.get_by_role("alert")).to_contain_text(team.tenant_id)


async def test_an_import_sends_the_file_as_it_is_and_goes_to_the_tenant(as_super_admin: Page, team: Team) -> None:
    page = await opened(as_super_admin, team)
    tenant = await team.operations.get(f"/api/tenants/{team.tenant_id}")
    sent: list[tuple[bytes | None, str]] = []

    async def answer(route: Route) -> None:
        sent.append((route.request.post_data_buffer, route.request.headers["content-type"]))
        await route.fulfill(status=201, json={"data": {**tenant, "notices": []}})

    await page.route("**/api/tenants/import", answer)
    await page.goto("/control/tenants")
    await page.get_by_role("button", name="Import tenant").click()
    dialog = page.get_by_role("dialog")
    content = bytes(range(256)) * 4
    file = {"name": "tenant.tar", "mimeType": "application/x-tar", "buffer": content}
    await dialog.get_by_label("Archive").set_input_files(file)  # type: ignore[arg-type]
    await dialog.get_by_role("button", name="Import tenant").click()
    await expect(page).to_have_url(re.compile(f"/control/tenants/{team.tenant_id}$"))
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("Initech was imported and is active")
    assert sent == [(content, "application/octet-stream")]


async def test_an_import_says_what_does_not_count_here(as_super_admin: Page, team: Team) -> None:
    page = await opened(as_super_admin, team)
    tenant = await team.operations.get(f"/api/tenants/{team.tenant_id}")
    asked: list[str] = []
    notice = "Limits that were set there beside the plan do not count here: users."

    async def answer(route: Route) -> None:
        asked.append(urlsplit(route.request.url).query)
        await route.fulfill(status=201, json={"data": {**tenant, "notices": [notice]}})

    await page.route("**/api/tenants/import?*", answer)
    await page.goto("/control/tenants")
    await page.get_by_role("button", name="Import tenant").click()
    dialog = page.get_by_role("dialog")
    file = {"name": "tenant.tar", "mimeType": "application/x-tar", "buffer": b"x"}
    await dialog.get_by_label("Archive").set_input_files(file)  # type: ignore[arg-type]
    await dialog.get_by_label("Plan").select_option("enterprise")
    await dialog.get_by_label("Raised limits").check()
    assert await findings(page) == NOTHING
    await dialog.get_by_role("button", name="Import tenant").click()
    await expect(dialog.get_by_role("listitem")).to_have_text([notice])
    assert (await findings(page), asked) == (NOTHING, ["plan=enterprise&keep_grants=true"])
    await dialog.get_by_role("button", name="Open Initech").click()
    await expect(page).to_have_url(re.compile(f"/control/tenants/{team.tenant_id}$"))


async def test_being_in_a_tenant_needs_a_reason_shows_it_in_red_and_is_read_only(
    as_super_admin: Page, product: Product, team: Team, guard: Guard
) -> None:
    guard.expect("status of 403")
    page = await opened(as_super_admin, team, "?tab=access")
    await expect(page.get_by_text("Nobody of us was in Initech")).to_be_visible()
    await page.get_by_role("button", name="Enter Initech").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Enter Initech").click()
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await dialog.get_by_label("Reason").fill("Ticket 4711")
    await dialog.get_by_label("Minutes").fill("5")
    await dialog.get_by_role("button", name="Enter Initech").click()
    async with page.context.expect_page() as opening:
        await dialog.get_by_role("link", name="Open Initech").click()
    inside = await opening.value
    bar = inside.locator(".impersonation")
    await expect(bar).to_contain_text("root@opsplane.example in Initech, read only: Ticket 4711")
    await expect(bar).to_contain_text(re.compile(r"[45]m left"))
    await expect(inside).to_have_url(f"{product.base_url}/")
    await expect(inside.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(inside.get_by_label("Connection")).to_have_text("Live")
    assert await findings(inside) == NOTHING
    refused = await inside.evaluate(
        """async () => (await fetch('/api/incidents', {
          method: 'POST',
          headers: {
            authorization: `Bearer ${sessionStorage.getItem('opsplane.impersonation')}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ title: 'Not by us', severity: 'low' }),
        })).status"""
    )
    assert refused == 403
    await inside.get_by_role("link", name="Incidents").first.click()
    await expect(inside.get_by_role("button", name="Declare incident")).to_have_count(0)
    async with signed_in(product, team.admin) as theirs:
        seen = await theirs.get("/api/impersonations")
        assert [(one["reason"], one["read_only"]) for one in seen["items"]] == [("Ticket 4711", True)]
        assert (await theirs.get("/api/incidents"))["total"] == 0
        assert "Ticket 4711" in json.dumps(await theirs.get("/api/audit"))
    entry = page.locator(".operations > li")
    await expect(entry).to_contain_text("inside")
    await entry.get_by_role("button", name="End it").click()
    await expect(entry).to_contain_text("ended")


async def test_a_tenant_that_is_not_there_is_the_page_that_is_not_there(as_super_admin: Page, guard: Guard) -> None:
    guard.expect("status of 404")
    await as_super_admin.goto("/control/tenants/nobody-is-called-so")
    await expect(as_super_admin.get_by_role("heading", level=1)).to_have_text("Nothing here")
    await as_super_admin.get_by_role("link", name="Go to tenants").click()
    await expect(as_super_admin.get_by_role("heading", level=1)).to_have_text("Tenants")


@pytest.mark.parametrize(
    ("address", "requests", "what"),
    [
        ("/control/tenants", r"/api/tenants\?", "Tenants"),
        ("/control/tenants/acme", r"/api/tenants/acme$", "The tenant"),
        ("/control/tenants/acme", r"/operations", "Operations"),
        ("/control/tenants/acme?tab=people", r"/api/users\?", "People"),
        ("/control/tenants/acme?tab=usage", r"/usage$", "Usage"),
        ("/control/tenants/acme?tab=billing", r"/api/billing", "Billing"),
        ("/control/tenants/acme?tab=access", r"/impersonations", "Impersonations"),
        ("/control/plans", r"/api/plans$", "Plans"),
        ("/control/fleet", r"/cells\?", "Cells"),
        ("/control/fleet", r"/tenants/usage", "Usage"),
        ("/control/fleet", r"/rollouts\?", "Rollouts"),
        ("/control/audit", r"/api/auth/audit", "The audit log"),
    ],
)
async def test_a_failure_says_what_which_request_and_offers_another_try(
    as_super_admin: Page, guard: Guard, address: str, requests: str, what: str
) -> None:
    guard.expect("status of 500")
    pattern = re.compile(requests)
    await as_super_admin.route(
        pattern, lambda route: route.fulfill(status=500, body=REFUSAL, content_type="application/json")
    )
    await as_super_admin.goto(address)
    alert = as_super_admin.get_by_role("alert").filter(has_text=f"{what} could not be loaded")
    await expect(alert).to_contain_text("Something went wrong here.")
    await expect(alert).to_contain_text("trace-4711")
    await settled(as_super_admin)
    assert await findings(as_super_admin) == NOTHING
    await as_super_admin.unroute(pattern)
    await alert.get_by_role("button", name="Try again").click()
    await expect(alert).to_have_count(0)
