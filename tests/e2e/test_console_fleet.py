"""Plans, the fleet and the audit log in the operators' console."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import found
from tests.e2e.product import Api
from tests.e2e.views import settled
from tests.e2e.visits import Guard

NOW = datetime.now(UTC).isoformat()


def page_of(*items: dict[str, Any]) -> dict[str, Any]:
    listed = {"items": items, "total": len(items), "limit": 50, "offset": 0, "next_cursor": None}
    return {"data": listed}


def column(table: Locator, name: str) -> Locator:
    return table.get_by_role("columnheader", name=re.compile(f"^{name} version"))


async def test_a_plan_is_made_and_gets_its_next_version(as_super_admin: Page, operations: Api) -> None:
    name = f"plan-{uuid4().hex[:8]}"
    page = as_super_admin
    await page.goto("/control/plans")
    await page.get_by_role("button", name="Create plan").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("People").fill("12")
    await dialog.get_by_label("Requests a minute, viewer").fill("60")
    await dialog.get_by_label("Price a month (USD)").fill("19.90")
    await dialog.get_by_role("button", name="Create plan").dblclick()
    await expect(dialog).to_have_count(0)
    table = page.get_by_role("region", name="Plan table")
    await expect(column(table, name)).to_contain_text("version 1")
    await expect(table).to_contain_text("60 / 500 / 1,000")
    await expect(table).to_contain_text("$19.90 a month")
    await page.get_by_role("button", name=f"New version of {name}").click()
    await expect(dialog.get_by_label("People")).to_have_value("12")
    await expect(dialog.get_by_label("API keys")).to_have_value("")
    await expect(dialog).to_contain_text("Nothing is changed yet.")
    await dialog.get_by_label("People").fill("1")
    await expect(dialog.get_by_role("region", name="What changes").get_by_role("listitem")).to_have_text(
        re.compile("People.*12.*becomes.*1")
    )
    await dialog.get_by_role("button", name="Make version 2").click()
    await expect(column(table, name)).to_contain_text("version 2")
    versions = (await operations.get(f"/api/plans/{name}"))["items"]
    known = [(one["version"], one["limits"]["users"], one["price_cents"]) for one in versions]
    assert known == [(2, 1, 1990), (1, 12, 1990)]


async def test_a_new_version_shows_who_would_exceed_it(as_super_admin: Page, operations: Api) -> None:
    limits = {"users": 5, "api_keys": 5, "events_per_month": 9, "incidents_per_month": 9, "integrations": 1}
    plan = {"name": f"plan-{uuid4().hex[:8]}", "limits": {**limits, "retention_days": 1}}
    await operations.post("/api/plans", plan)
    team = await found(operations, "Hooli")
    await team.join("Bo Lind")
    await operations.patch(f"/api/tenants/{team.tenant_id}", plan=plan["name"])
    await operations.post("/api/plans", {**plan, "limits": {**limits, "users": 1, "retention_days": 1}})
    await as_super_admin.goto("/control/plans")
    await as_super_admin.get_by_role("button", name=f"Versions of {plan['name']}").click()
    dialog = as_super_admin.get_by_role("dialog")
    await expect(dialog.locator("tbody tr")).to_have_count(2)
    await expect(dialog).to_contain_text("1 of the 1 tenant looked at would exceed it.")
    await expect(dialog.get_by_role("listitem")).to_have_text("Hooli: people 2 of 1")
    assert await findings(as_super_admin) == NOTHING
    assert (await operations.get(f"/api/tenants/{team.tenant_id}"))["plan_version"] == 1


async def test_the_fleet_says_what_answers_and_how_quickly(as_super_admin: Page) -> None:
    await as_super_admin.goto("/control/fleet")
    row = as_super_admin.get_by_role("region", name="Cell table").locator("tbody tr").first
    await expect(row).to_contain_text("shared")
    await expect(row).to_contain_text("answers")
    await expect(row).to_contain_text(re.compile(r"\d+\.\d ms"))
    await expect(as_super_admin.get_by_text("Namespaces that no tenant needs")).to_have_count(0)


async def test_who_is_nearest_to_a_limit_is_throttled_there(as_super_admin: Page, operations: Api) -> None:
    team = await found(operations, "Piper")
    share = {"tenant_id": team.tenant_id, "name": "Piper", "limit_name": "events_per_month"}
    await as_super_admin.route(
        "**/api/tenants/usage*",
        lambda route: route.fulfill(
            json=page_of({**share, "used": 980, "limit": 1000, "share": 0.98, "measured_at": NOW})
        ),
    )
    await as_super_admin.goto("/control/fleet")
    panel = as_super_admin.get_by_role("region", name="Nearest to their limit")
    await expect(panel.get_by_role("meter")).to_have_attribute("aria-valuetext", "980 of 1,000")
    await panel.get_by_role("button", name="Set limit of Piper").click()
    dialog = as_super_admin.get_by_role("dialog", name="Set events a month of Piper")
    await expect(dialog).to_contain_text("980 are used of the 1,000 that count now.")
    await dialog.get_by_label("New limit").fill("500")
    await dialog.get_by_label("Reason").fill("It drowns its neighbours")
    await dialog.get_by_role("button", name="Set limit").click()
    await expect(dialog).to_have_count(0)
    granted = (await operations.get(f"/api/tenants/{team.tenant_id}/limits"))["items"]
    assert [(one["limit_name"], one["value"], one["reason"]) for one in granted] == [
        ("events_per_month", 500, "It drowns its neighbours")
    ]


async def test_a_noisy_neighbour_is_throttled_for_a_while(as_super_admin: Page, operations: Api) -> None:
    team = await found(operations, "Vandelay")
    busy = [{"tenant_id": team.tenant_id, "requests": 900}, {"tenant_id": "acme", "requests": 50}]
    cell = (await operations.get("/api/tenants/cells"))["items"][0]
    cell |= {"ready": True, "requests_last_minute": 1000, "errors_last_minute": 25, "busiest": busy}
    await as_super_admin.route("**/api/tenants/cells?*", lambda route: route.fulfill(json=page_of(cell)))
    await as_super_admin.goto("/control/fleet")
    row = as_super_admin.get_by_role("region", name="Cell table").locator("tbody tr")
    await expect(row).to_contain_text("1,000")
    await expect(row).to_contain_text("2.5 %")
    panel = as_super_admin.get_by_role("region", name="Busiest in the last minute")
    await expect(panel.get_by_role("listitem").first).to_contain_text("90 % of shared")
    await panel.get_by_role("button", name=f"Throttle {team.tenant_id}").click()
    dialog = as_super_admin.get_by_role("dialog", name=f"Throttle {team.tenant_id}")
    await dialog.get_by_label("Requests a minute, each").fill("30")
    await dialog.get_by_label("How long").select_option(label="for 4 hours")
    await dialog.get_by_label("Reason").fill("It drowns its neighbours")
    assert await findings(as_super_admin) == NOTHING
    await dialog.get_by_role("button", name=f"Throttle {team.tenant_id}").click()
    await expect(dialog).to_have_count(0)
    granted = (await operations.get(f"/api/tenants/{team.tenant_id}/limits"))["items"]
    assert {(one["value"], one["reason"]) for one in granted} == {(30, "It drowns its neighbours")}
    hours = [(datetime.fromisoformat(one["ends_at"]) - datetime.now(UTC)).total_seconds() / 3600 for one in granted]
    assert all(3.9 < left <= 4 for left in hours)
    await as_super_admin.goto(f"/control/tenants/{team.tenant_id}?tab=usage")
    limits = as_super_admin.get_by_role("region", name="Limits", exact=True)
    await expect(limits.get_by_role("row", name=re.compile("Requests a minute, admin"))).to_contain_text("30")


async def test_a_rollout_without_dedicated_planes_is_refused_in_words(as_super_admin: Page, guard: Guard) -> None:
    guard.expect("status of 409")
    await as_super_admin.goto("/control/fleet")
    await expect(as_super_admin.get_by_text("No rollout yet")).to_be_visible()
    await as_super_admin.get_by_role("button", name="Start rollout").click()
    dialog = as_super_admin.get_by_role("dialog")
    await dialog.get_by_label("Version").fill("2026.11.1")
    await dialog.get_by_role("button", name="Start rollout").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("No rollout was started:")
    await expect(dialog.get_by_label("Version")).to_have_value("2026.11.1")


async def test_a_stopped_rollout_says_why_and_can_go_on_or_end(as_super_admin: Page) -> None:
    """As an installation with dedicated planes would answer."""
    rollout = {"id": str(uuid4()), "version": "2026.11.2", "state": "stopped", "wave": 2, "waves": 11}
    rollout |= {"reason": "initech did not become ready in 300 s", "started_by": "root@opsplane.example"}
    rollout |= {"wave_started_at": NOW, "created_at": NOW, "updated_at": NOW, "finished_at": None}
    rollout |= {"tenants": {"waiting": 17, "rolling": 0, "done": 2, "failed": 1}}
    turn = {"tenant_id": "initech", "wave": 2, "state": "failed", "previous_version": "2026.11.1"}
    turn |= {"error": "ImagePullBackOff", "started_at": NOW, "finished_at": NOW}
    orphan = {"namespace": "opsplane-t-gone", "tenant_id": "gone", "first_seen_at": NOW, "last_seen_at": NOW}
    page = as_super_admin
    await page.route("**/rollouts?*", lambda route: route.fulfill(json=page_of(rollout)))
    await page.route("**/rollouts/*/tenants?*", lambda route: route.fulfill(json=page_of(turn)))
    await page.route("**/rollouts/*/resume", lambda route: route.fulfill(json={"data": rollout}))
    await page.route("**/cells/orphans?*", lambda route: route.fulfill(json=page_of(orphan)))
    await page.goto("/control/fleet")
    panel = page.get_by_role("region", name="Rollouts")
    await expect(panel).to_contain_text("wave 2 of 11: 2 tenants done, 0 under way, 17 waiting, 1 failed")
    await expect(panel).to_contain_text("initech did not become ready in 300 s")
    await panel.get_by_role("button", name="Show tenants of 2026.11.2").click()
    await expect(panel.get_by_role("list", name="Tenants of 2026.11.2")).to_contain_text("ImagePullBackOff")
    await expect(page.get_by_role("region", name="Orphan table")).to_contain_text("opsplane-t-gone")
    await settled(page)
    assert await findings(page) == NOTHING
    async with page.expect_request(f"**/rollouts/{rollout['id']}/resume"):
        await panel.get_by_role("button", name="Resume 2026.11.2").click()
    await fits(page)


async def test_the_console_s_audit_log_is_filtered_by_its_address_and_opens_an_entry(
    as_super_admin: Page, operations: Api
) -> None:
    team = await found(operations, "Dunder")
    await operations.post(f"/api/tenants/{team.tenant_id}/suspend", {"reason": "Paper ran out"})
    await as_super_admin.goto(f"/control/audit?q=target:tenant:{team.tenant_id}+action:tenant.suspended")
    await settled(as_super_admin)
    entry = as_super_admin.get_by_role("button", name=re.compile("tenant.suspended"))
    await expect(entry).to_have_count(1)
    await entry.click()
    await expect(as_super_admin.get_by_role("main")).to_contain_text("Paper ran out")


@pytest.mark.parametrize("path", ["/api/incidents", "/api/alerts", "/api/audit", "/api/overview"])
async def test_nothing_of_a_tenant_is_seen_without_being_in_it(as_super_admin: Page, guard: Guard, path: str) -> None:
    """With the console's own token, as its pages could."""
    guard.expect("status of 40")
    await as_super_admin.goto("/control/tenants")
    async with as_super_admin.expect_request("**/api/tenants?*") as asking:
        await as_super_admin.reload()
    headers = {"authorization": (await (await asking.value).all_headers())["authorization"]}
    status = await as_super_admin.evaluate(
        "async ([path, headers]) => (await fetch(path, { headers })).status", [path, headers]
    )
    assert status in (401, 403, 404)
