"""Every view: axe finds nothing in either theme, it fits at every width, and its pictures are taken.

The pictures are for people to look at: tests/e2e/pictures, dark, light and on a phone.
"""

import pytest
from playwright.async_api import Page, ViewportSize

from tests.e2e.axe import NOTHING, THEMES, findings, wear
from tests.e2e.fits import fits
from tests.e2e.png import squeezed
from tests.e2e.product import Product
from tests.e2e.views import CONTROL_VIEWS, LOGIN_VIEWS, PICTURES, VIEWS, View, live, named
from tests.e2e.visits import Visits

PHONE: ViewportSize = {"width": 390, "height": 844}


async def examine(page: Page, view: View) -> None:
    await page.goto(view.path)
    await view.arrive(page)
    assert await findings(page) == NOTHING
    for theme in THEMES:
        await wear(page, theme)
        await page.screenshot(path=PICTURES / theme / f"{view.name}.png")
    await fits(page)
    await wear(page, "dark")
    await page.set_viewport_size(PHONE)
    await page.screenshot(path=PICTURES / "phone" / f"{view.name}.png")


@pytest.mark.parametrize("view", VIEWS, ids=named)
async def test_of_a_tenant(as_admin: Page, view: View) -> None:
    await examine(as_admin, view)


@pytest.mark.parametrize("view", CONTROL_VIEWS, ids=named)
async def test_of_the_control_plane(as_super_admin: Page, view: View) -> None:
    await examine(as_super_admin, view)


@pytest.mark.parametrize("view", LOGIN_VIEWS, ids=named)
async def test_of_strangers(anonymous: Page, view: View) -> None:
    await examine(anonymous, view)


async def test_of_the_readme(visits: Visits, product: Product) -> None:
    """To be copied to infra/docs/pictures/incident.png when the page has changed; never written there by a test."""
    page = await (await visits.of(product.account("acme", "admin"))).new_page()
    await page.goto("/incidents/INC-00000010")
    await live(page)
    picture = squeezed(await page.screenshot())
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "readme.png").write_bytes(picture)
    assert len(picture) <= 250_000
