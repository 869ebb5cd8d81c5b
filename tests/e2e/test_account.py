"""One's own account: name, authenticator app, password, sessions; and a super-admin's first day."""

import re

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Dialog, Page, expect

from infra.local import postgres
from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import PASSWORD, Team, found
from tests.e2e.product import Account, Api, Product, signed_in
from tests.e2e.visits import Guard, Visits, sign_in
from tests.support.codes import unused_code

PATH = "/settings/account"


@pytest_asyncio.fixture(scope="session")
async def team(operations: Api) -> Team:
    return await found(operations, "Stark")


async def visit(visits: Visits, account: Account) -> Page:
    page = await (await visits.anonymous()).new_page()
    await sign_in(page, account)
    await page.goto(PATH)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Account")
    return page


async def secret_of(page: Page) -> str:
    return "".join(((await page.locator(".account-key").text_content()) or "").split())


async def set_up_app(page: Page) -> tuple[str, list[str]]:
    """With the keyboard; the secret, and the recovery codes."""
    await page.get_by_role("button", name="Set up authenticator app").press("Enter")
    panel = page.get_by_role("region", name="Authenticator app")
    await expect(panel.get_by_label("Password", exact=True)).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    field = page.get_by_label("Code that the app shows now")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("autocomplete", "one-time-code")
    assert await findings(page) == NOTHING
    secret = await secret_of(page)
    await page.keyboard.type(unused_code(secret))
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    await expect(codes).not_to_have_count(0)
    return secret, await codes.all_text_contents()


async def lose_app(product: Product, email: str) -> None:
    """As after another super-admin has reset it."""
    with postgres.running(product.data_dir / "postgres") as url:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(
                "delete from control.second_factors where user_id = (select id from control.users where email = $1)",
                email,
            )
        finally:
            await connection.close()


async def test_the_name_is_changed_and_said(visits: Visits, team: Team) -> None:
    page = await visit(visits, await team.join("Nadia Old"))
    await expect(page).to_have_title("Account – Stark")
    name = page.get_by_label("Name")
    await expect(page.get_by_role("button", name="Save name")).to_be_disabled()
    await name.fill("Nadia <script>alert(1)</script> עברית 🚑")
    await name.press("Enter")
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("You are now called Nadia <script>")
    await page.reload()
    await expect(name).to_have_value("Nadia <script>alert(1)</script> עברית 🚑")
    await fits(page)


async def test_a_name_that_is_not_saved_is_kept_named_and_asked_about(visits: Visits, team: Team) -> None:
    page = await visit(visits, await team.join("Una Unsaved", "admin"))
    name = page.get_by_label("Name", exact=True)
    link = page.get_by_role("navigation", name="Settings").get_by_role("link", name="Account")
    await expect(link).to_have_accessible_name("Account")
    await name.fill("Una Saved")
    await expect(page.get_by_text("Not saved yet: name.")).to_be_visible()
    await expect(link).to_have_accessible_name("Account (not saved yet)")
    await page.get_by_role("link", name="API keys").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
    await expect(link).to_have_accessible_name("Account (not saved yet)")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.close(run_before_unload=True)
    await link.click()
    assert asked == ["beforeunload"]
    await expect(name).to_have_value("Una Saved")
    assert await findings(page) == NOTHING
    await page.get_by_role("button", name="Discard").click()
    await expect(name).to_have_value("Una Unsaved")
    await expect(link).to_have_accessible_name("Account")
    await page.reload()
    assert asked == ["beforeunload"], "there is nothing to lose any more"


async def test_the_keyboard_alone_changes_the_password_and_ends_the_other_sessions(
    visits: Visits, team: Team, product: Product, guard: Guard
) -> None:
    guard.expect("status of 401")
    account = await team.join("Petra Pass")
    page = await visit(visits, account)
    async with signed_in(product, account):
        await page.get_by_label("Present password", exact=True).focus()
        await page.keyboard.type("wrong-one")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.type("another-password")
        await page.keyboard.press("Enter")
        problem = page.get_by_role("alert").filter(has_text="The password was not changed")
        await expect(problem).to_be_visible()
        await page.get_by_label("Present password", exact=True).fill(account.password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("region", name="Messages")).to_contain_text("1 other session ended")
    await expect(page.get_by_label("New password", exact=True)).to_have_value("")
    await expect(page.get_by_role("region", name="Where you are signed in").get_by_role("listitem")).to_have_count(1)
    async with signed_in(product, Account(account.email, "another-password", account.tenant_id)) as api:
        assert (await api.get("/api/auth/me"))["email"] == account.email


async def test_a_session_elsewhere_is_seen_and_ended(visits: Visits, team: Team, product: Product) -> None:
    account = await team.join("Sven Sessions")
    page = await visit(visits, account)
    async with signed_in(product, account):
        await page.reload()
        rows = page.get_by_role("region", name="Where you are signed in").get_by_role("listitem")
        await expect(rows).to_have_count(2)
        await expect(rows.filter(has_text="this one")).to_have_count(1)
        await rows.get_by_role("button", name="End session").click()
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("this one")


async def test_an_authenticator_app_is_set_up_used_and_removed(visits: Visits, team: Team, guard: Guard) -> None:
    guard.expect("status of 401")
    account = await team.join("Fay Factor")
    page = await visit(visits, account)
    secret, recovery = await set_up_app(page)
    assert await findings(page) == NOTHING
    await fits(page)
    await page.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_text("set up", exact=True)).to_be_visible()

    stranger = await (await visits.anonymous()).new_page()
    await sign_in(stranger, Account(account.email, account.password, account.tenant_id, secret))

    again = await (await visits.anonymous()).new_page()
    await again.goto("/login")
    await again.get_by_label("Email").fill(account.email)
    await again.get_by_label("Password", exact=True).fill(account.password)
    await again.keyboard.press("Enter")
    code = again.get_by_label("Code of your authenticator app")
    await code.fill("000000")
    await expect(again.get_by_role("alert")).to_contain_text("This code is wrong or was used already")
    await code.fill(recovery[0])
    await code.press("Enter")
    await expect(again.get_by_role("heading", level=1)).to_have_text("Overview")

    await page.get_by_role("button", name="Remove authenticator app").click()
    dialog = page.get_by_role("dialog", name="Remove authenticator app")
    await dialog.get_by_label("Password", exact=True).fill(account.password)
    await dialog.get_by_label("Code of the app").fill(recovery[0])
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("Nothing was removed")
    await dialog.get_by_label("Code of the app").fill(recovery[1])
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Set up authenticator app")).to_be_visible()


async def test_a_new_super_admin_sets_up_the_app_before_anything_else(
    anonymous: Page, product: Product, guard: Guard
) -> None:
    email = "first-day@opsplane.example"
    product.command("user", "create", email, "--name", "Remi First", "--super-admin", "--password", PASSWORD)
    await lose_app(product, email)
    await anonymous.goto("/control/login")
    await anonymous.get_by_label("Email").fill(email)
    await anonymous.get_by_label("Password", exact=True).fill(PASSWORD)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Account")
    await expect(anonymous.get_by_text("Set up an authenticator app first")).to_be_visible()
    await expect(anonymous.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(["Account"])
    await anonymous.goto("/control/tenants")
    await expect(anonymous).to_have_url(re.compile("/control/account$"))
    assert await findings(anonymous) == NOTHING
    secret, recovery = await set_up_app(anonymous)
    assert len(recovery) >= 8
    await anonymous.get_by_role("button", name="Sign in again with the app").click()
    await expect(anonymous).to_have_url(re.compile("/control/login$"))
    guard.expect("status of 401")
    await sign_in(anonymous, Account(email, PASSWORD, None, secret))
    await anonymous.goto("/control/account")
    await expect(anonymous).to_have_title("Account – Opsplane control plane")
    await expect(anonymous.get_by_role("button", name="Remove authenticator app")).to_have_count(0)


@pytest.mark.parametrize(
    ("requests", "what"), [(r"/api/auth/me$", "Your account"), (r"/api/auth/sessions", "Your sessions")]
)
async def test_a_part_that_fails_says_so_and_can_be_tried_again(
    as_viewer: Page, guard: Guard, requests: str, what: str
) -> None:
    guard.expect("status of 500")
    body = {"error": "Away", "code": "X", "trace_id": "trace-4711", "detail": "Away", "status_code": 500}
    pattern = re.compile(requests)
    await as_viewer.route(pattern, lambda route: route.fulfill(status=500, json=body))
    await as_viewer.goto(PATH)
    alert = as_viewer.get_by_role("alert").filter(has_text=f"{what} could not be loaded")
    await expect(alert).to_contain_text("trace-4711")
    assert await findings(as_viewer) == NOTHING
    await as_viewer.unroute(pattern)
    await alert.get_by_role("button", name="Try again").click()
    await expect(as_viewer.get_by_text("this one", exact=True)).to_be_visible()
