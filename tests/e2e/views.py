"""Every view by name: how a test, a measurement or a picture gets there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.async_api import Page, expect

PICTURES = Path(__file__).parent / "pictures"
Arrive = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True)
class View:
    name: str
    path: str
    arrive: Arrive


async def settled(page: Page) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


async def live(page: Page) -> None:
    await settled(page)
    await expect(page.get_by_label("Connection")).to_have_text("Live")


async def peeking(page: Page) -> None:
    await live(page)
    await page.keyboard.press("Space")
    await expect(page.locator(".peek > h2")).to_be_visible()
    await settled(page)


async def selecting(page: Page) -> None:
    await live(page)
    await page.keyboard.press("x")
    await expect(page.get_by_role("toolbar", name="Bulk actions")).to_be_visible()


async def declaring(page: Page) -> None:
    await live(page)
    await page.keyboard.press("c")
    await expect(page.get_by_role("dialog", name="Declare incident")).to_be_visible()


async def resolving(page: Page) -> None:
    await live(page)
    await page.keyboard.press("r")
    await expect(page.get_by_role("dialog")).to_be_visible()


async def searching(page: Page) -> None:
    await live(page)
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Search or run a command").fill("queue")
    await expect(page.get_by_role("option").first).to_contain_text("INC-")


async def reading_keys(page: Page) -> None:
    await live(page)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


async def reading_payload(page: Page) -> None:
    await live(page)
    await page.keyboard.press("j")
    await page.keyboard.press("p")
    await expect(page.locator("pre.payload")).to_be_visible()


async def mistyping(page: Page) -> None:
    await live(page)
    await page.get_by_role("combobox", name="Filter incidents").fill("colour:red s")
    await expect(page.get_by_text("There is no key “colour”.")).to_be_visible()


async def opening_menu(page: Page) -> None:
    await live(page)
    await page.get_by_role("button", name="User menu").click()
    await expect(page.get_by_role("menuitem").first).to_be_visible()


async def creating_key(page: Page) -> None:
    await live(page)
    await page.get_by_role("button", name="Create API key").click()
    await expect(page.get_by_role("dialog").get_by_role("radio")).to_have_count(4)


async def reading_entry(page: Page) -> None:
    await live(page)
    await page.locator(".audit-head").first.click()
    await expect(page.locator(".audit-details")).to_be_visible()


async def setting_up_app(page: Page) -> None:
    await live(page)
    await page.get_by_role("button", name="Set up authenticator app").click()
    panel = page.get_by_role("region", name="Authenticator app")
    await expect(panel.get_by_label("Password", exact=True)).to_be_focused()


async def inviting(page: Page) -> None:
    await live(page)
    await page.get_by_role("button", name="Invite people").click()
    await expect(page.get_by_role("dialog", name="Invite people")).to_be_visible()


async def changing_role(page: Page) -> None:
    await live(page)
    await page.get_by_role("button", name="Change Bo Lindqvist").click()
    await page.get_by_role("menuitem", name="Change role").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Role", exact=True).select_option("viewer")
    await expect(dialog.get_by_text("loses:")).to_be_visible()


async def leaving(page: Page, action: str) -> None:
    await live(page)
    await page.get_by_role("button", name="Change Ana Ruiz").click()
    await page.get_by_role("menuitem", name=action).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("group", name="Which API keys to revoke")).to_be_visible()
    await expect(dialog.get_by_text("looking")).to_have_count(0)


async def typing_a_name(page: Page) -> None:
    """Kept, and named on the form and in the navigation."""
    await live(page)
    await page.get_by_label("Name", exact=True).fill("Somebody Else")
    await expect(page.get_by_text("Not saved yet: name.")).to_be_visible()


async def inside(page: Page) -> None:
    await live(page)
    await expect(page.locator(".impersonation")).to_contain_text("left")


async def told_who_is_inside(page: Page) -> None:
    await live(page)
    await expect(page.locator(".provider")).to_contain_text("is in this tenant until")


async def forgetting(page: Page) -> None:
    await settled(page)
    await page.get_by_label("Email").fill("ana@acme.example")


async def signing_up(page: Page) -> None:
    await settled(page)
    await page.get_by_label("Email").fill("nova@acme.example")


async def creating_tenant(page: Page) -> None:
    await settled(page)
    await page.get_by_role("button", name="Create tenant").click()
    await expect(page.get_by_role("dialog").locator("option")).not_to_have_count(0)


async def opening(page: Page, button: str) -> None:
    await settled(page)
    await page.get_by_role("button", name=button).first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await settled(page)


def dialog_of(button: str) -> Arrive:
    return partial(opening, button=button)


VIEWS = (
    View("overview", "/", live),
    View("incidents", "/incidents?view=all", live),
    View("incidents-peek", "/incidents?view=all", peeking),
    View("incidents-selected", "/incidents?view=all", selecting),
    View("incidents-mistyped", "/incidents?view=all", mistyping),
    View("incidents-declare", "/incidents", declaring),
    View("incident", "/incidents/INC-00000001", live),
    View("incident-resolve", "/incidents/INC-00000001", resolving),
    View("alerts", "/alerts", live),
    View("alerts-payload", "/alerts?q=source:alertmanager", reading_payload),
    View("palette", "/", searching),
    View("shortcuts", "/", reading_keys),
    View("user-menu", "/", opening_menu),
    View("not-found", "/nothing/here", live),
    View("settings-account", "/settings/account", live),
    View("settings-account-app", "/settings/account", setting_up_app),
    View("settings-people", "/settings/people", live),
    View("settings-people-invite", "/settings/people", inviting),
    View("settings-people-role", "/settings/people", changing_role),
    View("settings-unsaved", "/settings/account", typing_a_name),
    View("settings-sign-on", "/settings/sign-on", live),
    View("settings-access", "/settings/access", live),
    View("settings-keys", "/settings/keys", live),
    View("settings-keys-create", "/settings/keys", creating_key),
    View("settings-usage", "/settings/usage", live),
    View("settings-billing", "/settings/billing", live),
    View("settings-audit", "/settings/audit", live),
    View("settings-audit-entry", "/settings/audit?open=access", reading_entry),
)
CONTROL_VIEWS = (
    View("control-tenants", "/control/tenants", settled),
    View("control-create", "/control/tenants", creating_tenant),
    View("control-import", "/control/tenants", dialog_of("Import tenant")),
    View("control-tenant", "/control/tenants/acme", settled),
    View("control-edit", "/control/tenants/acme", dialog_of("Edit name and contact")),
    View("control-plan", "/control/tenants/acme", dialog_of("Change plan")),
    View("control-people", "/control/tenants/acme?tab=people", settled),
    View("control-usage", "/control/tenants/acme?tab=usage", settled),
    View("control-limit", "/control/tenants/acme?tab=usage", dialog_of("Set people")),
    View("control-billing", "/control/tenants/acme?tab=billing", settled),
    View("control-access", "/control/tenants/acme?tab=access", settled),
    View("control-impersonate", "/control/tenants/acme?tab=access", dialog_of("Enter")),
    View("control-life", "/control/tenants/acme?tab=life", settled),
    View("control-suspend", "/control/tenants/acme?tab=life", dialog_of("Suspend")),
    View("control-delete", "/control/tenants/acme?tab=life", dialog_of("Delete")),
    View("control-plans", "/control/plans", settled),
    View("control-plan-new", "/control/plans", dialog_of("New version")),
    View("control-plan-versions", "/control/plans", dialog_of("Versions of pro")),
    View("control-fleet", "/control/fleet", settled),
    View("control-rollout", "/control/fleet", dialog_of("Start rollout")),
    View("control-audit", "/control/audit", settled),
    View("control-not-found", "/control/nothing", settled),
    View("control-account", "/control/account", settled),
)
LOGIN_VIEWS = (
    View("login", "/login", settled),
    View("login-forgot", "/login/forgot", forgetting),
    View("login-reset", "/reset-password#token", settled),
    View("login-sign-up", "/login/sign-up", signing_up),
    View("login-sso-refused", "/login?error=sso_email", settled),
    View("control-login", "/control/login", settled),
)


def named(view: View) -> str:
    return view.name
