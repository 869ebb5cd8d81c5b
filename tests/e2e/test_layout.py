"""Small screens and large letters."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.fits import fits
from tests.e2e.views import live, settled

MAIN_SHARE = "() => document.querySelector('main').getBoundingClientRect().width / innerWidth"


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/INC-00000001", "/alerts", "/settings/keys"])
async def test_the_content_has_the_small_screen_to_itself(as_admin: Page, path: str) -> None:
    await as_admin.set_viewport_size({"width": 375, "height": 800})
    await as_admin.goto(path)
    await live(as_admin)
    assert await as_admin.evaluate(MAIN_SHARE) >= 0.8


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/INC-00000001", "/alerts", "/settings/keys"])
async def test_at_twice_the_size_and_with_more_room_between_lines(as_admin: Page, path: str) -> None:
    """200 % of a 1440×900 window leaves 720×450."""
    await as_admin.set_viewport_size({"width": 720, "height": 450})
    await as_admin.goto(path)
    await settled(as_admin)
    await fits(as_admin, [720])
    await as_admin.add_style_tag(content="* { line-height: 1.5 !important; }")
    await fits(as_admin, [720])


async def test_rows_of_a_phone_keep_apart(as_admin: Page) -> None:
    """Severity, status, title, service and age of one row, none over another."""
    await as_admin.set_viewport_size({"width": 375, "height": 800})
    await as_admin.goto("/incidents?view=all")
    await live(as_admin)
    overlaps = await as_admin.evaluate(
        """() => [...document.querySelectorAll('.grid-rows [role=row]')].flatMap((row) => {
          const boxes = [...row.querySelectorAll('[role=gridcell]')]
            .map((cell) => ({ name: cell.className, text: cell.textContent, box: cell.getBoundingClientRect() }))
            .filter(({ box, text }) => box.width > 1 && box.height > 1 && text.trim());
          return boxes.flatMap((a, i) => boxes.slice(i + 1)
            .filter((b) => a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1
              && a.box.top < b.box.bottom - 1 && b.box.top < a.box.bottom - 1)
            .map((b) => `${a.name} over ${b.name}: ${a.text} / ${b.text}`));
        })"""
    )
    assert overlaps == []


async def test_the_current_view_is_on_a_phones_screen(as_admin: Page) -> None:
    await as_admin.set_viewport_size({"width": 390, "height": 844})
    await as_admin.goto("/incidents?view=all")
    await live(as_admin)
    await expect(as_admin.get_by_role("tab", name="Everything")).to_be_in_viewport(ratio=1)


SETTINGS = ["/settings/keys", "/settings/usage", "/settings/billing", "/settings/audit"]


@pytest.mark.parametrize("path", SETTINGS)
async def test_settings_at_twice_the_size_and_with_more_room_between_lines(as_admin: Page, path: str) -> None:
    await as_admin.set_viewport_size({"width": 720, "height": 450})
    await as_admin.goto(path)
    await settled(as_admin)
    await fits(as_admin, [720])
    await as_admin.add_style_tag(content="* { line-height: 1.5 !important; }")
    await fits(as_admin, [720])


@pytest.mark.parametrize("width", [1280, 1000, 390])
async def test_the_navigation_leads_to_every_part_at_every_width(as_admin: Page, width: int) -> None:
    """On a phone it is a bar of at most five at the bottom."""
    await as_admin.set_viewport_size({"width": width, "height": 844})
    await as_admin.goto("/")
    await live(as_admin)
    links = as_admin.get_by_role("navigation", name="Main").get_by_role("link")
    assert await links.count() <= 5
    for name, heading in (("Incidents", "Incidents"), ("Alerts", "Alerts"), ("Settings", "Account")):
        link = as_admin.get_by_role("navigation", name="Main").get_by_role("link", name=name)
        await expect(link).to_be_in_viewport(ratio=1)
        await link.click()
        await expect(as_admin.get_by_role("heading", level=1)).to_have_text(heading)
        await expect(link).to_have_attribute("aria-current", "page")


async def test_the_current_settings_page_is_on_a_phones_screen(as_admin: Page) -> None:
    await as_admin.set_viewport_size({"width": 390, "height": 844})
    await as_admin.goto("/settings/audit")
    await live(as_admin)
    strip = as_admin.get_by_role("navigation", name="Settings")
    await expect(strip.get_by_role("link", name="Audit log")).to_be_in_viewport(ratio=1)
