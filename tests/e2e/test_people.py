"""Who may do what in a tenant: invited, given roles, deactivated, removed."""

import re

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import PASSWORD, Team, found, invite, register
from tests.e2e.product import Account, Api, Product, signed_in, with_key
from tests.e2e.visits import Guard, Visits, sign_in
from tests.support.tenant_plane import until

PATH = "/settings/people"


@pytest_asyncio.fixture(scope="session")
async def team(operations: Api) -> Team:
    return await found(operations, "Wayne")


@pytest_asyncio.fixture
async def page(visits: Visits, team: Team) -> Page:
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    await expect(page.get_by_role("heading", level=1)).to_have_text("People")
    return page


def row(page: Page, email: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=email)


async def choose(page: Page, person: Account, action: str) -> Locator:
    """The dialog that the person's menu opens."""
    await page.reload()
    await row(page, person.email).get_by_role("button", name="Change").click()
    await page.get_by_role("menuitem", name=action).click()
    return page.get_by_role("dialog")


async def test_somebody_is_invited_makes_an_account_and_works_in_the_tenant(
    page: Page, visits: Visits, team: Team, product: Product
) -> None:
    email = f"newcomer@{team.domain}"
    await expect(page).to_have_title("People – Wayne")
    await page.get_by_role("button", name="Invite people").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Email addresses")).to_be_focused()
    await page.keyboard.type(f"{email}, {team.admin.email}")
    await dialog.get_by_label("Role").select_option("viewer")
    await dialog.get_by_role("button", name="Invite 2 people").dblclick()
    await expect(dialog.get_by_role("status")).to_contain_text("No mail went out")
    await expect(dialog.get_by_role("listitem").filter(has_text=team.admin.email)).to_contain_text(
        "is a member already"
    )
    link = (await dialog.locator(".link-text").text_content()) or ""
    assert await findings(page) == NOTHING
    await fits(page)
    await dialog.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("button", name="Invite people")).to_be_focused()
    await expect(row(page, email)).to_contain_text("as viewer")

    stranger = await (await visits.anonymous()).new_page()
    await stranger.goto(link)
    await expect(stranger.get_by_text(f"{team.admin.email} invites you to Wayne as viewer.")).to_be_visible()
    await expect(stranger.get_by_label("Email")).to_have_value(email)
    await expect(stranger.get_by_label("Your name")).to_be_focused()
    assert await findings(stranger) == NOTHING
    await stranger.keyboard.type("Nova <script>alert(1)</script>")
    await stranger.keyboard.press("Tab")
    await expect(stranger.get_by_label("Password", exact=True)).to_have_attribute("autocomplete", "new-password")
    await stranger.keyboard.type(PASSWORD)
    await stranger.keyboard.press("Enter")
    await expect(stranger.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(stranger).to_have_title("Overview – Wayne")

    await page.reload()
    await expect(row(page, email)).to_contain_text("viewer")
    await expect(row(page, email)).to_contain_text("Nova <script>")
    await expect(page.get_by_role("button", name=f"Resend to {email}")).to_have_count(0)


async def test_whoever_has_an_account_accepts_by_signing_in(
    anonymous: Page, team: Team, operations: Api, product: Product
) -> None:
    elsewhere = f"here-and-there@{team.domain}"
    account = await register(operations, "globex", elsewhere, "Hera There", "viewer")
    await anonymous.goto(await team.invite(elsewhere, "operator"))
    await expect(anonymous.get_by_label("Password", exact=True)).to_be_focused()
    await anonymous.keyboard.type(account.password)
    await anonymous.keyboard.press("Enter")
    await expect(anonymous).to_have_title("Overview – Wayne")

    await anonymous.get_by_role("button", name="Organisation: Wayne. Change").click()
    await anonymous.get_by_role("menuitem", name="Globex").click()
    await expect(anonymous).to_have_title("Overview – Globex")


async def test_an_invitation_is_sent_again_and_revoked(page: Page, visits: Visits, team: Team, guard: Guard) -> None:
    guard.expect("status of 404")
    email = f"late@{team.domain}"
    first = await team.invite(email, "viewer")
    await page.reload()
    await page.get_by_role("button", name=f"Resend to {email}").click()
    link = (await page.get_by_role("dialog").locator(".link-text").text_content()) or ""
    await page.get_by_role("dialog").get_by_role("button", name="Done").click()

    stranger = await (await visits.anonymous()).new_page()
    await stranger.goto(first)
    await expect(stranger.get_by_role("alert")).to_contain_text("This invitation is not valid any more")
    await stranger.goto("about:blank")
    await stranger.goto(link)
    await expect(stranger.get_by_label("Your name")).to_be_visible()

    await page.get_by_role("button", name=f"Revoke the invitation of {email}").click()
    await expect(row(page, email)).to_have_count(0)
    await stranger.reload()
    await expect(stranger.get_by_role("alert")).to_contain_text("This invitation is not valid any more")


async def test_the_keyboard_alone_changes_a_role_and_sees_what_it_means(page: Page, team: Team) -> None:
    person = await team.join("Rolf Roles", "operator")
    await page.reload()
    await row(page, person.email).get_by_role("button", name="Change").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Change the role of Rolf Roles")
    await expect(dialog.get_by_label("Role", exact=True)).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(dialog.get_by_text("Rolf Roles loses:")).to_be_visible()
    await expect(dialog.get_by_role("listitem").filter(has_text="Open, acknowledge, change")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(dialog.get_by_text("Rolf Roles gains:")).to_be_visible()
    await expect(dialog.get_by_role("listitem").filter(has_text="Invite people")).to_be_visible()
    assert await findings(page) == NOTHING
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(row(page, person.email)).to_contain_text("admin")
    await expect(row(page, person.email).get_by_role("button", name="Change")).to_be_focused()


@pytest.mark.parametrize("action", ["Change role", "Deactivate", "Remove"])
async def test_the_last_admin_stays_and_the_page_says_why(
    visits: Visits, operations: Api, guard: Guard, action: str
) -> None:
    guard.expect("status of 409")
    team = await found(operations, "Solo")
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    dialog = await choose(page, team.admin, action)
    for field in await dialog.get_by_role("combobox", name="Role").all():
        await field.select_option("viewer")
    for field in await dialog.get_by_label("to confirm").all():
        await field.fill(team.admin.email)
    await dialog.get_by_role("button", name=action).last.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("This is the tenant's last admin")
    assert [person["role"] for person in (await people(operations, team))] == ["admin"]


async def people(operations: Api, team: Team) -> list[dict[str, object]]:
    page = await operations.get("/api/users", tenant_id=team.tenant_id)
    return list(page["items"])


async def test_deactivating_hands_over_what_the_person_holds(
    page: Page, team: Team, product: Product, guard: Guard
) -> None:
    person = await team.join("Dora Leaves")
    heir = await team.join("Henk Heir")
    async with signed_in(product, person) as api:
        held = [await api.declare(f"Held {n}", assignee=person.email) for n in range(2)]
    dialog = await choose(page, person, "Deactivate")
    await expect(dialog.get_by_role("list", name="What Dora Leaves holds")).to_contain_text("2 open incidents")
    await expect(dialog).to_contain_text("0 API keys")
    assert await findings(page) == NOTHING
    await dialog.get_by_label("Who takes the 2 incidents").select_option(heir.email)
    await dialog.get_by_role("button", name="Deactivate Dora Leaves").click()
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("2 done")
    await expect(row(page, person.email)).to_contain_text("deactivated")
    async with signed_in(product, heir) as api:
        for incident in held:
            assert (await api.get(f"/api/incidents/{incident['id']}"))["assignee"] == heir.email

    dialog = await choose(page, person, "Activate")
    await dialog.get_by_role("button", name="Activate Dora Leaves").click()
    await expect(row(page, person.email)).not_to_contain_text("deactivated")


async def make_keys(product: Product, person: Account, *names: str) -> list[str]:
    async with signed_in(product, person) as api:
        return [(await api.post("/api/apikeys", {"name": name, "scope": "viewer"}))["api_key"] for name in names]


@pytest.mark.parametrize(("action", "said"), [("Deactivate", "is deactivated"), ("Remove", "is no member any more")])
async def test_which_keys_of_somebody_end_is_asked(
    page: Page, team: Team, product: Product, action: str, said: str
) -> None:
    """With the keyboard: the one that is chosen stops working, the other goes on."""
    person = await team.join(f"{action}d Kim", "admin")
    ended, kept = await make_keys(product, person, "Left behind", "Rack <script>alert(1)</script>")
    dialog = await choose(page, person, action)
    keys = dialog.get_by_role("group", name="Which API keys to revoke")
    await expect(keys.get_by_role("checkbox")).to_have_count(2)
    await expect(keys.get_by_role("checkbox", checked=True)).to_have_count(0)
    assert await findings(page) == NOTHING
    await fits(page)
    await keys.get_by_role("checkbox", name="Left behind").press("Space")
    for field in await dialog.get_by_label("to confirm").all():
        await field.fill(person.email)
    await dialog.get_by_role("button", name=f"{action} {action}d Kim").press("Enter")
    message = page.get_by_role("region", name="Messages")
    await expect(message).to_contain_text(f"{said}; 1 API key revoked, 1 API key goes on working")
    async with with_key(product, kept) as api:
        await api.get("/api/incidents", limit=1)
    await refused_soon(product, ended)


async def refused_soon(product: Product, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}

    async def is_refused() -> bool | None:
        async with httpx.AsyncClient(base_url=product.base_url, headers=headers) as client:
            return (await client.get("/api/incidents")).status_code == 401 or None

    await until(is_refused)


async def test_a_refused_leave_revokes_no_key(visits: Visits, operations: Api, product: Product, guard: Guard) -> None:
    guard.expect("status of 409")
    team = await found(operations, "Lone")
    (key,) = await make_keys(product, team.admin, "The only one")
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    dialog = await choose(page, team.admin, "Deactivate")
    await dialog.get_by_role("checkbox", name="The only one").check()
    await dialog.get_by_role("button", name="Deactivate Alva Berg").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("This is the tenant's last admin")
    async with with_key(product, key) as api:
        await api.get("/api/incidents")
    async with signed_in(product, team.admin) as api:
        assert [entry["revoked_at"] for entry in (await api.get("/api/apikeys"))["items"]] == [None]


async def test_removing_needs_the_address_typed(page: Page, team: Team, operations: Api) -> None:
    person = await team.join("Greta Gone")
    dialog = await choose(page, person, "Remove")
    remove = dialog.get_by_role("button", name="Remove Greta Gone")
    await expect(remove).to_be_disabled()
    await page.keyboard.type(person.email)
    await page.keyboard.press("Enter")
    await expect(row(page, person.email)).to_have_count(0)
    assert person.email not in [entry["email"] for entry in await people(operations, team)]


async def test_whoever_typed_too_many_wrong_passwords_is_unlocked(
    page: Page, visits: Visits, team: Team, guard: Guard
) -> None:
    guard.expect("status of 401", "status of 429")
    person = await team.join("Lola Locked")
    stranger = await (await visits.anonymous()).new_page()
    await stranger.goto("/login")
    await stranger.get_by_label("Email").fill(person.email)
    for attempt in range(5):
        await stranger.get_by_label("Password", exact=True).fill(f"wrong {attempt}")
        async with stranger.expect_response("**/api/auth/token"):
            await stranger.keyboard.press("Enter")
        await expect(stranger.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
    await stranger.get_by_label("Password", exact=True).fill(person.password)
    await stranger.keyboard.press("Enter")
    await expect(stranger.get_by_role("alert")).to_have_text(
        "There were too many wrong tries. The next one is possible in 1 minute."
    )
    dialog = await choose(page, person, "Unlock")
    await dialog.get_by_role("button", name="Unlock Lola Locked").click()
    await expect(dialog).to_have_count(0)
    await sign_in(stranger, person)


async def test_the_search_is_in_the_address(page: Page, team: Team) -> None:
    await page.get_by_label("Search").fill("alva")
    await expect(page).to_have_url(re.compile(r"\?q=alva$"))
    await page.get_by_label("Search").fill("nobody is called so")
    await expect(page.get_by_text("Nobody matches")).to_be_visible()
    assert await findings(page) == NOTHING
    await page.get_by_role("button", name="Clear search").click()
    await expect(row(page, team.admin.email)).to_be_visible()
    await page.goto(f"{PATH}?q=alva")
    await expect(page.get_by_label("Search")).to_have_value("alva")


@pytest.mark.parametrize("role", ["viewer", "operator"])
@pytest.mark.parametrize("path", [PATH, "/settings/sign-on"])
async def test_others_are_told_which_permission_is_missing(
    visits: Visits, product: Product, guard: Guard, role: str, path: str
) -> None:
    guard.expect("status of 403")
    page = await (await visits.of(product.account("acme", role))).new_page()
    await page.goto(path)
    alert = page.get_by_role("alert").first
    await expect(alert).to_contain_text("You may not see")
    await expect(alert).to_contain_text(re.compile("members:manage|sso:manage"))
    await expect(page.locator(".settings-page").get_by_role("button")).to_have_count(0)
    assert await findings(page) == NOTHING


async def test_a_failure_can_be_tried_again(page: Page, team: Team, guard: Guard) -> None:
    guard.expect("status of 500")
    body = {"error": "Away", "code": "X", "trace_id": "trace-4711", "detail": "Away", "status_code": 500}
    pattern = re.compile(r"/api/users\?")
    await page.route(pattern, lambda route: route.fulfill(status=500, json=body))
    await page.reload()
    alert = page.get_by_role("alert").filter(has_text="People could not be loaded")
    await expect(alert).to_contain_text("trace-4711")
    assert await findings(page) == NOTHING
    await page.unroute(pattern)
    await alert.get_by_role("button", name="Try again").click()
    await expect(row(page, team.admin.email)).to_be_visible()


async def test_a_tenants_people_are_not_anothers(page: Page, team: Team, operations: Api) -> None:
    other = await found(operations, "Rivals")
    await invite(operations, other.tenant_id, f"spy@{other.domain}", "viewer")
    await page.reload()
    await expect(row(page, team.admin.email)).to_be_visible()
    await expect(page.get_by_text(other.domain)).to_have_count(0)
