"""A connection that breaks: the page says so, comes back, and has missed nothing."""

import re
from dataclasses import dataclass, field

from playwright.async_api import Page, WebSocketRoute, expect

from tests.e2e.product import Api
from tests.e2e.views import live


@dataclass
class Cable:
    """Between the page and /ws; it can be cut, also in the middle of a conversation."""

    is_cut: bool = False
    refused: int = 0
    held: list[WebSocketRoute] = field(default_factory=list)

    async def lay(self, page: Page) -> None:
        await page.route_web_socket(re.compile(r"/ws(\?|$)"), self._connect)

    async def cut(self) -> None:
        self.is_cut = True
        for end in self.held:
            await end.close()
        self.held.clear()

    async def _connect(self, end: WebSocketRoute) -> None:
        if self.is_cut:
            self.refused += 1
            await end.close()
        else:
            self.held += [end, end.connect_to_server()]


async def test_the_list_catches_up_without_a_lost_or_doubled_row(as_admin: Page, api: Api) -> None:
    known = await api.declare("Changes while the line is down", service="cable")
    cable = Cable()
    await cable.lay(as_admin)
    await as_admin.goto("/incidents?view=all&q=service:cable")
    await live(as_admin)
    await cable.cut()
    connection = as_admin.get_by_label("Connection")
    await expect(connection).to_have_text("Reconnecting")
    await expect(as_admin.locator(".connection")).to_contain_text(re.compile(r"\d+ s"))
    missed = [await api.declare(f"Opened while the line was down {number}", service="cable") for number in range(3)]
    await api.post(f"/api/incidents/{known['reference']}/acknowledge")
    cable.is_cut = False
    await expect(connection).to_have_text("Live", timeout=20_000)
    await expect(as_admin.get_by_role("row").filter(has_text=known["reference"])).to_contain_text("Acknowledged")
    await expect(as_admin.locator(".new-pill")).to_have_text("3 new")
    later = await api.declare("Opened after the line was back", service="cable")
    await expect(as_admin.locator(".new-pill")).to_have_text("4 new")
    await as_admin.locator(".new-pill").click()
    references = as_admin.locator(".grid-rows .c-reference")
    await expect(references).to_have_count(5)
    expected = {incident["reference"] for incident in (known, *missed, later)}
    assert set(await references.all_inner_texts()) == expected


async def test_an_incident_catches_up(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Goes on while the line is down")
    cable = Cable()
    await cable.lay(as_admin)
    await as_admin.goto(f"/incidents/{incident['reference']}")
    await live(as_admin)
    await cable.cut()
    await expect(as_admin.get_by_label("Connection")).to_have_text("Reconnecting")
    await api.walk(incident["reference"], "open", "acknowledged")
    await api.post(f"/api/incidents/{incident['reference']}/notes", {"text": "Said while nobody heard"})
    cable.is_cut = False
    await expect(as_admin.get_by_label("Connection")).to_have_text("Live", timeout=20_000)
    await expect(as_admin.locator(".incident-head .status")).to_have_text("Acknowledged")
    await expect(as_admin.locator(".entry-note").filter(has_text="Said while nobody heard")).to_have_count(1)
    await expect(as_admin.locator(".entry-status_changed")).to_have_count(2)


async def test_a_long_silence_is_called_offline(as_admin: Page) -> None:
    """Half a minute passes on the page's own clock."""
    await as_admin.clock.install()
    cable = Cable()
    await cable.lay(as_admin)
    await as_admin.goto("/")
    await live(as_admin)
    await cable.cut()
    await expect(as_admin.get_by_label("Connection")).to_have_text("Reconnecting")
    await as_admin.clock.fast_forward(31_000)
    await expect(as_admin.get_by_label("Connection")).to_have_text("Offline")
    await expect(as_admin.locator(".connection")).to_contain_text(re.compile(r"data from \d\d:\d\d"))


async def test_a_changed_cell_is_tinted_for_a_moment(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Is changed by somebody else", service="tint")
    await as_admin.goto("/incidents?view=all&q=service:tint")
    await live(as_admin)
    await api.patch(f"/api/incidents/{incident['reference']}", severity="critical")
    tinted = as_admin.locator(".c-severity.tint")
    await expect(tinted).to_have_text("P1 Critical")
    await expect(tinted).to_have_count(0)
