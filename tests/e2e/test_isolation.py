"""Whose it is: a link of another tenant, and a person who may only read."""

import re

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.product import Api, Product
from tests.e2e.visits import Guard

WORD = "Zweihundertvierzig"


@pytest.mark.parametrize("by", ["id", "reference"])
async def test_anothers_incident_is_the_page_that_is_not_there(
    as_globex: Page, api: Api, guard: Guard, by: str
) -> None:
    guard.expect("status of 404")
    incident = await api.declare(f"{WORD} of acme only", service=WORD)
    heading = as_globex.get_by_role("heading", level=1)
    await as_globex.goto("/incidents/INC-99999999")
    await expect(heading).to_have_text("Nothing here")
    unknown = await as_globex.title(), await as_globex.locator("main").inner_text()
    await as_globex.wait_for_load_state("networkidle")
    answers: list[tuple[str, int, str]] = []

    async def overhear(route: Route) -> None:
        # The body is read before the page has it: a page that navigates on drops the bodies it was given.
        answer = await route.fetch()
        answers.append((route.request.url, answer.status, await answer.text()))
        await route.fulfill(response=answer)

    await as_globex.route(re.compile(r"/(api|graphql)\b"), overhear)
    await as_globex.goto(f"/incidents/{incident[by]}")
    await expect(heading).to_have_text("Nothing here")
    assert (await as_globex.title(), await as_globex.locator("main").inner_text()) == unknown
    await as_globex.wait_for_load_state("networkidle")
    assert answers and not any(WORD in body for _, _, body in answers)
    assert {status for url, status, _ in answers if "/api/incidents/" in url} == {404}


async def test_anothers_words_are_not_found(as_globex: Page, api: Api) -> None:
    await api.declare(f"{WORD} again")
    await as_globex.goto("/incidents")
    await expect(as_globex.get_by_text("No incidents yet")).to_be_visible()
    await as_globex.keyboard.press("Control+k")
    await as_globex.get_by_role("combobox", name="Search or run a command").fill(WORD)
    await expect(as_globex.get_by_role("dialog").get_by_role("status")).to_have_text(f"Nothing matches “{WORD}”.")


async def test_anothers_events_do_not_arrive(as_globex: Page, api: Api) -> None:
    frames: list[str] = []
    as_globex.on("websocket", lambda ws: ws.on("framereceived", lambda frame: frames.append(str(frame))))
    await as_globex.goto("/")
    await expect(as_globex.get_by_label("Connection")).to_have_text("Live")
    await api.declare(f"{WORD} live")
    await expect(as_globex.get_by_text("Nothing is open")).to_be_visible()
    await as_globex.get_by_role("link", name="Alerts").click()
    await expect(as_globex.get_by_text("No alerts yet")).to_be_visible()
    assert not any(WORD in frame for frame in frames)


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/INC-00000001", "/alerts"])
async def test_a_viewer_sees_no_control_that_writes(as_viewer: Page, path: str) -> None:
    await as_viewer.goto(path)
    await expect(as_viewer.locator("[aria-busy=true]")).to_have_count(0)
    await expect(as_viewer.locator("main h1")).to_be_visible()
    writing = re.compile("Declare|Acknowledge|Resolve|Assign$|Snooze|Add note|More actions|Mark as|Reopen|Close$")
    await expect(as_viewer.locator("main").get_by_role("button", name=writing)).to_have_count(0)
    await expect(as_viewer.get_by_role("checkbox")).to_have_count(0)
    await expect(as_viewer.get_by_label("Note", exact=True)).to_have_count(0)


async def test_a_viewers_keys_write_nothing(as_viewer: Page) -> None:
    await as_viewer.goto("/incidents?view=all")
    await expect(as_viewer.locator(".grid-row.cursor")).to_have_count(1)
    for key in ("x", "a", "r", "s", "c"):
        await as_viewer.keyboard.press(key)
    await as_viewer.keyboard.press("j")
    await expect(as_viewer.locator(".foot")).to_contain_text("Row 2 of")
    await expect(as_viewer.get_by_role("dialog")).to_have_count(0)
    await expect(as_viewer.get_by_role("toolbar")).to_have_count(0)


async def test_a_forced_call_is_refused_and_the_missing_permission_is_named(
    as_viewer: Page, api: Api, guard: Guard
) -> None:
    """The page believes that the viewer may write; the server does not."""
    guard.expect("status of 403")
    incident = await api.declare("A viewer tries")

    async def pretend(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["data"]["permissions"].append("incidents:write")
        await route.fulfill(response=answer, json=body)

    await as_viewer.route("**/api/rbac/permissions", pretend)
    await as_viewer.goto(f"/incidents/{incident['reference']}")
    await as_viewer.get_by_role("button", name="Acknowledge", exact=True).click()
    await expect(as_viewer.locator(".incident-problem")).to_contain_text("incidents:write")
    await expect(as_viewer.locator(".incident-head .status")).to_have_text("Triggered")


async def test_the_control_plane_is_another_session(as_admin: Page, product: Product) -> None:
    await as_admin.goto("/control/tenants")
    await expect(as_admin.get_by_role("heading", level=1)).to_have_text("Sign in to the control plane")
    account = product.account("acme", "admin")
    async with httpx.AsyncClient(base_url=product.base_url) as client:
        body = {"email": account.email, "password": account.password}
        session = (await client.post("/api/auth/token", json=body)).json()["data"]
        answer = await client.get("/api/tenants", headers={"authorization": f"Bearer {session['token']}"})
    assert answer.status_code == 403
    assert "globex" not in answer.text
