"""The page in front of everything: who comes in, where they land, and what strangers learn."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.product import Api, Product
from tests.e2e.visits import Guard, sign_in

SIGN_IN = "Sign in"
END_SESSION = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('opsplane');
  opening.onerror = reject;
  opening.onsuccess = () => {
    const reading = opening.result.transaction('sessions').objectStore('sessions').get('tenant');
    reading.onerror = reject;
    reading.onsuccess = () => fetch('/api/auth/logout', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: reading.result.refresh_token }),
    }).then((answer) => resolve(answer.status));
  };
})"""


async def fill_in(page: Page, email: str, password: str) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name=SIGN_IN, exact=True).click()


async def test_the_keyboard_alone_signs_in(anonymous: Page, product: Product) -> None:
    account = product.account("acme", "admin")
    await anonymous.goto("/login")
    email = anonymous.get_by_label("Email")
    await expect(email).to_be_focused()
    await expect(email).to_have_attribute("autocomplete", "username")
    await expect(anonymous.get_by_label("Password", exact=True)).to_have_attribute("autocomplete", "current-password")
    await anonymous.keyboard.type(account.email)
    await anonymous.keyboard.press("Tab")
    await anonymous.keyboard.type(account.password)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(anonymous).to_have_title(re.compile("Overview – Acme Shop"))


@pytest.mark.parametrize("email", ["ana@acme.example", "nobody@acme.example"])
async def test_a_wrong_password_and_an_unknown_person_get_the_same_words(
    anonymous: Page, guard: Guard, email: str
) -> None:
    guard.expect("status of 401")
    await anonymous.goto("/login")
    await fill_in(anonymous, email, "not the password")
    await expect(anonymous.get_by_role("alert")).to_have_text("Email or password is wrong.")
    await expect(anonymous.get_by_label("Email")).to_have_value(email)


async def test_login_returns_to_the_link_that_was_asked_for(anonymous: Page, product: Product) -> None:
    account = product.account("acme", "admin")
    await anonymous.goto("/incidents?view=all&q=sev:1")
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Sign in to Opsplane")
    await fill_in(anonymous, account.email, account.password)
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Incidents")
    await expect(anonymous).to_have_url(f"{product.base_url}/incidents?view=all&q=sev:1")


@pytest.mark.parametrize(
    "target", ["https://evil.example/x", "//evil.example/x", "/\\evil.example", "/control/tenants"]
)
async def test_login_leads_nowhere_else(anonymous: Page, product: Product, target: str) -> None:
    account = product.account("acme", "admin")
    await anonymous.goto(f"/login?next={quote(target)}")
    await fill_in(anonymous, account.email, account.password)
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(anonymous).to_have_url(f"{product.base_url}/")


async def test_a_demo_installation_offers_its_people_as_buttons(anonymous: Page, product: Product) -> None:
    await anonymous.goto("/login")
    people = anonymous.get_by_role("region", name="Demo accounts").get_by_role("button")
    await expect(people).to_have_count(6)
    await expect(people.filter(has_text="super")).to_have_count(0)
    await people.filter(has_text="Viewer of acme").click()
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Overview")
    await anonymous.get_by_role("button", name="User menu: Chidi Okafor").click()
    await expect(anonymous.get_by_role("menuitem", name="Sign out")).to_contain_text("chidi@acme.example")
    await anonymous.get_by_role("menuitem", name="Sign out").click()
    await expect(anonymous).to_have_url(f"{product.base_url}/login")


async def test_a_tenants_login_knows_no_super_admin_and_the_other_way_round(anonymous: Page, product: Product) -> None:
    await anonymous.goto("/login")
    await fill_in(anonymous, product.super_admin.email, product.super_admin.password)
    await anonymous.get_by_label("Code of your authenticator app").fill(product.super_admin.codes[0])
    await expect(anonymous.get_by_role("alert")).to_have_text("This account has no tenant here.")
    account = product.account("acme", "admin")
    await anonymous.goto("/control/login")
    await fill_in(anonymous, account.email, account.password)
    await expect(anonymous.get_by_role("alert")).to_have_text("Email or password is wrong.")


async def test_after_too_many_tries_the_page_says_how_long_to_wait(anonymous: Page, guard: Guard) -> None:
    guard.expect("status of 429")
    refusal = {"error": "Too many", "code": "RATE_LIMIT", "trace_id": "t", "detail": "Too many", "status_code": 429}

    async def refuse(route: Route) -> None:
        await route.fulfill(status=429, json=refusal, headers={"retry-after": "90"})

    await anonymous.route("**/api/auth/token", refuse)
    await anonymous.goto("/login")
    await fill_in(anonymous, "ana@acme.example", "anything")
    await expect(anonymous.get_by_role("alert")).to_have_text("Too many tries. Wait 2 minutes, then try again.")
    await expect(anonymous.get_by_role("button", name=SIGN_IN, exact=True)).to_be_enabled()


async def test_the_login_page_says_that_the_server_is_away(anonymous: Page, guard: Guard) -> None:
    guard.expect("net::ERR_FAILED")
    await anonymous.route(re.compile("/readyz|/api/"), lambda route: route.abort())
    await anonymous.goto("/login")
    await expect(anonymous.get_by_role("alert")).to_contain_text("The server does not answer.", timeout=3_000)
    await expect(anonymous.get_by_label("Email")).to_be_focused()


async def test_the_password_can_be_shown_and_caps_lock_is_pointed_out(anonymous: Page) -> None:
    await anonymous.goto("/login")
    password = anonymous.get_by_label("Password", exact=True)
    show = anonymous.get_by_role("button", name="Show password")
    await expect(show).to_have_attribute("aria-pressed", "false")
    await show.click()
    await expect(show).to_have_attribute("aria-pressed", "true")
    await expect(password).to_have_attribute("type", "text")
    await password.dispatch_event("keydown", {"key": "A", "modifierCapsLock": True})
    await expect(anonymous.get_by_text("Caps Lock is on.")).to_be_visible()


async def test_a_session_that_ends_in_the_middle_of_work_costs_nothing(
    anonymous: Page, api: Api, product: Product, guard: Guard
) -> None:
    """The session is revoked for real; the access token, which lives on for minutes, is refused by the route."""
    guard.expect("status of 401")
    incident = await api.declare("Session ends while somebody writes")
    account = product.account("acme", "admin")
    await sign_in(anonymous, account)
    await anonymous.goto(f"/incidents/{incident['reference']}")
    note = anonymous.get_by_label("Note", exact=True)
    await note.fill("half a sent")
    await anonymous.evaluate(END_SESSION)
    await anonymous.route("**/acknowledge", lambda route: route.fulfill(status=401, json={}), times=1)
    await anonymous.get_by_role("button", name="Acknowledge", exact=True).click()
    dialog = anonymous.get_by_role("dialog", name="Your session has ended")
    await expect(dialog.get_by_label("Email")).to_have_value(account.email)
    await expect(dialog.get_by_label("Password", exact=True)).to_be_focused()
    await anonymous.keyboard.type(account.password)
    await anonymous.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(anonymous.get_by_role("button", name="Start investigating")).to_be_visible()
    await expect(note).to_have_value("half a sent")
