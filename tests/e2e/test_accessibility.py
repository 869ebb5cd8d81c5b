"""What is beyond the views one by one: a first day, and the order of focus."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.views import live


@pytest.mark.parametrize("path", ["/", "/incidents", "/alerts", "/settings/access", "/settings/keys"])
async def test_of_a_tenant_on_its_first_day(as_globex: Page, path: str) -> None:
    await as_globex.goto(path)
    await live(as_globex)
    assert await findings(as_globex) == NOTHING


async def test_focus_starts_with_the_skip_link_and_goes_in_reading_order(as_admin: Page) -> None:
    await as_admin.goto("/incidents")
    await live(as_admin)
    await as_admin.keyboard.press("Tab")
    await expect(as_admin.get_by_role("link", name="Skip to content")).to_be_focused()
    await expect(as_admin.get_by_role("link", name="Skip to content")).to_be_in_viewport(ratio=1)
    await as_admin.keyboard.press("Enter")
    await as_admin.keyboard.press("Tab")
    focused_in_main = "document.querySelector('main').contains(document.activeElement)"
    assert await as_admin.evaluate(focused_in_main)
    outline = await as_admin.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "the focused control does not show it"
