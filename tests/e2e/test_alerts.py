"""What the senders said, grouped, filtered by the server, with the raw payload at hand."""

import re

from playwright.async_api import Page, expect

from tests.e2e.product import Api


async def expect_total(page: Page, total: int) -> None:
    await expect(page.locator(".page-head [role=status]")).to_have_text(f"{total:,} grouped by fingerprint")


async def test_the_server_filters(as_admin: Page, api: Api) -> None:
    await as_admin.goto("/alerts")
    await expect_total(as_admin, (await api.get("/api/alerts", limit=1))["total"])
    field = as_admin.get_by_role("combobox", name="Filter alerts")
    for typed, query in (
        ("status:firing", {"status": "firing"}),
        ("sev:1 source:alertmanager", {"severity": "critical", "source": "alertmanager"}),
        ("label:team=orders", {"label": "team:orders"}),
        ("queue depth", {"q": "queue depth"}),
    ):
        await field.fill(typed)
        await field.press("Enter")
        await expect_total(as_admin, (await api.get("/api/alerts", limit=1, **query))["total"])
    await field.fill("-status:firing")
    await field.press("Enter")
    await expect(as_admin.get_by_text("Alerts cannot be excluded with “-” yet")).to_be_visible()
    await field.fill("no such words anywhere")
    await field.press("Enter")
    await expect(as_admin.get_by_text("No alert matches this filter")).to_be_visible()
    await as_admin.locator(".state").get_by_role("button", name="Clear filter").click()
    await expect_total(as_admin, (await api.get("/api/alerts", limit=1))["total"])


async def test_a_label_filters_at_a_click(as_admin: Page) -> None:
    await as_admin.goto("/alerts?q=source:alertmanager")
    chip = as_admin.locator(".chip").first
    label = await chip.inner_text()
    await chip.click()
    await expect(as_admin.get_by_role("combobox", name="Filter alerts")).to_have_value(
        f"source:alertmanager label:{label}"
    )
    await as_admin.go_back()
    await expect(as_admin.get_by_role("combobox", name="Filter alerts")).to_have_value("source:alertmanager")


async def test_the_keyboard_opens_events_and_the_raw_payload(as_admin: Page, api: Api) -> None:
    alert = (await api.get("/api/alerts", q="PostgresDiskWriteLatencyHigh", limit=1))["items"][0]
    events = await api.get(f"/api/alerts/{alert['id']}/events", limit=500)
    await as_admin.goto("/alerts?q=PostgresDiskWriteLatencyHigh")
    await expect(as_admin.locator(".alert")).not_to_have_count(0)
    press = as_admin.keyboard.press
    await press("j")
    await press("Enter")
    opened = as_admin.get_by_role("region", name=re.compile("Events of PostgresDiskWriteLatencyHigh"))
    await expect(opened.get_by_role("listitem")).to_have_count(len(events["items"]))
    received = [await item.locator("time").first.get_attribute("datetime") for item in await opened.locator("li").all()]
    assert received == [event["received_at"] for event in events["items"]]
    await expect(as_admin).to_have_url(re.compile(f"open={alert['id']}"))
    await press("p")
    payload = opened.locator("pre.payload")
    await expect(payload).to_contain_text("PostgresDiskWriteLatencyHigh")
    await press("p")
    await expect(payload).to_have_count(0)
    await press("Escape")
    await expect(opened).to_have_count(0)


async def test_an_open_alert_is_in_the_address(as_admin: Page, api: Api) -> None:
    alert = (await api.get("/api/alerts", status="firing", limit=1))["items"][0]
    await as_admin.goto(f"/alerts?q=status:firing&open={alert['id']}")
    await expect(as_admin.get_by_role("region", name=f"Events of {alert['name']}")).to_be_visible()


async def test_each_alert_says_to_which_incident_it_went_and_why(as_admin: Page, api: Api) -> None:
    alert = (await api.get("/api/alerts", status="firing", limit=1))["items"][0]
    await as_admin.goto("/alerts?q=status:firing")
    why = as_admin.locator(".alert-why").first
    await expect(why).to_contain_text(alert["link_reason"])
    await why.get_by_role("link").click()
    await expect(as_admin).to_have_url(re.compile(f"/incidents/{alert['incident_reference']}$"))


async def test_new_alerts_wait_behind_a_pill(as_admin: Page, sender: Api) -> None:
    await as_admin.goto("/alerts")
    await expect(as_admin.get_by_label("Connection")).to_have_text("Live")
    first = as_admin.locator(".alert-name").first
    before = await first.inner_text()
    await sender.alert("Pill for the alert list", severity="info", service="pill-service")
    pill = as_admin.locator(".new-pill")
    await expect(pill).to_have_text("1 new or changed", timeout=2_000)
    await expect(first).to_have_text(before)
    await pill.click()
    await expect(first).to_have_text("Pill for the alert list")


async def test_hundreds_of_alerts_keep_few_rows_in_the_document(as_admin: Page, api: Api) -> None:
    total = (await api.get("/api/alerts", limit=1))["total"]
    assert total > 100
    await as_admin.goto("/alerts")
    await expect(as_admin.locator(".alert")).not_to_have_count(0)
    await as_admin.keyboard.press("End")
    await as_admin.keyboard.press("End")
    await expect(as_admin.locator(".foot")).to_contain_text(re.compile(rf"(\d+) of {total} loaded"))
    assert await as_admin.locator(".alerts > li").count() <= 40
