"""The operators' console: its own address, its own look, and tenants made in it."""

import json
import re
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.async_api import Page, Request, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import found
from tests.e2e.product import Api, Product
from tests.e2e.views import settled
from tests.e2e.visits import SECOND_STEP, Guard, sign_in


async def test_it_has_a_login_and_a_look_of_its_own(anonymous: Page, product: Product, guard: Guard) -> None:
    guard.expect(*SECOND_STEP)
    await anonymous.goto("/control")
    await expect(anonymous).to_have_url(f"{product.base_url}/control/login")
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Sign in to the control plane")
    await expect(anonymous.get_by_role("region", name="Demo accounts").get_by_role("button")).to_have_count(1)
    await sign_in(anonymous, product.super_admin)
    await expect(anonymous).to_have_url(f"{product.base_url}/control/tenants")
    await expect(anonymous.get_by_role("banner")).to_contain_text("Control plane")
    await expect(anonymous.locator(".control")).to_have_css("border-top", "3px solid rgb(245, 165, 92)")
    await anonymous.get_by_role("button", name="Sign out").click()
    await expect(anonymous).to_have_url(f"{product.base_url}/control/login")


async def test_it_lists_tenants_and_finds_them(as_super_admin: Page, operations: Api) -> None:
    total = (await operations.get("/api/tenants"))["total"]
    await as_super_admin.goto("/control/tenants")
    rows = as_super_admin.locator("tbody tr")
    await expect(rows).to_have_count(total)
    await expect(as_super_admin.get_by_role("status").first).to_have_text(f"{total} of {total}")
    await as_super_admin.get_by_label("Search").fill("globex")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Globex")
    await as_super_admin.get_by_label("Search").fill("nobody is called so")
    await as_super_admin.get_by_role("button", name="Clear filter").click()
    await expect(rows).to_have_count(total)


async def test_a_tenant_is_created_once_however_often_it_is_asked_for(as_super_admin: Page, operations: Api) -> None:
    created: list[Request] = []
    as_super_admin.on(
        "request",
        lambda request: (
            created.append(request)
            if request.method == "POST" and urlsplit(request.url).path == "/api/tenants"
            else None
        ),
    )
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_role("button", name="Create tenant").click()
    dialog = as_super_admin.get_by_role("dialog", name="Create tenant")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await as_super_admin.keyboard.type("Umbrella Corp.")
    await expect(dialog.get_by_label("Id, for good")).to_have_value("umbrella-corp")
    await dialog.get_by_label("Admin email").fill("admin@umbrella.example")
    await dialog.get_by_label("Plan").select_option("pro")
    await expect(dialog).to_contain_text(re.compile(r"People\s*50\s*API keys"))
    await dialog.get_by_role("button", name="Create tenant").dblclick()
    await expect(as_super_admin.get_by_role("region", name="Messages")).to_contain_text(
        "Umbrella Corp. was created and is active"
    )
    await expect(as_super_admin.get_by_role("row").filter(has_text="umbrella-corp")).to_contain_text("active")
    assert len(created) == 1
    assert (await operations.get("/api/tenants/umbrella-corp"))["state"] == "active"


async def test_a_list_is_narrowed_and_the_address_keeps_how(as_super_admin: Page, operations: Api) -> None:
    team = await found(operations, "Narrow")
    await operations.post(f"/api/tenants/{team.tenant_id}/suspend", {"reason": "A test"})
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_label("Search").fill(team.tenant_id)
    await as_super_admin.get_by_label("State").select_option("suspended")
    await as_super_admin.get_by_label("Plan", exact=True).select_option("enterprise")
    row = as_super_admin.locator("tbody tr")
    await expect(row).to_have_count(1)
    for words in ("enterprise", "suspended", "shared", "none", team.admin.email):
        await expect(row).to_contain_text(words)
    await expect(as_super_admin).to_have_url(
        re.compile(rf"/control/tenants\?q={team.tenant_id}&state=suspended&plan=enterprise$")
    )
    await as_super_admin.reload()
    await expect(row).to_have_count(1)
    await as_super_admin.get_by_label("State").select_option("active")
    await expect(as_super_admin.get_by_text("The filter hides every tenant.")).to_be_visible()
    await as_super_admin.get_by_role("button", name="Clear filter").click()
    await expect(as_super_admin).to_have_url(re.compile("/control/tenants$"))


async def test_a_tenant_is_made_and_suspended_with_the_keyboard_alone(as_super_admin: Page, operations: Api) -> None:
    tenant_id = f"keys-{uuid4().hex[:8]}"
    keyboard = as_super_admin.keyboard
    await as_super_admin.goto("/control/tenants")
    await settled(as_super_admin)
    await tab_to(as_super_admin, "Create tenant")
    await keyboard.press("Enter")
    dialog = as_super_admin.get_by_role("dialog")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await keyboard.type(tenant_id)
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.type("admin@keys.example")
    await keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(as_super_admin.get_by_role("button", name="Create tenant")).to_be_focused()
    await tab_to(as_super_admin, tenant_id)
    await keyboard.press("Enter")
    await expect(as_super_admin.get_by_role("heading", level=1)).to_have_text(tenant_id)
    await tab_to(as_super_admin, "Suspend, move, delete")
    await keyboard.press("Enter")
    await tab_to(as_super_admin, f"Suspend {tenant_id}")
    await keyboard.press("Enter")
    await keyboard.type("Nobody pays")
    await keyboard.press("Tab")
    await keyboard.type(tenant_id)
    await keyboard.press("Enter")
    await expect(as_super_admin.locator(".page-head")).to_contain_text("suspended")
    assert (await operations.get(f"/api/tenants/{tenant_id}"))["suspended_reason"] == "Nobody pays"


async def tab_to(page: Page, name: str) -> None:
    """Where somebody comes who presses Tab often enough; at most once around the page."""
    for _ in range(200):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement?.textContent?.trim()") == name:
            return
    raise AssertionError(f"no Tab leads to “{name}”")


async def test_what_was_typed_outlives_the_end_of_the_session(
    as_super_admin: Page, product: Product, guard: Guard
) -> None:
    guard.expect("status of 401")
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_role("button", name="Create tenant").click()
    await as_super_admin.get_by_label("Name").fill("Half a name")
    gone = {"error": "The session has ended", "code": "UNAUTHORIZED", "trace_id": "t", "detail": "It has ended"}
    refusal = json.dumps(gone)
    for path in ("**/api/tenants*", "**/api/auth/refresh"):
        await as_super_admin.route(
            path, lambda route: route.fulfill(status=401, body=refusal, content_type="application/json")
        )
    await as_super_admin.get_by_label("Admin email").fill("half@name.example")
    await as_super_admin.get_by_role("dialog").get_by_role("button", name="Create tenant").click()
    ended = as_super_admin.get_by_role("dialog", name="Your session has ended")
    await expect(ended).to_be_visible()
    await as_super_admin.unroute_all(behavior="wait")
    await ended.get_by_label("Password", exact=True).fill(product.super_admin.password)
    await ended.get_by_role("button", name="Sign in", exact=True).click()
    for code in product.super_admin.codes:
        await ended.get_by_label("Code of your authenticator app").fill(code)
    await expect(ended).to_have_count(0)
    await expect(as_super_admin.get_by_role("dialog").get_by_label("Name")).to_have_value("Half a name")


async def test_names_of_any_kind_neither_run_nor_break_the_page(as_super_admin: Page, operations: Api) -> None:
    tenant_id = f"odd-{uuid4().hex[:8]}"
    name = "شركة <script>window.ran = true</script> 🚀 " + "x" * 140
    body = {"tenant_id": tenant_id, "name": name, "plan": "pro", "contact_email": "odd@odd.example"}
    await operations.post("/api/tenants", body)
    await as_super_admin.goto(f"/control/tenants?q={tenant_id}")
    await as_super_admin.get_by_role("link", name="شركة").click()
    await expect(as_super_admin.get_by_role("heading", level=1)).to_have_text(name)
    for tab in ("", "?tab=usage", "?tab=access", "?tab=life"):
        await as_super_admin.goto(f"/control/tenants/{tenant_id}{tab}")
        await settled(as_super_admin)
        await fits(as_super_admin)
    assert await as_super_admin.evaluate("window.ran") is None


async def test_a_broken_archive_is_refused_in_words(as_super_admin: Page, guard: Guard) -> None:
    guard.expect("status of 4")
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_role("button", name="Import tenant").click()
    dialog = as_super_admin.get_by_role("dialog", name="Import tenant")
    button = dialog.get_by_role("button", name="Import tenant")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Archive").set_input_files(
        {"name": "not.tar", "mimeType": "application/x-tar", "buffer": b"nothing of a tenant" * 100}
    )
    await button.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Nothing was imported:")
    assert await findings(as_super_admin) == NOTHING


async def test_a_tenant_that_exists_is_refused_in_words(as_super_admin: Page, guard: Guard) -> None:
    guard.expect("status of 409")
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_role("button", name="Create tenant").click()
    dialog = as_super_admin.get_by_role("dialog", name="Create tenant")
    await dialog.get_by_label("Name").fill("Acme")
    await dialog.get_by_label("Admin email").fill("admin@acme.example")
    await dialog.get_by_role("button", name="Create tenant").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The tenant was not created:")
    await expect(dialog.get_by_label("Name")).to_have_value("Acme")


async def test_an_address_that_is_not_there_says_so(as_super_admin: Page) -> None:
    await as_super_admin.goto("/control/nothing")
    await expect(as_super_admin.get_by_role("heading", level=1)).to_have_text("Nothing here")
    await expect(as_super_admin).to_have_title("Nothing here – Opsplane control plane")
