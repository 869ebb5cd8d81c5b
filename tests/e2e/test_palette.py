"""Everything by name, and every key on one sheet."""

import re

from playwright.async_api import Page, expect

from tests.e2e.product import Api
from tests.e2e.views import live


async def test_the_palette_finds_an_incident_and_goes_there(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Palette finds me by my words")
    await as_admin.goto("/")
    await live(as_admin)
    await as_admin.keyboard.press("Control+k")
    field = as_admin.get_by_role("combobox", name="Search or run a command")
    await expect(field).to_be_focused()
    await as_admin.keyboard.type("finds me by my")
    await expect(as_admin.get_by_role("option")).to_have_count(1)
    await as_admin.keyboard.press("Enter")
    await expect(as_admin).to_have_url(re.compile(f"/incidents/{incident['reference']}$"))
    await expect(as_admin.get_by_role("button", name="Acknowledge", exact=True)).to_be_visible()
    await as_admin.keyboard.press("Control+k")
    await as_admin.keyboard.type("acknowledge")
    await as_admin.keyboard.press("Enter")
    await expect(as_admin.locator(".incident-head .status")).to_have_text("Acknowledged")


async def test_the_palette_goes_to_places_and_g_does_too(as_admin: Page) -> None:
    """However fast somebody types: the letters arrive, and Enter means what was typed."""
    heading = as_admin.get_by_role("heading", level=1)
    await as_admin.goto("/")
    await expect(heading).to_have_text("Overview")
    await as_admin.keyboard.press("Control+k")
    await as_admin.keyboard.type("aler")
    await as_admin.keyboard.press("Enter")
    await expect(heading).to_have_text("Alerts")
    for key, place in (("i", "Incidents"), ("a", "Alerts"), ("o", "Overview")):
        await as_admin.keyboard.press("g")
        await as_admin.keyboard.press(key)
        await expect(heading).to_have_text(place)


async def test_focus_returns_to_what_opened_the_layer(as_admin: Page) -> None:
    await as_admin.goto("/")
    await expect(as_admin.get_by_role("heading", level=1)).to_have_text("Overview")
    for name in ("Keyboard shortcuts", "Search or run a command"):
        opener = as_admin.get_by_role("banner").get_by_role("button", name=name)
        await opener.press("Enter")
        await expect(as_admin.get_by_role("dialog", name=name)).to_be_visible()
        await as_admin.keyboard.press("Escape")
        await expect(as_admin.get_by_role("dialog")).to_have_count(0)
        await expect(opener).to_be_focused()
    menu = as_admin.get_by_role("button", name="User menu: Ana Ruiz")
    await menu.press("Enter")
    await expect(as_admin.get_by_role("menuitem").first).to_be_focused()
    await as_admin.keyboard.press("Escape")
    await expect(menu).to_be_focused()


async def test_single_keys_can_be_switched_off(as_admin: Page) -> None:
    await as_admin.goto("/incidents")
    await expect(as_admin.locator(".grid-row.cursor")).to_have_count(1)
    await as_admin.keyboard.press("?")
    sheet = as_admin.get_by_role("dialog", name="Keyboard shortcuts")
    await sheet.get_by_label("Single-key shortcuts").uncheck()
    await as_admin.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await as_admin.keyboard.press("c")
    await as_admin.keyboard.press("?")
    await as_admin.keyboard.press("ArrowDown")
    await expect(as_admin.locator(".foot")).to_contain_text("Row 2 of")
    await expect(as_admin.get_by_role("dialog")).to_have_count(0)


async def test_keys_are_text_in_a_text_field(as_admin: Page) -> None:
    await as_admin.goto("/incidents")
    field = as_admin.get_by_role("combobox", name="Filter incidents")
    await field.fill("")
    await field.press_sequentially("c?jxar5")
    await expect(field).to_have_value("c?jxar5")
    await expect(as_admin.get_by_role("dialog")).to_have_count(0)


async def test_the_theme_is_remembered(as_admin: Page) -> None:
    await as_admin.goto("/")
    await as_admin.get_by_role("button", name="Use light theme").click()
    await expect(as_admin.locator("html")).to_have_attribute("data-theme", "light")
    await as_admin.reload()
    await expect(as_admin.get_by_role("button", name="Use dark theme")).to_be_visible()
    await expect(as_admin.locator("html")).to_have_attribute("data-theme", "light")
