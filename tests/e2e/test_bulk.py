"""Many incidents at once: how many is said before it happens, and what became of each afterwards."""

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.product import Api
from tests.e2e.visits import Guard


@pytest_asyncio.fixture
async def three(api: Api) -> list[str]:
    declared = [await api.declare(f"Bulk {number}", "low", service="bulk-service") for number in range(3)]
    return [incident["reference"] for incident in declared]


async def open_selected(page: Page, references: list[str]) -> None:
    await page.goto(f"/incidents?view=all&q=id:{','.join(references)}")
    await page.get_by_role("checkbox", name="Select all 3 shown").check()
    await expect(page.get_by_role("toolbar", name="Bulk actions")).to_contain_text("3 of 3 shown selected")


async def test_acknowledge_says_how_many_and_does_it(as_admin: Page, api: Api, three: list[str]) -> None:
    await open_selected(as_admin, three)
    await as_admin.get_by_role("toolbar").get_by_role("button", name="Acknowledge").click()
    dialog = as_admin.get_by_role("dialog", name="Acknowledge 3 incidents")
    await expect(dialog.get_by_role("listitem")).to_have_count(3)
    await dialog.get_by_role("button", name="Acknowledge 3 incidents").click()
    await expect(as_admin.get_by_role("region", name="Messages")).to_contain_text("3 incidents acknowledged")
    await expect(as_admin.locator(".grid-rows").get_by_text("Acknowledged")).to_have_count(3)
    for reference in three:
        assert (await api.get(f"/api/incidents/{reference}"))["status"] == "acknowledged"


async def test_resolve_asks_for_a_note_and_names_what_was_refused(
    as_admin: Page, api: Api, three: list[str], guard: Guard
) -> None:
    guard.expect("status of 409")
    await open_selected(as_admin, three)
    await as_admin.keyboard.press("r")
    dialog = as_admin.get_by_role("dialog", name="Resolve 3 incidents")
    await expect(dialog.get_by_label("Resolution note")).to_be_focused()
    await api.post(f"/api/incidents/{three[0]}/resolve", {"resolution": "Somebody was faster"})
    await as_admin.keyboard.type("Restarted them")
    await dialog.get_by_role("button", name="Resolve 3 incidents").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("2 done, 1 refused: ")
    await expect(dialog.get_by_role("listitem")).to_contain_text(three[0])
    notes = [(await api.get(f"/api/incidents/{reference}"))["resolution_notes"] for reference in three]
    assert notes == ["Somebody was faster", "Restarted them", "Restarted them"]


async def test_only_moves_that_every_selected_row_allows_can_be_made(
    as_admin: Page, api: Api, three: list[str]
) -> None:
    await api.walk(three[1], "open", "acknowledged")
    await open_selected(as_admin, three)
    acknowledge = as_admin.get_by_role("toolbar").get_by_role("button", name="Acknowledge")
    await expect(acknowledge).to_have_attribute("aria-disabled", "true")
    await as_admin.keyboard.press("a")
    await expect(as_admin.get_by_role("region", name="Messages")).to_contain_text(
        f"{three[1]} is acknowledged, which does not allow this."
    )
    await expect(as_admin.get_by_role("dialog")).to_have_count(0)
