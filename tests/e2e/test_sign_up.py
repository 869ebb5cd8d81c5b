"""An account of one's own, where the installation is open: it opens nothing until a tenant's admin says so."""

import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import PASSWORD, Team, found
from tests.e2e.product import Api
from tests.e2e.visits import Guard

PATH = "/login/sign-up"


@pytest_asyncio.fixture
async def team(operations: Api) -> Team:
    return await found(operations, "Daily")


async def test_the_keyboard_alone_makes_an_account_that_an_invitation_opens(
    anonymous: Page, team: Team, guard: Guard
) -> None:
    guard.expect("status of 403")
    email = f"peter@{team.domain}"
    await anonymous.goto("/login")
    await anonymous.get_by_role("link", name="Create an account").press("Enter")
    await expect(anonymous).to_have_title("Create an account – Opsplane")
    await expect(anonymous.get_by_label("Email")).to_be_focused()
    await anonymous.keyboard.type(email)
    await anonymous.keyboard.press("Tab")
    await anonymous.keyboard.type("Peter <script>alert(1)</script>")
    await anonymous.keyboard.press("Tab")
    await expect(anonymous.get_by_label("Password", exact=True)).to_have_attribute("autocomplete", "new-password")
    await anonymous.keyboard.type(PASSWORD)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous.get_by_role("status")).to_contain_text(f"ask an admin of your tenant to invite {email}")
    assert await findings(anonymous) == NOTHING
    await fits(anonymous)

    await anonymous.get_by_role("link", name="Sign in").press("Enter")
    await anonymous.get_by_label("Email").fill(email)
    await anonymous.get_by_label("Password", exact=True).fill(PASSWORD)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous.get_by_role("alert")).to_contain_text("You are not a member of any active tenant")

    await anonymous.goto(await team.invite(email, "operator"))
    await anonymous.get_by_label("Password", exact=True).fill(PASSWORD)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous).to_have_title("Overview – Daily")


async def test_a_refusal_keeps_what_was_typed(anonymous: Page, team: Team, guard: Guard) -> None:
    guard.expect("status of 409")
    await anonymous.goto(PATH)
    button = anonymous.get_by_role("button", name="Create account")
    await expect(button).to_be_disabled()
    await anonymous.get_by_label("Email").fill(team.admin.email)
    await anonymous.get_by_label("Your name").fill("Somebody Else")
    await anonymous.get_by_label("Password", exact=True).fill("another-password")
    await button.click()
    await expect(anonymous.get_by_role("alert")).to_contain_text("The account was not made")
    await expect(anonymous.get_by_label("Email")).to_have_value(team.admin.email)
    assert await findings(anonymous) == NOTHING
    people = await team.operations.get("/api/users", tenant_id=team.tenant_id)
    assert [person["name"] for person in people["items"]] == ["Alva Berg"]


async def test_a_closed_installation_offers_none(anonymous: Page) -> None:
    """This one is open: the route gives the answer of one that is not."""

    async def close(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["data"]["is_open"] = False
        await route.fulfill(response=answer, json=body)

    await anonymous.route("**/api/auth/register", close)
    async with anonymous.expect_response("**/api/auth/register"):
        await anonymous.goto("/login")
    await expect(anonymous.get_by_role("link", name="Forgot your password?")).to_be_visible()
    await expect(anonymous.get_by_role("link", name="Create an account")).to_have_count(0)
    await anonymous.goto(PATH)
    await expect(anonymous.get_by_role("alert")).to_contain_text("by invitation only")
    await expect(anonymous.get_by_role("textbox")).to_have_count(0)
    assert await findings(anonymous) == NOTHING
