"""API keys: shown once, used, watched and revoked."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import found
from tests.e2e.product import Api, Product, signed_in
from tests.e2e.visits import Guard, Visits
from tests.support.tenant_plane import until

PATH = "/settings/keys"
REVOKED_WITHIN_SECONDS = 5.0
HOSTILE = ("<script>window.ran = true</script>", "مفتاح الإرسال 🔑", "k" * 200)


@pytest_asyncio.fixture
async def admin_api(product: Product) -> AsyncIterator[Api]:
    async with signed_in(product, product.account("acme", "admin")) as api:
        yield api


async def post_alert(product: Product, key: str) -> int:
    async with httpx.AsyncClient(base_url=product.base_url, timeout=30) as client:
        headers = {"authorization": f"Bearer {key}"}
        return (await client.post("/api/webhook", json={"title": "By a key"}, headers=headers)).status_code


def row(page: Page, name: str) -> Locator:
    return page.locator(".keys > li").filter(has_text=name)


async def test_a_key_is_shown_once_seen_in_use_and_revoked(as_admin: Page, product: Product) -> None:
    await as_admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await as_admin.goto(PATH)
    await as_admin.get_by_role("button", name="Create API key").click()
    dialog = as_admin.get_by_role("dialog", name="Create API key")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await expect(dialog.get_by_role("radio", name="Send alerts")).to_be_checked()
    await expect(dialog).to_contain_text("POST /api/webhook")
    await dialog.get_by_label("Name").fill("Rack sensors")
    await dialog.get_by_role("button", name="Create API key").dblclick()
    made = as_admin.get_by_role("dialog", name="The key Rack sensors")
    key = await made.locator(".new-key").inner_text()
    assert key.startswith("opk_acme_")
    assert await findings(as_admin) == NOTHING
    await made.get_by_role("button", name="Copy key").click()
    await expect(made.get_by_role("status")).to_have_text("The key is on the clipboard.")
    assert await as_admin.evaluate("navigator.clipboard.readText()") == key
    await made.get_by_role("button", name="Done").click()

    await expect(row(as_admin, "Rack sensors")).to_have_count(1)
    await expect(row(as_admin, "Rack sensors")).to_contain_text("Never used")
    await expect(row(as_admin, "Rack sensors")).to_contain_text("ana@acme.example")
    await as_admin.reload()
    await expect(row(as_admin, "Rack sensors").locator(".key-name .mono")).to_have_text(
        "_".join([*key.split("_")[:3], "…"])
    )
    assert key not in await as_admin.content()

    assert await post_alert(product, key) == 200

    async def seen_in_use() -> bool | None:
        await as_admin.reload()
        return "127.0.0.1" in await row(as_admin, "Rack sensors").locator(".key-use").inner_text() or None

    await until(seen_in_use, seconds=20)
    await expect(row(as_admin, "Rack sensors").locator(".key-use")).to_contain_text("Last used")

    await row(as_admin, "Rack sensors").get_by_role("button", name="Revoke Rack sensors").click()
    confirm = as_admin.get_by_role("dialog", name="Revoke Rack sensors")
    await expect(confirm).to_contain_text("from 127.0.0.1")
    await confirm.get_by_role("button", name="Revoke key").click()
    await expect(row(as_admin, "Rack sensors").locator(".tag")).to_have_text("revoked")
    revoked_at = time.monotonic()

    async def refused() -> bool | None:
        return await post_alert(product, key) == 401 or None

    await until(refused, seconds=REVOKED_WITHIN_SECONDS)
    assert time.monotonic() - revoked_at <= REVOKED_WITHIN_SECONDS
    await expect(row(as_admin, "Rack sensors").get_by_role("button")).to_have_count(0)


async def test_a_key_is_made_and_revoked_with_the_keyboard_only(as_admin: Page) -> None:
    await as_admin.goto(PATH)
    create = as_admin.get_by_role("button", name="Create API key")
    await create.focus()
    await as_admin.keyboard.press("Enter")
    await as_admin.keyboard.type("Night job")
    await as_admin.keyboard.press("Tab")
    await as_admin.keyboard.press("ArrowDown")
    await expect(as_admin.get_by_role("radio", name="Read", exact=True)).to_be_checked()
    await as_admin.keyboard.press("Enter")
    made = as_admin.get_by_role("dialog", name="The key Night job")
    await expect(made.get_by_role("button", name="Copy key")).to_be_focused()
    await as_admin.keyboard.press("Escape")
    await expect(create).to_be_focused()
    await expect(row(as_admin, "Night job").locator(".key-scope")).to_have_text("Read")
    await row(as_admin, "Night job").get_by_role("button").focus()
    await as_admin.keyboard.press("Enter")
    await expect(as_admin.get_by_role("button", name="Revoke key")).to_be_focused()
    await as_admin.keyboard.press("Enter")
    await expect(row(as_admin, "Night job").locator(".tag")).to_have_text("revoked")


async def test_beyond_the_limit_the_refusal_stands_where_it_was_asked(
    visits: Visits, product: Product, operations: Api, guard: Guard
) -> None:
    guard.expect("status of 402")
    team = await found(operations, "Keyring")
    await operations.post(
        f"/api/tenants/{team.tenant_id}/limits",
        {"limit_name": "integrations", "value": 0, "reason": "To see a refusal"},
    )
    async with signed_in(product, team.admin) as admin:

        async def known() -> bool | None:
            """The plane hears of a limit within seconds."""
            limits = {limit["name"]: limit["limit"] for limit in (await admin.get("/api/usage"))["limits"]}
            return limits["integrations"] == 0 or None

        await until(known, seconds=10)
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    await expect(page.get_by_text("No API keys yet")).to_be_visible()
    assert await findings(page) == NOTHING
    await page.get_by_role("button", name="Create the first API key").click()
    dialog = page.get_by_role("dialog", name="Create API key")
    await dialog.get_by_label("Name").fill("One too many")
    await dialog.get_by_role("button", name="Create API key").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The key was not made:")
    await expect(dialog.get_by_role("alert")).to_contain_text("allows 0 active ingestion keys")
    await expect(dialog.get_by_label("Name")).to_have_value("One too many")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("No API keys yet")).to_be_visible()


async def test_who_may_not_see_keys_is_told_which_permission_is_missing(as_viewer: Page, guard: Guard) -> None:
    guard.expect("status of 403")
    await as_viewer.goto(PATH)
    await expect(as_viewer.get_by_role("alert")).to_contain_text("You may not see api keys")
    await expect(as_viewer.get_by_role("alert")).to_contain_text("api_keys:read")
    await expect(as_viewer.get_by_role("button", name="Create API key")).to_have_count(0)
    assert await findings(as_viewer) == NOTHING


async def test_names_of_any_kind_neither_break_the_list_nor_run(as_admin: Page, admin_api: Api) -> None:
    made = [await admin_api.post("/api/apikeys", {"name": name, "scope": "ingestion"}) for name in HOSTILE]
    await as_admin.goto(PATH)
    for name in HOSTILE:
        await expect(row(as_admin, name).get_by_role("button", name="Revoke")).to_be_visible()
    await fits(as_admin)
    assert await as_admin.evaluate("window.ran") is None
    for key in made:
        await admin_api.delete(f"/api/apikeys/{key['key_id']}")
