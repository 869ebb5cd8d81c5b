"""The page in front of everything: who comes in, where they land, and what strangers learn."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, Request, Route, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.people import invite, register
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


async def test_a_tenants_login_knows_no_super_admin_and_the_other_way_round(
    anonymous: Page, product: Product, guard: Guard
) -> None:
    guard.expect("status of 401")  # a code is asked for
    await anonymous.goto("/login")
    await fill_in(anonymous, product.super_admin.email, product.super_admin.password)
    await anonymous.get_by_label("Code of your authenticator app").fill(product.super_admin.codes[0])
    await expect(anonymous.get_by_role("alert")).to_have_text("This account has no tenant here.")
    account = product.account("acme", "admin")
    await anonymous.goto("/control/login")
    await fill_in(anonymous, account.email, account.password)
    await expect(anonymous.get_by_role("alert")).to_have_text("Email or password is wrong.")


async def test_a_super_admin_brings_a_code_as_well(anonymous: Page, product: Product, guard: Guard) -> None:
    """A code that is pasted goes off by itself, and a wrong one can be typed over."""
    guard.expect("status of 401")
    await anonymous.goto("/control/login")
    await fill_in(anonymous, product.super_admin.email, product.super_admin.password)
    code = anonymous.get_by_label("Code of your authenticator app")
    await expect(code).to_be_focused()
    await expect(code).to_have_attribute("autocomplete", "one-time-code")
    await expect(code).to_have_attribute("inputmode", "numeric")
    assert await findings(anonymous) == NOTHING
    await anonymous.keyboard.insert_text("000000")
    await expect(anonymous.get_by_role("alert")).to_contain_text("This code is wrong or was used already")
    fresh = product.super_admin.codes[0]
    await anonymous.keyboard.insert_text(f"{fresh[:3]} {fresh[3:]}")
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Tenants")


async def test_the_demo_super_admin_is_one_button_away(anonymous: Page, product: Product) -> None:
    assert product.super_admin.codes, "there is one that nobody has used, and no other test brings it"
    await anonymous.goto("/control/login")
    await anonymous.get_by_role("button", name="Super-admin").click()
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Tenants")
    assert product.super_admin.codes, "nor the next, should half a minute have ended meanwhile"


async def test_the_sixth_try_is_told_how_many_minutes_to_wait(anonymous: Page, guard: Guard) -> None:
    """The same whether there is such an account or not."""
    guard.expect("status of 401", "status of 429")
    await anonymous.goto("/login")
    await anonymous.get_by_label("Email").fill("never-here@acme.example")
    for attempt in range(6):
        await anonymous.get_by_label("Password", exact=True).fill(f"wrong {attempt}")
        async with anonymous.expect_response("**/api/auth/token"):
            await anonymous.get_by_role("button", name=SIGN_IN, exact=True).click()
        await expect(anonymous.get_by_role("button", name=SIGN_IN, exact=True)).to_be_enabled()
    await expect(anonymous.get_by_role("alert")).to_have_text(
        "There were too many wrong tries. The next one is possible in 1 minute."
    )


async def test_a_forgotten_password_says_what_this_installation_can_do(anonymous: Page, guard: Guard) -> None:
    guard.expect("status of 409")
    await anonymous.goto("/login")
    await anonymous.get_by_role("link", name="Forgot your password?").click()
    await expect(anonymous.get_by_label("Email")).to_be_focused()
    await anonymous.keyboard.type("ana@acme.example")
    await anonymous.keyboard.press("Enter")
    await expect(anonymous.get_by_role("alert")).to_contain_text("This installation sends no mail")
    await expect(anonymous.get_by_label("Email")).to_have_value("ana@acme.example")


async def test_a_link_that_counts_no_more_says_so(anonymous: Page, guard: Guard) -> None:
    guard.expect("status of 4..")
    await anonymous.goto("/reset-password#used-already")
    await expect(anonymous.get_by_label("New password", exact=True)).to_be_focused()
    await anonymous.keyboard.type("a-new-password")
    await anonymous.keyboard.press("Enter")
    await expect(anonymous.get_by_role("alert")).to_contain_text("This link is not valid any more")
    await anonymous.goto("/join#used-already")
    await anonymous.reload()
    await expect(anonymous.get_by_role("alert")).to_contain_text("This invitation is not valid any more")
    assert await findings(anonymous) == NOTHING


async def test_people_of_several_tenants_choose_one_and_find_the_last_one_chosen(
    anonymous: Page, product: Product, operations: Api
) -> None:
    email = "both@acme.example"
    account = await register(operations, "acme", email, "Billie Both", "viewer")
    await anonymous.goto(await invite(operations, "globex", email, "operator"))
    await anonymous.get_by_label("Password", exact=True).fill(account.password)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous).to_have_title("Overview – Globex")

    await anonymous.goto("/login")
    await fill_in(anonymous, email, account.password)
    choice = anonymous.get_by_role("region", name="Choose a tenant")
    await expect(choice.get_by_role("button", name="Globex")).to_be_focused()
    await expect(choice.get_by_label("Search")).to_have_count(0)
    assert await findings(anonymous) == NOTHING
    await choice.get_by_role("button", name="Acme Shop").click()
    await expect(anonymous).to_have_title("Overview – Acme Shop")

    await anonymous.goto("/login")
    await fill_in(anonymous, email, account.password)
    await expect(choice.get_by_role("button", name="Acme Shop")).to_be_focused()


async def test_more_than_seven_tenants_can_be_searched(anonymous: Page, product: Product) -> None:
    """The answer is the server's, with more tenants in it than a test can make."""
    account = product.account("acme", "operator")

    async def with_more(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        more = [{"tenant_id": f"t{n}", "name": f"Tenant {n}", "role": "viewer"} for n in range(8)]
        body["data"]["user"]["tenants"] += more
        await route.fulfill(response=answer, json=body)

    await anonymous.route("**/api/auth/token", with_more)
    await anonymous.goto("/login")
    await fill_in(anonymous, account.email, account.password)
    choice = anonymous.get_by_role("region", name="Choose a tenant")
    await expect(choice.get_by_role("button")).to_have_count(9)
    await choice.get_by_label("Search").fill("nobody has this")
    await expect(choice.get_by_role("status")).to_have_text("None of your tenants is called so.")
    assert await findings(anonymous) == NOTHING
    await choice.get_by_label("Search").fill("acme")
    await expect(choice.get_by_role("button")).to_have_count(1)
    await choice.get_by_label("Search").press("Enter")
    await expect(anonymous).to_have_title("Overview – Acme Shop")


async def test_the_page_weighs_little(anonymous: Page) -> None:
    """What crosses the wire, compressed, until it can be used."""
    sizes: list[int] = []

    async def weigh(request: Request) -> None:
        sizes.append((await request.sizes())["responseBodySize"])

    anonymous.on("requestfinished", weigh)
    await anonymous.goto("/login", wait_until="networkidle")
    await expect(anonymous.get_by_label("Email")).to_be_focused()
    assert 10_000 < sum(sizes) <= 100_000


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
