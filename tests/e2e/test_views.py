"""Every view: axe finds nothing in either theme, it fits at every width, and its pictures are taken.

The pictures are for people to look at: tests/e2e/pictures, dark, light and on a phone.
"""

from functools import partial

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.e2e.axe import NOTHING, THEMES, findings, wear
from tests.e2e.fits import fits
from tests.e2e.people import invite, register
from tests.e2e.png import squeezed
from tests.e2e.product import Account, Api, Product, signed_in
from tests.e2e.views import (
    CONTROL_VIEWS,
    LOGIN_VIEWS,
    PICTURES,
    VIEWS,
    View,
    inside,
    leaving,
    live,
    named,
    settled,
    told_who_is_inside,
)
from tests.e2e.visits import Guard, Visits

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


async def shows(page: Page, text: str) -> None:
    await settled(page)
    await expect(page.get_by_text(text)).to_be_visible()


async def fill_in(page: Page, account: Account) -> None:
    await page.get_by_label("Email").fill(account.email)
    await page.get_by_label("Password", exact=True).fill(account.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def examine(page: Page, view: View) -> None:
    await page.set_viewport_size(DESKTOP)
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


@pytest.mark.parametrize("action", ["Deactivate", "Remove from tenant"])
async def test_of_somebody_who_leaves_keys_behind(as_admin: Page, product: Product, action: str) -> None:
    async with signed_in(product, product.account("acme", "admin")) as ana:
        key = await ana.post("/api/apikeys", {"name": "Nightly report", "scope": "viewer"})
        view = View(f"settings-people-{action.split()[0].lower()}", "/settings/people", partial(leaving, action=action))
        await examine(as_admin, view)
        await ana.delete(f"/api/apikeys/{key['key_id']}")


async def test_of_a_stay_in_a_tenant(anonymous: Page, as_admin: Page, operations: Api) -> None:
    """As the super-admin sees it who is inside, and as the tenant's admins do."""
    why = {"reason": "Ticket 4711: alerts of checkout are missing", "minutes": 30}
    stay = await operations.post("/api/tenants/acme/impersonations", why)
    await examine(anonymous, View("impersonation", f"/impersonate#token={stay['token']}", inside))
    await examine(as_admin, View("provider-bar", "/", told_who_is_inside))
    await examine(as_admin, View("settings-access-now", "/settings/access", told_who_is_inside))
    await operations.delete(f"/api/tenants/acme/impersonations/{stay['id']}")


async def test_of_an_invitation(anonymous: Page, operations: Api) -> None:
    path = await invite(operations, "acme", "eyes@acme.example", "viewer")
    await examine(anonymous, View("join", path, partial(shows, text="invites you to Acme Shop")))


async def test_of_an_invitation_for_an_account(anonymous: Page, operations: Api) -> None:
    await register(operations, "globex", "both-eyes@acme.example", "Ida Both", "viewer")
    path = await invite(operations, "acme", "both-eyes@acme.example", "viewer")
    await examine(anonymous, View("join-account", path, partial(shows, text="invites you to Acme Shop")))


async def test_of_links_that_count_no_more(anonymous: Page, guard: Guard) -> None:
    guard.expect("status of 4..")
    await examine(anonymous, View("join-over", "/join#used", partial(shows, text="not valid any more")))
    await examine(anonymous, View("login-sso-over", "/login/sso#code=used", partial(shows, text="Back to sign in")))


async def test_of_the_code_step(anonymous: Page, product: Product, guard: Guard) -> None:
    guard.expect("status of 401")

    async def arrive(page: Page) -> None:
        await fill_in(page, product.super_admin)
        await expect(page.get_by_label("Code of your authenticator app")).to_be_focused()

    await examine(anonymous, View("login-code", "/control/login", arrive))


async def test_of_the_choice_of_a_tenant(anonymous: Page, product: Product, operations: Api) -> None:
    email = "choosing@acme.example"
    account = await register(operations, "acme", email, "Cho Osing", "viewer")
    token = (await invite(operations, "globex", email, "operator")).partition("#")[2]
    body = {"email": email, "password": account.password, "invitation": token}
    await operations.post("/api/auth/token", body)

    async def arrive(page: Page) -> None:
        await fill_in(page, account)
        await expect(page.get_by_role("region", name="Choose a tenant")).to_be_visible()

    await examine(anonymous, View("login-tenants", "/login", arrive))


async def test_of_the_readme(visits: Visits, product: Product) -> None:
    """To be copied to infra/docs/pictures/incident.png when the page has changed; never written there by a test."""
    page = await (await visits.of(product.account("acme", "admin"))).new_page()
    await page.goto("/incidents/INC-00000010")
    await live(page)
    picture = squeezed(await page.screenshot())
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "readme.png").write_bytes(picture)
    assert len(picture) <= 250_000
