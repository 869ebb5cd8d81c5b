"""The audit logs: found again by filter, read as from and to, taken along and verified."""

import json
from pathlib import Path

from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import found
from tests.e2e.product import Api, Product, with_key
from tests.e2e.visits import Guard, Visits

PATH = "/settings/audit"


def rows(page: Page) -> Locator:
    return page.locator(".audit > li")


async def test_a_change_is_read_as_from_and_to(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Audited", "high")
    await api.patch(f"/api/incidents/{incident['reference']}", severity="low")
    await as_admin.goto(f"{PATH}?q=target:incident:{incident['reference']}")
    await expect(rows(as_admin)).to_have_count(2)
    edited = rows(as_admin).first
    await expect(edited).to_contain_text("bo@acme.example")
    await expect(edited).to_contain_text("incident.edited")
    await expect(edited).to_contain_text("127.0.0.1")
    await edited.get_by_role("button").click()
    change = edited.get_by_role("row").nth(1)
    await expect(change.get_by_role("rowheader")).to_have_text("severity")
    await expect(change.get_by_role("cell")).to_have_text(["high", "low"])
    assert await findings(as_admin) == NOTHING
    await fits(as_admin)


async def test_the_filter_is_in_the_address_and_back_takes_it_back(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Filtered for")
    await as_admin.goto(PATH)
    await expect(rows(as_admin)).not_to_have_count(0)
    await as_admin.keyboard.press("/")
    await as_admin.keyboard.type(f"action:incident. target:incident:{incident['reference']}")
    await as_admin.keyboard.press("Enter")
    await expect(rows(as_admin)).to_have_count(1)
    await expect(as_admin.get_by_text("1 entry matches")).to_be_visible()
    await as_admin.reload()
    await expect(rows(as_admin)).to_have_count(1)
    await expect(as_admin.get_by_role("combobox")).to_have_value(
        f"action:incident. target:incident:{incident['reference']}"
    )
    await as_admin.get_by_role("button", name="People, plan and access").click()
    await expect(rows(as_admin).filter(has_text="session.started")).not_to_have_count(0)
    assert "open=access" in as_admin.url
    await as_admin.go_back()
    await expect(rows(as_admin)).to_have_count(1)


async def test_an_entry_is_found_and_read_with_the_keyboard_only(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Read by keyboard", "info")
    await as_admin.goto(PATH)
    await expect(rows(as_admin)).not_to_have_count(0)
    await as_admin.keyboard.press("/")
    await as_admin.keyboard.type(f"target:incident:{incident['reference']}")
    await as_admin.keyboard.press("Enter")
    await expect(rows(as_admin)).to_have_count(1)
    head = rows(as_admin).first.get_by_role("button")
    for _ in range(3):  # clear, export, the entry
        await as_admin.keyboard.press("Tab")
    await expect(head).to_be_focused()
    await as_admin.keyboard.press("Enter")
    await expect(head).to_have_attribute("aria-expanded", "true")
    await expect(as_admin.locator(".audit-details")).to_contain_text("Read by keyboard")


async def test_what_the_filter_does_not_know_is_explained(as_admin: Page) -> None:
    await as_admin.goto(f"{PATH}?q=colour:red%20result:perhaps")
    await expect(as_admin.get_by_text("There is no key “colour”.")).to_be_visible()
    await expect(as_admin.get_by_text("“perhaps” is no result. Values: done, refused.")).to_be_visible()
    await expect(as_admin.get_by_text("No entry matches")).to_be_visible()
    assert await findings(as_admin) == NOTHING
    await as_admin.locator(".state").get_by_role("button", name="Clear filter").click()
    await expect(rows(as_admin)).not_to_have_count(0)


async def test_the_export_can_be_verified_and_is_logged_itself(
    as_admin: Page, product: Product, tmp_path: Path, guard: Guard
) -> None:
    for path, name in ((PATH, "audit-tenant-"), (f"{PATH}?open=access", "audit-control-")):
        await as_admin.goto(path)
        await expect(rows(as_admin)).not_to_have_count(0)
        async with as_admin.expect_download() as downloading:
            await as_admin.get_by_role("button", name="Export log").click()
        download = await downloading.value
        assert download.suggested_filename.startswith(name)
        file = tmp_path / download.suggested_filename
        await download.save_as(file)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert lines[-1]["count"] == len(lines) - 1
        assert set(lines[-1]["head"]) == {"seq", "hash"}
        product.command("audit", "verify", "--file", str(file))
        await expect(rows(as_admin).first).to_contain_text("audit.exported")
        await expect(rows(as_admin).first).to_contain_text("ana@acme.example")


async def test_an_export_that_is_refused_says_so_in_place(as_admin: Page, guard: Guard) -> None:
    guard.expect("status of 503")

    async def refuse(route: Route) -> None:
        body = {"error": "Not now", "detail": "Not now", "code": "UNAVAILABLE", "trace_id": "t-1", "status_code": 503}
        await route.fulfill(status=503, json=body)

    await as_admin.route("**/api/audit/export*", refuse)
    await as_admin.goto(PATH)
    await as_admin.get_by_role("button", name="Export log").click()
    await expect(as_admin.get_by_role("alert")).to_contain_text("The log was not exported: Not now.")
    await expect(rows(as_admin)).not_to_have_count(0)


async def test_what_a_super_admin_did_in_the_tenant_names_them(
    visits: Visits, product: Product, operations: Api
) -> None:
    team = await found(operations, "Visited")
    started = await operations.post(
        f"/api/tenants/{team.tenant_id}/impersonations", {"reason": "A ticket", "minutes": 5, "write": True}
    )
    async with with_key(product, started["token"]) as inside:
        await inside.declare("Declared by a visitor")
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(f"{PATH}?q=action:incident.opened")
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text("root@opsplane.example as admin")
    await rows(page).get_by_role("button").click()
    await expect(page.locator(".audit-details")).to_contain_text("super-admin behind it")
    await page.goto(f"{PATH}?q=action:impersonation")
    await expect(rows(page)).not_to_have_count(0)
    assert await findings(page) == NOTHING


async def test_another_tenants_entries_are_not_there(as_globex: Page, api: Api) -> None:
    incident = await api.declare("Of acme alone")
    await as_globex.goto(f"{PATH}?q={incident['reference'].lower()}")
    await expect(as_globex.get_by_text("No entry matches")).to_be_visible()
    await as_globex.goto(f"{PATH}?open=access&q=ana@acme.example")
    await expect(as_globex.get_by_text("No entry matches")).to_be_visible()


async def test_who_may_not_see_the_log_is_told_which_permission_is_missing(as_viewer: Page, guard: Guard) -> None:
    guard.expect("status of 403")
    for path in (PATH, f"{PATH}?open=access"):
        await as_viewer.goto(path)
        await expect(as_viewer.get_by_role("alert")).to_contain_text("audit:read")
    assert await findings(as_viewer) == NOTHING
