"""Plan and usage, and what everybody sees when a tenant is suspended."""

from playwright.async_api import Page, Route, expect

from tests.e2e.axe import NOTHING, findings
from tests.e2e.people import Team, found
from tests.e2e.product import Api, Product, signed_in, with_key
from tests.e2e.visits import Guard, Visits
from tests.support.tenant_plane import until

PATH = "/settings/usage"
LEADS = ("/", "/incidents", "/alerts", "/settings/keys", "/settings/usage")


async def test_an_admin_reads_the_same_figures_as_the_api(as_admin: Page, product: Product) -> None:
    async with signed_in(product, product.account("acme", "admin")) as api:
        usage = await api.get("/api/tenants/acme/usage")
        counts = {limit["name"]: limit["used"] for limit in (await api.get("/api/usage"))["limits"]}

    async def stand_still(route: Route) -> None:
        """The numbers go on meanwhile: the page gets those that were read here, through the same door."""
        answer = await route.fetch()
        assert (await answer.json())["data"].keys() == usage.keys()
        await route.fulfill(response=answer, json={"data": usage})

    await as_admin.route("**/api/tenants/acme/usage", stand_still)
    await as_admin.goto(PATH)
    counted = [item for item in usage["items"] if item["used"] is not None]
    lines = as_admin.locator(".usage > li")
    await expect(lines).to_have_count(len(counted))
    for line, item in zip(await lines.all(), counted, strict=True):
        used = counts.get(item["limit_name"], item["used"])  # what the plane counts itself is shown as of now
        await expect(line).to_contain_text(f"{used:,} of {item['limit']:,}")
        await expect(line.get_by_role("meter")).to_have_attribute("aria-valuenow", str(used))
        await expect(line.get_by_role("img")).to_have_attribute(
            "aria-label", f"{await line.locator('b').inner_text()} in the last 30 days: at most"
            f" {max(day['amount'] for day in item['trend']):,}, now {item['trend'][-1]['amount']:,}",
        )  # fmt: skip
        await expect(line.get_by_text("at the present rate")).to_have_count(int(item["projected_hit_at"] is not None))
    fixed = [f"{item['limit']:,}" for item in usage["items"] if item["used"] is None]
    await expect(as_admin.locator(".included dd")).to_have_text(fixed)
    await expect(as_admin.get_by_text(f"Plan {usage['plan']}, version {usage['plan_version']}")).to_be_visible()


async def test_a_viewer_reads_what_the_plane_counts(as_viewer: Page) -> None:
    async with as_viewer.expect_response("**/api/usage") as answered:
        await as_viewer.goto(PATH)
    usage = (await (await answered.value).json())["data"]
    lines = as_viewer.locator(".usage > li")
    await expect(lines).to_have_count(len(usage["limits"]))
    for line, limit in zip(await lines.all(), usage["limits"], strict=True):
        await expect(line).to_contain_text(f"of {limit['limit']:,}")
    await expect(as_viewer.get_by_text("are shown to admins")).to_be_visible()
    await expect(as_viewer.get_by_role("alert")).to_have_count(0)
    assert await findings(as_viewer) == NOTHING


async def test_a_full_limit_says_so(visits: Visits, operations: Api) -> None:
    team = await found(operations, "Brimful")
    limit = {"limit_name": "users", "value": 1, "reason": "To see a full limit"}
    await operations.post(f"/api/tenants/{team.tenant_id}/limits", limit)
    page = await (await visits.of(team.admin)).new_page()
    await page.goto(PATH)
    people = page.locator(".usage > li").filter(has_text="People")
    await expect(people).to_contain_text("1 of 1")
    await expect(people).to_contain_text("Full.")
    assert await findings(page) == NOTHING


async def suspend(product: Product, team: Team) -> None:
    """Until its plane knows."""
    await team.operations.post(f"/api/tenants/{team.tenant_id}/suspend", {"reason": "Unpaid"})
    await standing(product, team, "suspended")


async def standing(product: Product, team: Team, wanted: str) -> None:
    async with signed_in(product, team.admin) as admin:

        async def stands() -> bool | None:
            return (await admin.get("/api/usage"))["standing"] == wanted or None

        await until(stands, seconds=10)


async def test_a_suspended_tenant_is_told_on_every_page_and_changes_nothing(
    visits: Visits, product: Product, operations: Api, guard: Guard
) -> None:
    guard.expect("status of 40[0-9]")
    team = await found(operations, "Dormant")
    async with signed_in(product, team.admin) as admin:
        key = (await admin.post("/api/apikeys", {"name": "Sender", "scope": "ingestion"}))["api_key"]
        await admin.declare("Known before")
    await suspend(product, team)
    async with with_key(product, key) as sender:
        assert (await sender.alert("Kept for later"))["held"]

    page = await (await visits.of(team.admin)).new_page()
    bar = page.locator(".standing")
    for path in LEADS:
        await page.goto(path)
        await expect(bar).to_contain_text("This tenant is suspended: everything can be read, nothing can be changed.")
        await expect(bar).to_contain_text("1 payload of your senders is kept and not processed yet.")
    assert await findings(page) == NOTHING

    await page.goto("/incidents?view=all")
    await expect(page.get_by_text("Known before")).to_be_visible()
    await page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Declare incident")
    await dialog.get_by_label("Title").fill("Not now")
    await dialog.get_by_role("button", name="Declare incident").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("suspended")
    await page.keyboard.press("Escape")
    await page.goto("/settings/keys")
    await page.get_by_role("button", name="Revoke Sender").click()
    await page.get_by_role("button", name="Revoke key").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("suspended")

    await operations.post(f"/api/tenants/{team.tenant_id}/resume", {"reason": "Paid"})
    await standing(product, team, "active")
    async with signed_in(product, team.admin) as admin:

        async def processed() -> bool | None:
            return (await admin.get("/api/usage"))["held"] == 0 or None

        await until(processed, seconds=20)
    await page.goto("/incidents?view=all")
    await expect(page.get_by_text("Kept for later")).to_be_visible(timeout=20_000)
    await page.reload()
    await expect(page.get_by_text("Known before")).to_be_visible()
    await expect(bar).to_have_count(0)


async def test_a_page_that_stays_open_hears_of_it(visits: Visits, product: Product, operations: Api) -> None:
    team = await found(operations, "Drowsy")
    page = await (await visits.of(team.admin)).new_page()
    await page.clock.install()
    await page.goto("/alerts")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")
    await expect(page.locator(".standing")).to_have_count(0)
    await suspend(product, team)
    await page.clock.fast_forward(61_000)
    await expect(page.locator(".standing")).to_be_visible()
