"""Single sign-on: set up and tested by an admin, used on the sign-in page; and the token of a directory."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.fits import fits
from tests.e2e.people import Team, found
from tests.e2e.product import Api, Product
from tests.e2e.visits import Guard, Visits
from tests.fakes.oidc import FakeProvider, fake_provider
from tests.support.oidc_process import oidc_provider

PATH = "/settings/sign-on"
NAME = "Daily login"


@pytest_asyncio.fixture
async def provider(guard: Guard) -> AsyncIterator[FakeProvider]:
    """The browser goes to another host for it, which nothing else here may."""
    async with fake_provider() as provider:
        guard.expect(f"foreign request: {re.escape(provider.issuer)}")
        yield provider


@pytest_asyncio.fixture
async def team(operations: Api) -> Team:
    return await found(operations, "Planet")


@pytest.fixture
def real_provider(guard: Guard, team: Team, tmp_path: Path) -> Iterator[str]:
    """The issuer of a provider that runs as a process of its own; its page looks for a style sheet elsewhere."""
    lois = {"sub": "lois-1", "email": f"lois@{team.domain}", "email_verified": True, "name": "Lois Lane"}
    with oidc_provider(tmp_path / "oidc.log", lois) as issuer:
        guard.expect(f"foreign request: {re.escape(issuer)}")
        guard.expect(r"cdn\.jsdelivr\.net")
        yield issuer


@pytest_asyncio.fixture
async def page(visits: Visits, team: Team) -> Page:
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Single sign-on")
    return page


async def connect(page: Page, issuer: str, team: Team) -> None:
    await page.get_by_label("Name on the sign-in page").fill(NAME)
    await page.get_by_label("Issuer").fill(issuer)
    await page.get_by_label("Client id").fill("opsplane")
    await page.get_by_label("Client secret").fill("a secret of the client")
    await page.get_by_label("Email domains").fill(team.domain)
    await page.get_by_label("Role without a group").select_option("operator")
    await page.get_by_role("checkbox", name="Make accounts").check()
    await page.get_by_role("button", name="Save connection").click()
    await expect(page.get_by_role("region", name="Messages")).to_contain_text("Saved: name, issuer, client id")


async def confirm(team: Team) -> None:
    await team.operations.put(f"/api/tenants/{team.tenant_id}/sso-domains", {"domains": [team.domain]})


async def test_a_provider_is_connected_tested_and_disconnected(
    page: Page, provider: FakeProvider, team: Team, guard: Guard
) -> None:
    await expect(page.get_by_text("/api/auth/sso/callback")).to_be_visible()
    await connect(page, provider.issuer, team)
    await expect(page.get_by_text(f"{team.domain}, not confirmed")).to_be_visible()
    await expect(page.get_by_label("Client secret")).to_have_value("")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("It works")).to_be_visible()

    provider.metadata["issuer"] = "https://somebody-else.example"
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("It fails at: issuer")).to_be_visible()
    await expect(page.locator(".sso-test")).to_contain_text("somebody-else.example")
    assert await findings(page) == NOTHING
    await fits(page)

    await page.get_by_role("button", name="Disconnect", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Disconnect {NAME}")
    await page.keyboard.type(NAME)
    await dialog.get_by_role("button", name=f"Disconnect {NAME}").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_label("Issuer")).to_have_value("")
    await expect(page.get_by_role("button", name="Test connection")).to_have_count(0)


async def test_what_is_typed_is_kept_and_named_until_it_is_saved(page: Page) -> None:
    await page.get_by_label("Issuer").fill("https://login.planet.example")
    await page.get_by_role("checkbox", name="No passwords").check()
    await expect(page.get_by_role("group", name="Who keeps a password")).to_contain_text("a super-admin")
    await page.get_by_role("link", name="People").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("People")
    await page.get_by_role("link", name="Single sign-on").click()
    await expect(page.get_by_label("Issuer")).to_have_value("https://login.planet.example")
    await expect(page.get_by_text("Not saved yet: issuer, no passwords.")).to_be_visible()
    assert await findings(page) == NOTHING
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_label("Issuer")).to_have_value("")


async def test_a_refusal_keeps_the_form(page: Page, provider: FakeProvider, team: Team, guard: Guard) -> None:
    guard.expect("status of 422")
    await page.get_by_label("Name on the sign-in page").fill(NAME)
    await page.get_by_label("Issuer").fill("not an address")
    await page.get_by_label("Client id").fill("opsplane")
    await page.get_by_label("Email domains").fill(team.domain)
    await page.get_by_role("button", name="Save connection").click()
    await expect(page.get_by_role("alert")).to_contain_text("The connection was not saved")
    await expect(page.get_by_label("Issuer")).to_have_value("not an address")


async def test_the_sign_in_page_leads_through_the_provider_and_back(
    page: Page, provider: FakeProvider, team: Team, visits: Visits, product: Product
) -> None:
    """With the keyboard alone, to the page that was asked for."""
    await connect(page, provider.issuer, team)
    await confirm(team)
    provider.claims = {"sub": "lois-1", "email": f"lois@{team.domain}", "email_verified": True, "name": "Lois Lane"}
    stranger = await (await visits.anonymous()).new_page()
    await stranger.goto("/incidents?view=all")
    await expect(stranger.get_by_label("Email")).to_be_focused()
    await stranger.keyboard.type(f"lois@{team.domain}")
    await stranger.keyboard.press("Tab")
    await expect(stranger.get_by_label("Password", exact=True)).to_have_count(0)
    entry = stranger.get_by_role("link", name=f"Continue with {NAME}")
    await expect(entry).to_be_focused()
    assert await findings(stranger) == NOTHING
    await fits(stranger)
    await stranger.keyboard.press("Enter")
    await expect(stranger).to_have_url(f"{product.base_url}/incidents?view=all")
    await expect(stranger).to_have_title(re.compile("Incidents – Planet"))
    await stranger.goto("/settings/account")
    await expect(stranger.get_by_text("You are signed in by the single sign-on of Planet")).to_be_visible()
    await expect(stranger.locator(".account").get_by_role("button")).to_have_count(0)
    assert await findings(stranger) == NOTHING

    await page.goto("/settings/people")
    lois = page.get_by_role("listitem").filter(has_text="Lois Lane")
    await expect(lois).to_contain_text("operator")
    await expect(lois).to_contain_text("single sign-on")


async def test_a_provider_of_somebody_elses_lets_people_in(
    page: Page, real_provider: str, team: Team, visits: Visits
) -> None:
    await connect(page, real_provider, team)
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("It works")).to_be_visible()
    stranger = await (await visits.anonymous()).new_page()
    await stranger.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
    await stranger.goto(f"/api/auth/sso/start?tenant_id={team.tenant_id}")
    await expect(stranger.get_by_role("heading", name="Authorize Client")).to_be_visible()
    await stranger.get_by_role("button", name="lois-1").click()
    await expect(stranger).to_have_title("Overview – Planet")
    await stranger.goto("/settings/account")
    await expect(stranger.get_by_text("You are signed in by the single sign-on of Planet")).to_be_visible()


async def test_whoever_the_provider_does_not_vouch_for_is_told_why(
    page: Page, provider: FakeProvider, team: Team, visits: Visits
) -> None:
    await connect(page, provider.issuer, team)
    provider.claims = {"sub": "lex-1", "email": f"lex@{team.domain}", "email_verified": False, "name": "Lex"}
    stranger = await (await visits.anonymous()).new_page()
    await stranger.goto(f"/api/auth/sso/start?tenant_id={team.tenant_id}")
    await expect(stranger).to_have_url(re.compile(r"/login\?error=sso_email$"))
    await expect(stranger.get_by_role("alert")).to_contain_text("does not vouch for your email address")
    await expect(stranger.get_by_label("Email")).to_be_focused()


async def test_a_password_stays_possible_where_it_is_allowed(
    page: Page, provider: FakeProvider, team: Team, visits: Visits
) -> None:
    await connect(page, provider.issuer, team)
    await confirm(team)
    stranger = await (await visits.anonymous()).new_page()
    await stranger.goto("/login")
    await stranger.get_by_label("Email").fill(team.admin.email)
    await stranger.get_by_role("button", name="Use a password instead").click()
    await expect(stranger.get_by_label("Password", exact=True)).to_be_focused()
    await stranger.keyboard.type(team.admin.password)
    await stranger.keyboard.press("Enter")
    await expect(stranger).to_have_title("Overview – Planet")


async def test_a_directorys_token_is_shown_once_replaced_and_removed(page: Page) -> None:
    panel = page.get_by_role("region", name="Directory (SCIM 2.0)")
    await panel.get_by_role("button", name="Make a token").click()
    shown = panel.get_by_role("status")
    await expect(shown).to_contain_text("The token, shown only now:")
    token = (await shown.locator(".mono").text_content()) or ""
    await expect(panel).to_contain_text("never used")
    assert await findings(page) == NOTHING
    await page.reload()
    await expect(panel.get_by_role("button", name="Make a new token")).to_be_visible()
    assert token not in await page.content()
    await panel.get_by_role("button", name="Make a new token").click()
    dialog = page.get_by_role("dialog", name="Make a new SCIM token")
    await dialog.get_by_role("button", name="Make a new token").click()
    await expect(shown).not_to_contain_text(token)
    await panel.get_by_role("button", name="Remove token").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove token").click()
    await expect(panel.get_by_role("button", name="Make a token")).to_be_visible()
    await expect(shown).to_have_count(0)


async def test_what_a_directory_was_refused_is_told(page: Page, product: Product) -> None:
    panel = page.get_by_role("region", name="Directory (SCIM 2.0)")
    await panel.get_by_role("button", name="Make a token").click()
    token = (await panel.get_by_role("status").locator(".mono").text_content()) or ""
    facts = panel.locator("dl")
    await expect(facts).to_contain_text("none yet: never used")
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "no-address", "active": True}
    headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
    async with httpx.AsyncClient(base_url=product.base_url, headers=headers) as directory:
        refused = await directory.post("/scim/v2/Users", json=user)
    assert refused.status_code == 400
    await page.reload()
    await expect(facts).to_contain_text(f"POST /Users: {refused.json()['detail']}")
    await expect(facts).not_to_contain_text("never used")
    assert await findings(page) == NOTHING
    await fits(page)
