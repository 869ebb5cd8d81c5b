"""Every view by name: how a test, a measurement or a picture gets there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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


async def creating_tenant(page: Page) -> None:
    await settled(page)
    await page.get_by_role("button", name="Create tenant").click()
    await expect(page.get_by_role("dialog").locator("option")).not_to_have_count(0)


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
)
CONTROL_VIEWS = (
    View("control-tenants", "/control/tenants", settled),
    View("control-create", "/control/tenants", creating_tenant),
    View("control-not-found", "/control/nothing", settled),
)
LOGIN_VIEWS = (View("login", "/login", settled), View("control-login", "/control/login", settled))


def named(view: View) -> str:
    return view.name
