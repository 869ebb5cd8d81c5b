"""Pictures of every view, for people to look at: dark, light and phone, in tests/e2e/pictures."""

import pytest
from playwright.async_api import Page, ViewportSize

from tests.e2e.product import Product
from tests.e2e.views import CONTROL_VIEWS, LOGIN_VIEWS, PICTURES, VIEWS, View, live, named
from tests.e2e.visits import Visits

WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


async def photograph(page: Page, view: View) -> None:
    await page.set_viewport_size(WIDE)
    await page.goto(view.path)
    await view.arrive(page)
    for theme in ("dark", "light"):
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await page.screenshot(path=PICTURES / theme / f"{view.name}.png")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size(PHONE)
    picture = await page.screenshot(path=PICTURES / "phone" / f"{view.name}.png")
    assert len(picture) > 5_000, "an empty page"


@pytest.mark.parametrize("view", VIEWS, ids=named)
async def test_of_a_tenant(as_admin: Page, view: View) -> None:
    await photograph(as_admin, view)


@pytest.mark.parametrize("view", CONTROL_VIEWS, ids=named)
async def test_of_the_control_plane(as_super_admin: Page, view: View) -> None:
    await photograph(as_super_admin, view)


@pytest.mark.parametrize("view", LOGIN_VIEWS, ids=named)
async def test_of_strangers(anonymous: Page, view: View) -> None:
    await photograph(anonymous, view)


async def test_of_the_readme(visits: Visits, product: Product) -> None:
    """To be copied to infra/docs/pictures/incident.png when the page has changed; never written there by a test."""
    page = await (await visits.of(product.account("acme", "admin"))).new_page()
    await page.goto("/incidents/INC-00000010")
    await live(page)
    picture = await page.screenshot(path=PICTURES / "readme.png")
    assert len(picture) <= 250_000
