"""Texts that strangers send: long, from right to left, full of pictures, or made to be run."""

import pytest
from playwright.async_api import Dialog, Page, expect

from tests.e2e.fits import fits
from tests.e2e.product import Api
from tests.e2e.views import live

TEXTS = {
    "long": "x" * 200,
    "words": "Überlastungswarnung " * 9 + "of twenty words",
    "rtl": "\u202eשרת התשלומים לא מגיב כבר עשר דקות\u202c نظام الدفع متوقف",
    "emoji": "🔥🧑‍🚒👩‍👩‍👧‍👦 🇩🇪 " * 12,
    "script": '<script>window.ran = 1</script><img src=x onerror="window.ran = 2">\'"--',
    "template": "{{7*7}} ${window.ran = 3} %s %n javascript:window.ran=4",
}
NOTE = """# <b>bold</b> <script>window.ran = 5</script>
[click](javascript:window.ran=6) [other](data:text/html,x) ![x](http://127.0.0.1:1/x.png)
<img src=x onerror="window.ran = 7"> `<svg onload=window.ran=8>`"""


@pytest.fixture(params=list(TEXTS), name="text")
def _text(request: pytest.FixtureRequest) -> str:
    return TEXTS[str(request.param)].strip()[:200]


async def test_titles_services_and_notes_are_text(as_admin: Page, api: Api, text: str) -> None:
    opened: list[Dialog] = []
    as_admin.on("dialog", lambda dialog: opened.append(dialog))
    incident = await api.declare(text, "critical", service=text[:100], environment=text[:60], description=text)
    await api.post(f"/api/incidents/{incident['reference']}/notes", {"text": f"{text}\n\n{NOTE}"})
    for path in (
        f"/incidents?view=all&q=id:{incident['reference']}&peek={incident['reference']}",
        f"/incidents/{incident['reference']}",
        "/",
    ):
        await as_admin.goto(path)
        await live(as_admin)
        await expect(as_admin.get_by_text(text).first).to_be_visible()
        await fits(as_admin)
        await as_admin.set_viewport_size({"width": 1440, "height": 900})
    assert await as_admin.evaluate("window.ran") is None
    assert opened == []


async def test_links_in_notes_go_to_the_web_only(as_admin: Page, api: Api) -> None:
    incident = await api.declare("Has a hostile note")
    await api.post(f"/api/incidents/{incident['reference']}/notes", {"text": NOTE})
    await as_admin.goto(f"/incidents/{incident['reference']}")
    note = as_admin.locator(".entry-note")
    await expect(note).to_contain_text("<script>window.ran = 5</script>")
    await expect(note.locator("a[href^='javascript:'], a[href^='data:'], img, script, svg[onload]")).to_have_count(0)
    assert await as_admin.evaluate("window.ran") is None


async def test_alerts_and_their_labels_are_text(as_admin: Page, sender: Api, text: str) -> None:
    labels = {"hostile": text, "team": text[::-1]}
    await sender.alert(text, severity="info", service=text[:90], labels=labels, description=NOTE)
    await as_admin.goto("/alerts")
    await live(as_admin)
    await as_admin.keyboard.press("j")
    await as_admin.keyboard.press("p")
    await expect(as_admin.locator("pre.payload")).to_be_visible()
    await fits(as_admin)
    assert await as_admin.evaluate("window.ran") is None
