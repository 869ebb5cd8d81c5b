"""5,000 incidents in a list that stays small, still and sorted."""

import re

from playwright.async_api import Page, expect

from tests.e2e.crowd import SIZE, fill
from tests.e2e.product import Account, Api, Product

MOST_ROWS = 70
SCROLL = """async (frames) => {
  const grid = document.querySelector('[role=grid]');
  let most = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    grid.scrollTop += 320;
    await new Promise(requestAnimationFrame);
    most = Math.max(most, grid.querySelectorAll('[role=row]').length);
  }
  return most;
}"""
FRAMES = 150


async def open_list(page: Page, query: str = "view=all", shown: int = SIZE) -> None:
    await page.goto(f"/incidents?{query}")
    await expect_shown(page, shown)


async def expect_shown(page: Page, shown: int) -> None:
    await expect(page.locator(".page-head [role=status]")).to_have_text(f"{shown:,} shown")


async def expect_row(page: Page, number: int, count: int = SIZE) -> None:
    await expect(page.locator(".foot")).to_contain_text(f"Row {number:,} of {count:,}")


async def test_a_list_of_thousands_keeps_few_rows_in_the_document(as_crowd: Page) -> None:
    await open_list(as_crowd)
    grid = as_crowd.get_by_role("grid", name="Incidents")
    await expect(grid).to_have_attribute("aria-rowcount", str(SIZE + 1))
    session = await as_crowd.context.new_cdp_session(as_crowd)
    await session.send("Performance.enable")

    async def script_seconds() -> float:
        metrics = (await session.send("Performance.getMetrics"))["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration"))

    before = await script_seconds()
    most = await as_crowd.evaluate(SCROLL, FRAMES)
    per_frame = (await script_seconds() - before) / FRAMES * 1000
    print(f"\nscrolling {SIZE:,} incidents: {per_frame:.1f} ms script per frame, {most} rows at most")
    assert most <= MOST_ROWS
    rows = grid.get_by_role("row")
    last_index = int(await rows.last.get_attribute("aria-rowindex") or 0)
    assert last_index > FRAMES * 8, "it did not scroll"


async def test_not_acknowledged_comes_first_then_severity_then_the_newest(as_crowd: Page) -> None:
    await open_list(as_crowd)
    first = as_crowd.get_by_role("row").nth(1)
    await expect(first).to_contain_text("P1 Critical")
    await expect(first.locator(".c-status")).to_have_text(re.compile("Triggered|Open"))
    newest = max(n for n in range(1, SIZE + 1) if n % 5 == 0 and n % 6 in (0, 1))
    await expect(first.locator(".c-title")).to_contain_text(f"Worker {newest} is slow")


async def test_the_filter_language(as_crowd: Page) -> None:
    await open_list(as_crowd)
    field = as_crowd.get_by_role("combobox", name="Filter incidents")
    numbers = range(1, SIZE + 1)
    urgent = [n for n in numbers if n % 5 in (0, 1)]
    active = [n for n in urgent if n % 6 not in (4, 5)]
    checkout = [n for n in active if n % 7 in (0, 1)]
    for typed, expected in (
        ("sev:1,2", urgent),
        ("sev:1,2 -status:resolved,closed", active),
        ("sev:1,2 -status:resolved,closed service:check*", checkout),
        ('"beyond words"', [n for n in numbers if n % 250 == 0]),
        ("-service:check*", [n for n in numbers if n % 7 not in (0, 1)]),
    ):
        await field.fill(typed)
        await expect_shown(as_crowd, len(expected))
    await field.fill("colour:red")
    await expect(as_crowd.get_by_text("There is no key “colour”.")).to_be_visible()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(as_crowd.locator(".filter-mirror u")).to_have_text("colour:red")
    await expect(as_crowd.get_by_text("No incident matches this filter")).to_be_visible()
    await expect(as_crowd.get_by_text(f"The filter hides {SIZE:,} incidents.")).to_be_visible()
    await as_crowd.get_by_role("button", name="Clear filter").last.click()
    await expect_shown(as_crowd, SIZE)


async def test_the_filter_suggests_keys_and_values_to_the_keyboard(as_crowd: Page) -> None:
    await open_list(as_crowd)
    await as_crowd.keyboard.press("/")
    field = as_crowd.get_by_role("combobox", name="Filter incidents")
    await expect(field).to_be_focused()
    await field.press_sequentially("ser")
    await as_crowd.keyboard.press("ArrowDown")
    await as_crowd.keyboard.press("Enter")
    await expect(field).to_have_value("service:")
    await expect(as_crowd.get_by_role("option")).to_have_count(7)
    await field.press_sequentially("bil")
    await expect(as_crowd.get_by_role("option")).to_have_text(["billing"])
    await as_crowd.keyboard.press("ArrowDown")
    await as_crowd.keyboard.press("Enter")
    await as_crowd.keyboard.press("Enter")
    await expect_shown(as_crowd, sum(n % 7 == 3 for n in range(1, SIZE + 1)))
    await expect(as_crowd).to_have_url(re.compile(r"[?&]q=service:billing$"))


async def test_headers_sort_and_say_so_and_back_undoes_it(as_crowd: Page) -> None:
    await open_list(as_crowd)
    title = as_crowd.get_by_role("columnheader", name="Title")
    severity = as_crowd.get_by_role("columnheader", name="Severity")
    first = as_crowd.get_by_role("row").nth(1)
    await title.get_by_role("button").click()
    await expect(title).to_have_attribute("aria-sort", "ascending")
    await expect(first.locator(".c-title")).to_have_text("Worker 1 is slow")
    await title.get_by_role("button").click()
    await expect(title).to_have_attribute("aria-sort", "descending")
    await expect(first.locator(".c-title")).to_have_text("Worker 5000 is slow beyond words")
    await severity.get_by_role("button").click()
    await title.get_by_role("button").click(modifiers=["Shift"])
    await expect(severity).to_have_attribute("aria-sort", "ascending")
    await expect(title).to_have_attribute("aria-sort", "ascending")
    await expect(first.locator(".c-title")).to_have_text("Worker 5 is slow")
    await expect(as_crowd).to_have_url(re.compile("sort=severity,title"))
    await as_crowd.go_back()
    await expect(title).to_have_attribute("aria-sort", "none")


async def test_everything_goes_by_keyboard(as_crowd: Page) -> None:
    await open_list(as_crowd)
    press = as_crowd.keyboard.press
    dialog = as_crowd.get_by_role("dialog")
    peek = as_crowd.get_by_role("complementary", name=re.compile("Peek at INC-"))
    selected = as_crowd.get_by_role("toolbar", name="Bulk actions")
    for key in ("j", "j", "k"):
        await press(key)
    await expect_row(as_crowd, 2)
    await press("Space")
    await expect(peek).to_be_visible()
    shown = await peek.get_attribute("aria-label")
    await press("j")
    await expect(peek).not_to_have_attribute("aria-label", str(shown))
    await press("Escape")
    await expect(peek).to_have_count(0)
    await press("x")
    for key in ("j", "j", "Shift+X"):
        await press(key)
    await expect(selected).to_contain_text("3 of 5,000 shown selected")
    for key, title in (("a", "Acknowledge 3 incidents"), ("r", "Resolve 3 incidents"), ("s", "Assign 3 incidents")):
        await press(key)
        await expect(dialog.get_by_role("heading", level=2)).to_have_text(title)
        await expect(dialog.get_by_role("button", name=title)).to_be_visible()
        await press("Escape")
        await expect(dialog).to_have_count(0)
    await press("Escape")
    await expect(selected).to_have_count(0)
    for key, view in (
        ("1", "All active"),
        ("2", "P1–P2"),
        ("3", "Not acknowledged"),
        ("4", "Mine"),
        ("5", "Everything"),
    ):
        await press(key)
        await expect(as_crowd.get_by_role("tab", selected=True)).to_contain_text(view)
    await press("?")
    await expect(dialog.get_by_role("heading", level=2)).to_have_text("Keyboard shortcuts")
    await press("Escape")
    await expect(dialog).to_have_count(0)
    await press("End")
    await expect_row(as_crowd, SIZE)
    await expect(as_crowd.locator(".grid-row.cursor")).to_be_in_viewport(ratio=1)
    await press("Home")
    await press("Enter")
    await expect(as_crowd).to_have_url(re.compile(r"/incidents/INC-\d{8}$"))


async def test_the_bulk_bar_covers_neither_the_current_row_nor_the_last(as_crowd: Page) -> None:
    await open_list(as_crowd)
    for key in ("x", "End"):
        await as_crowd.keyboard.press(key)
    await expect_row(as_crowd, SIZE)
    current, bar = as_crowd.locator(".grid-row.cursor"), as_crowd.get_by_role("toolbar", name="Bulk actions")
    await expect(current).to_be_in_viewport(ratio=1)
    await expect(as_crowd.get_by_role("columnheader", name="Title")).to_be_in_viewport(ratio=1)
    row_box, bar_box = await current.bounding_box(), await bar.bounding_box()
    assert row_box and bar_box
    assert row_box["y"] + row_box["height"] <= bar_box["y"]


async def test_new_rows_wait_and_nothing_moves_under_fifty_events(
    as_crowd: Page, crowd_api: Api, crowd_kept: None
) -> None:
    await open_list(as_crowd)
    await expect(as_crowd.get_by_label("Connection")).to_have_text("Live")
    for key in ("PageDown", "PageDown", "x", "j", "x", "j"):
        await as_crowd.keyboard.press(key)
    grid = as_crowd.get_by_role("grid", name="Incidents")
    footer = await as_crowd.locator(".foot").inner_text()
    references = grid.locator(".grid-rows .c-reference")
    rows = await references.all_inner_texts()
    scrolled = await grid.evaluate("grid => grid.scrollTop")
    assert scrolled > 0
    for number, reference in enumerate(rows[:25]):
        await crowd_api.declare(f"Newcomer {number}", "critical")
        await crowd_api.patch(f"/api/incidents/{reference}", assignee="ines@initech.example")
    pill = as_crowd.locator(".new-pill")
    await expect(pill).to_have_text("25 new", timeout=5_000)
    await expect(grid.get_by_text("ines", exact=True)).to_have_count(25)
    assert await references.all_inner_texts() == rows
    assert await grid.evaluate("grid => grid.scrollTop") == scrolled
    assert await as_crowd.locator(".foot").inner_text() == footer
    await expect(as_crowd.get_by_role("toolbar", name="Bulk actions")).to_contain_text("2 of 5,000 shown selected")
    await pill.click()
    await expect_shown(as_crowd, SIZE + 25)
    await expect(as_crowd.get_by_role("toolbar", name="Bulk actions")).to_contain_text("2 of 5,025 shown selected")


async def test_back_returns_to_the_same_place(as_crowd: Page) -> None:
    await open_list(as_crowd)
    grid = as_crowd.get_by_role("grid", name="Incidents")
    for key in ("PageDown", "PageDown", "PageDown", "x", "j"):
        await as_crowd.keyboard.press(key)
    await expect(as_crowd.locator(".grid-row.cursor")).to_be_in_viewport(ratio=1)
    scrolled = await grid.evaluate("grid => grid.scrollTop")
    place = await as_crowd.locator(".foot .push").inner_text()
    await as_crowd.keyboard.press("Enter")
    await expect(as_crowd.get_by_role("button", name="Back to the list")).to_be_visible()
    await as_crowd.go_back()
    await expect_shown(as_crowd, SIZE)
    await expect(as_crowd.locator(".foot .push")).to_have_text(place)
    await expect(as_crowd.get_by_role("toolbar", name="Bulk actions")).to_contain_text("1 of 5,000 shown selected")
    await expect(as_crowd.locator(".grid-row.cursor")).to_be_in_viewport(ratio=1)
    assert await grid.evaluate("grid => grid.scrollTop") == scrolled


async def test_the_address_alone_restores_the_view(as_crowd: Page) -> None:
    expected = sum(n % 5 == 1 and n % 7 == 2 for n in range(1, SIZE + 1))
    await open_list(as_crowd, "view=urgent&q=sev:2 service:search&sort=-age&peek=INC-00000041", expected)
    await expect(as_crowd.get_by_role("combobox", name="Filter incidents")).to_have_value("sev:2 service:search")
    await expect(as_crowd.get_by_role("tab", selected=True)).to_contain_text("P1–P2")
    await expect(as_crowd.get_by_role("columnheader", name="Age")).to_have_attribute("aria-sort", "descending")
    await expect(as_crowd.get_by_role("complementary", name="Peek at INC-00000041")).to_contain_text(
        "Worker 41 is slow"
    )
    await expect(as_crowd).to_have_title("Incidents – Initech")
    await expect(as_crowd.get_by_role("navigation").locator("[aria-current=page]")).to_contain_text("Incidents")


async def test_above_its_limit_the_server_filters_and_the_page_says_so(
    as_crowd: Page, product: Product, crowd: Account, crowd_kept: None
) -> None:
    more = SIZE + 40
    await fill(product, SIZE + 1, more)
    await open_list(as_crowd)
    note = as_crowd.locator(".limit-note")
    await expect(note).to_have_text("Showing the 5,000 most urgent of 5,040 incidents. Filter to reach the others.")
    await as_crowd.get_by_role("combobox", name="Filter incidents").fill("sev:5")
    await expect_shown(as_crowd, sum(n % 5 == 4 for n in range(1, more + 1)))
    await expect(note).to_contain_text("The server filters: 5,040 incidents are more than the 5,000")


async def test_what_is_shown_can_be_taken_along_with_the_filter_in_its_name(as_crowd: Page) -> None:
    expected = sum(n % 5 == 0 and n % 6 == 0 for n in range(1, SIZE + 1))
    await open_list(as_crowd, "view=all&q=sev:1 status:triggered", expected)
    await as_crowd.get_by_role("button", name="Export").click()
    async with as_crowd.expect_download() as started:
        await as_crowd.get_by_role("menuitem", name=f"{expected:,} shown as CSV").click()
    download = await started.value
    assert download.suggested_filename == "incidents sev-1 status-triggered.csv"
    lines = (await download.path()).read_text().splitlines()
    assert len(lines) == expected + 1
    assert lines[0].startswith("reference,title,priority")
