"""One incident: what happened, why these alerts belong together, what to do next."""

import re

from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.product import Api, Product
from tests.e2e.visits import Guard, Visits


async def open_incident(page: Page, incident: dict[str, str], query: str = "") -> None:
    await page.goto(f"/incidents/{incident['reference']}{query}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(incident["title"])
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


async def test_only_moves_that_the_state_machine_allows_are_offered(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Walks through its states")
    await open_incident(as_admin, incident)
    buttons = as_admin.locator(".incident-actions > button.btn")
    for step, offered in (
        (None, ["Acknowledge", "Resolve", "Mark as open"]),
        ("open", ["Acknowledge", "Resolve"]),
        ("acknowledged", ["Start investigating", "Resolve"]),
        ("investigating", ["Resolve"]),
        ("resolved", ["Close", "Reopen"]),
        ("reopened", ["Start investigating", "Resolve"]),
        ("investigating", ["Resolve"]),
        ("resolved", ["Close", "Reopen"]),
        ("closed", []),
    ):
        await api.walk(incident["reference"], *filter(None, [step]))
        await expect(buttons).to_have_text(offered)
        await expect(as_admin.locator(".incident-actions .btn.primary")).to_have_text(offered[:1])


async def test_the_next_move_is_the_one_primary_button(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Is acknowledged by key")
    await open_incident(as_admin, incident)
    primary = as_admin.locator(".incident-actions .btn.primary")
    await expect(primary).to_have_text("Acknowledge")
    await as_admin.keyboard.press("a")
    await expect(primary).to_have_text("Start investigating")
    await expect(as_admin.locator(".incident-head .status")).to_have_text("Acknowledged")
    await primary.click()
    await expect(primary).to_have_text("Resolve")
    assert (await api.get(f"/api/incidents/{incident['reference']}"))["status"] == "investigating"


async def test_resolve_asks_what_ended_it_and_reopen_asks_why(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Ends and comes back")
    await open_incident(as_admin, incident)
    await as_admin.keyboard.press("r")
    dialog = as_admin.get_by_role("dialog", name=f"Resolve {incident['reference']}")
    await dialog.get_by_role("button", name=f"Resolve {incident['reference']}").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Write one sentence: whoever reads this later needs it.")
    await dialog.get_by_label("Resolution note").fill("Rolled back the deployment")
    await dialog.get_by_role("button", name=f"Resolve {incident['reference']}").click()
    await expect(as_admin.get_by_role("complementary", name="Details")).to_contain_text("Rolled back the deployment")
    await expect(as_admin.locator(".incident-head .status")).to_have_text("Resolved")
    await as_admin.get_by_role("button", name="Reopen").click()
    dialog = as_admin.get_by_role("dialog", name=f"Reopen {incident['reference']}")
    await dialog.get_by_label("Why it is open again").fill("It is back")
    await dialog.get_by_role("button", name=f"Reopen {incident['reference']}").click()
    await expect(as_admin.locator(".incident-head .status")).to_contain_text("Reopened")
    await expect(as_admin.locator(".timeline")).to_contain_text("Reopened: It is back")


async def test_the_timeline_filters_by_kind_and_turns_round(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Has a history")
    reference = incident["reference"]
    await api.walk(reference, "open")
    await api.post(f"/api/incidents/{reference}/notes", {"text": "First note"})
    await api.patch(f"/api/incidents/{reference}", severity="high")
    await open_incident(as_admin, incident)
    entries = as_admin.locator(".timeline > li")
    await expect(
        as_admin.get_by_role("region", name="Timeline").get_by_text(re.compile(r"^\d entries$"))
    ).to_be_visible()
    kinds = as_admin.get_by_role("group", name="Show")
    for kind, text in (("Notes", "First note"), ("Changes", "changed severity from P3 Medium to P2 High")):
        await kinds.get_by_role("button", name=kind).click()
        await expect(entries).to_have_count(1)
        await expect(entries).to_contain_text(text)
        await expect(as_admin).to_have_url(re.compile(f"kind={kind.lower()}"))
    await as_admin.go_back()
    await expect(entries).to_contain_text("First note")
    await kinds.get_by_role("button", name="Alerts").click()
    await expect(as_admin.get_by_text("No entries of this kind")).to_be_visible()
    await as_admin.get_by_role("button", name="Show all").click()
    await expect(entries.first).to_contain_text("opened the incident as P3 Medium")
    await as_admin.get_by_role("button", name="Oldest first").click()
    await expect(entries.last).to_contain_text("opened the incident as P3 Medium")
    await expect(as_admin).to_have_url(re.compile("order=newest"))


async def test_every_entry_has_a_link_of_its_own(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Is pointed into")
    for number in range(40):
        await api.post(f"/api/incidents/{incident['reference']}/notes", {"text": f"Note {number}"})
    timeline = await api.get(f"/api/incidents/{incident['reference']}/timeline", limit=100)
    entry = timeline["items"][30]
    await open_incident(as_admin, incident, f"#entry-{entry['id']}")
    await expect(as_admin.locator(f"#entry-{entry['id']}")).to_be_in_viewport()


async def test_a_note_is_markdown_and_goes_with_ctrl_enter(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Is written about")
    await open_incident(as_admin, incident)
    await as_admin.keyboard.press("n")
    note = as_admin.get_by_label("Note", exact=True)
    await expect(note).to_be_focused()
    await as_admin.keyboard.type("It is **the disk**, see `df -h`")
    await as_admin.keyboard.press("Control+Enter")
    entry = as_admin.locator(".timeline > .entry-note")
    await expect(entry.locator("strong")).to_have_text("the disk")
    await expect(entry.locator("code")).to_have_text("df -h")
    await expect(note).to_have_value("")
    await expect(note).to_be_focused()


async def test_a_draft_survives_a_reload_and_belongs_to_its_incident(as_admin: Page, api: Api) -> None:
    incident, other = await api.declare("Has a draft"), await api.declare("Has none")
    await open_incident(as_admin, incident)
    note = as_admin.get_by_label("Note", exact=True)
    await note.fill("not sent yet")
    await as_admin.reload()
    await expect(note).to_have_value("not sent yet")
    await open_incident(as_admin, other)
    await expect(note).to_have_value("")


async def test_a_note_can_be_set_back_and_says_so(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Was noticed earlier")
    await open_incident(as_admin, incident)
    await as_admin.get_by_label("Note", exact=True).fill("A customer called")
    await as_admin.get_by_role("button", name="It happened earlier").click()
    await as_admin.get_by_label("Happened at").fill("2026-01-02T03:04:05")
    await as_admin.get_by_role("button", name="Add note").click()
    entry = as_admin.locator(".timeline > .entry-note")
    await expect(entry).to_contain_text("time set back, written at")
    await expect(entry.locator(".entry-time")).to_have_text("2 Jan 03:04:05")


async def test_two_browsers_see_each_other_within_two_seconds(visits: Visits, product: Product, api: Api) -> None:
    incident = await api.declare("Is watched by two")
    ana = await (await visits.of(product.account("acme", "admin"))).new_page()
    bo = await (await visits.of(product.account("acme", "operator"))).new_page()
    for page in (ana, bo):
        await open_incident(page, incident)
        await expect(page.get_by_label("Connection")).to_have_text("Live")
    await ana.get_by_role("button", name="Acknowledge", exact=True).click()
    await expect(bo.locator(".incident-head .status")).to_have_text("Acknowledged", timeout=2_000)
    await expect(bo.locator(".timeline")).to_contain_text("ana@acme.example", timeout=2_000)
    await bo.get_by_label("Note", exact=True).fill("I look at the database")
    await bo.keyboard.press("Control+Enter")
    await expect(ana.locator(".timeline")).to_contain_text("I look at the database", timeout=2_000)


def silent(_: WebSocketRoute) -> None:
    """A connection on which nothing is ever said."""


async def lose_the_race(page: Page, api: Api, path: str, button: str) -> Locator:
    """The page hears nothing of what the operator does in the meantime."""
    incident = await api.declare("Is fought over")
    await page.route_web_socket(re.compile(r"/ws(\?|$)"), silent)
    await open_incident(page, incident)
    await api.walk(incident["reference"], *path.split())
    await page.get_by_role("button", name=button, exact=True).click()
    problem = page.locator(".incident-problem")
    await expect(problem).to_contain_text("Somebody was faster.")
    await expect(problem).to_contain_text("The page shows how it stands now.")
    await expect(page.locator(".incident-head .status")).to_have_text(path.split()[-1].capitalize())
    return problem


async def test_a_step_that_came_too_late_says_who_was_faster(as_admin: Page, api: Api, guard: Guard) -> None:
    guard.expect("status of 412")
    problem = await lose_the_race(as_admin, api, "open", "Mark as open")
    await expect(problem).to_contain_text("bo@acme.example")


async def test_a_verb_that_came_too_late_says_who_was_faster(as_admin: Page, api: Api, guard: Guard) -> None:
    guard.expect("status of 409")
    problem = await lose_the_race(as_admin, api, "open acknowledged investigating resolved", "Acknowledge")
    await expect(problem).to_contain_text("bo@acme.example")


async def test_alerts_say_why_they_are_here(as_admin: Page, api: Api) -> None:
    alerts = await api.get("/api/incidents/INC-00000001/alerts")
    await as_admin.goto("/incidents/INC-00000001")
    rows = as_admin.locator(".linked-alerts > li")
    await expect(rows).to_have_count(len(alerts["items"]))
    for index, alert in enumerate(alerts["items"]):
        await expect(rows.nth(index).locator(".why")).to_contain_text(alert["reason"])
        await expect(rows.nth(index).locator(".why")).to_contain_text(f"confidence {alert['confidence']:.2f}")


async def test_the_header_stays_and_its_reference_copies_a_link(as_admin: Page, product: Product) -> None:
    await as_admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await as_admin.goto("/incidents/INC-00000001")
    await as_admin.get_by_role("button", name="Copy link to INC-00000001").click()
    await expect(as_admin.get_by_role("region", name="Messages")).to_contain_text("Link to INC-00000001 copied")
    copied = await as_admin.evaluate("navigator.clipboard.readText()")
    assert copied == f"{product.base_url}/incidents/INC-00000001"
    await as_admin.locator(".timeline > li").last.scroll_into_view_if_needed()
    await expect(as_admin.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    await expect(as_admin.locator(".incident-actions .btn.primary")).to_be_in_viewport(ratio=1)


async def test_declaring_asks_for_a_title_and_opens_the_incident(as_admin: Page) -> None:
    await as_admin.goto("/incidents")
    await as_admin.get_by_role("button", name="Declare incident").click()
    dialog = as_admin.get_by_role("dialog", name="Declare incident")
    await expect(dialog.get_by_label("Title")).to_be_focused()
    await as_admin.keyboard.type("Checkout fails for cards")
    await dialog.get_by_role("button", name="Me").click()
    await dialog.get_by_role("button", name="Declare incident").click()
    await expect(as_admin.get_by_role("heading", level=1)).to_have_text("Checkout fails for cards")
    await expect(as_admin.get_by_role("complementary", name="Details")).to_contain_text("ana@acme.example")
    await expect(as_admin).to_have_title(re.compile(r"^INC-\d{8} Checkout fails for cards – Acme Shop$"))


async def test_snoozing_says_until_when(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Can wait")
    await open_incident(as_admin, incident)
    await as_admin.get_by_role("button", name="Snooze").click()
    await as_admin.get_by_role("menuitem", name="For 1 hour").press("Enter")
    await expect(as_admin.locator(".incident-head")).to_contain_text("Snoozed until")
    await expect(as_admin.locator(".timeline")).to_contain_text("snoozed it until")
