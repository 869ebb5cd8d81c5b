"""What tenants have used: fetched from the planes, kept once, shown beside what they may."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from control_plane.adapters.tenant_plane import HttpTenantPlane
from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.quotas import service as quotas
from control_plane.quotas.flows import UsageFlows
from shared.contracts.usage import Metric, UsageOfDay, UsageReport
from tests.control_plane.support import ControlPlane, bearer


async def at(control: ControlPlane, moment: datetime) -> date:
    """Move the clock there; a token signed before is another matter, so sign in afterwards."""
    now = control.clock() - control.clock.offset
    control.clock.offset = moment - now
    return moment.date()


def report(tenant_id: str, metric: Metric, amounts: dict[date, int]) -> list[UsageOfDay]:
    return [UsageOfDay(tenant_id=tenant_id, day=day, metric=metric, amount=n) for day, n in amounts.items()]


async def note(control: ControlPlane, items: Iterable[UsageOfDay]) -> None:
    async with control.database.write(SYSTEM) as tx:
        await quotas.note_usage(tx, items)


async def usage(control: ControlPlane, headers: dict[str, str], tenant_id: str = "acme") -> dict[str, Any]:
    answer = await control.client.get(f"/api/tenants/{tenant_id}/usage", headers=headers)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return {**data, "items": {item["limit_name"]: item for item in data["items"]}}


def today(control: ControlPlane) -> date:
    return control.clock().astimezone(UTC).date()


async def test_usage_of_a_new_tenant_is_nothing(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    read = await usage(control, headers)
    assert (read["plan"], read["plan_version"], read["reported_at"], read["held"]) == ("pro", 2, None, 0)
    assert len(read["items"]) == 9
    events = read["items"]["events_per_month"]
    assert (events["used"], events["limit"], events["plan_limit"], events["share"]) == (0, 5_000_000, 5_000_000, 0)
    assert (events["override"], events["projected_hit_at"], len(events["trend"])) == (None, None, 30)
    uncounted = read["items"]["retention_days"]
    assert (uncounted["used"], uncounted["limit"], uncounted["share"], uncounted["trend"]) == (None, 90, None, [])


async def test_usage_by_day_with_its_projection(control: ControlPlane) -> None:
    """Half a million a day since the first: at noon of the sixth half a day is missing to five and a half million."""
    control.clock.offset = datetime(2027, 3, 6, 12, tzinfo=UTC) - control.clock()
    await control.add_tenant("acme")
    days = {date(2027, 2, 28): 77} | {date(2027, 3, day): 500_000 for day in range(1, 6)} | {date(2027, 3, 6): 250_000}
    await note(control, report("acme", Metric.EVENTS, days))
    await note(control, report("acme", Metric.API_KEYS, {date(2027, 3, 1): 2, date(2027, 3, 4): 5}))
    await note(control, report("acme", Metric.INTEGRATIONS, {date(2027, 3, 5): 6}))
    await note(control, report("acme", Metric.HELD, {date(2027, 3, 6): 12}))
    async with control.database.read(SYSTEM) as tx:
        read = await quotas.read_usage(tx, "acme")
    items = {item.limit_name: item for item in read.items}
    events, keys = items["events_per_month"], items["api_keys"]  # type: ignore[index]
    assert (events.used, events.share) == (2_750_000, 0.55)
    assert [(amount.day.day, amount.amount) for amount in events.trend[-7:]] == [
        (28, 77),
        *((day, 500_000) for day in range(1, 6)),
        (6, 250_000),
    ]
    assert events.resets_at == datetime(2027, 4, 1, tzinfo=UTC)
    assert events.projected_hit_at is not None
    assert abs(events.projected_hit_at - datetime(2027, 3, 11, tzinfo=UTC)) < timedelta(minutes=1)
    assert (keys.used, [amount.amount for amount in keys.trend[-6:]]) == (5, [2, 2, 2, 5, 5, 5])
    assert (keys.resets_at, read.held) == (None, 12)
    senders = items["integrations"]  # type: ignore[index]
    assert (senders.used, senders.limit, senders.share, senders.resets_at) == (6, 30, 0.2, None)
    assert [amount.amount for amount in senders.trend[-3:]] == [0, 6, 6]


async def test_a_new_month_begins_at_nothing(control: ControlPlane) -> None:
    control.clock.offset = datetime(2027, 3, 31, 23, 59, tzinfo=UTC) - control.clock()
    await control.add_tenant("acme")
    await note(control, report("acme", Metric.INCIDENTS, {date(2027, 3, 31): 40}))
    async with control.database.read(SYSTEM) as tx:
        march = await quotas.read_usage(tx, "acme")
    control.clock.offset += timedelta(minutes=2)
    async with control.database.read(SYSTEM) as tx:
        april = await quotas.read_usage(tx, "acme")
    used = [
        next(item.used for item in read.items if item.limit_name == "incidents_per_month") for read in (march, april)
    ]
    assert used == [40, 0]


async def test_the_same_report_again_changes_nothing(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    items = report("acme", Metric.EVENTS, {today(control): 10}) + report("nobody", Metric.EVENTS, {today(control): 9})
    for _ in range(3):
        await note(control, items)
    await note(control, report("acme", Metric.EVENTS, {today(control): 15}))
    rows = await control.sql("select tenant_id, metric, amount from usage_days order by metric")
    assert [tuple(row) for row in rows] == [("acme", "events", 15), ("acme", "users", 0)]
    assert (await usage(control, headers))["items"]["events_per_month"]["used"] == 15


async def test_a_granted_limit_shows_beside_the_plan_s(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    grant = {"limit_name": "incidents_per_month", "value": 10, "reason": "Trial", "ends_at": None}
    made = (await control.client.post("/api/tenants/acme/limits", json=grant, headers=headers)).json()["data"]
    await note(control, report("acme", Metric.INCIDENTS, {today(control): 20}))
    incidents = (await usage(control, headers))["items"]["incidents_per_month"]
    assert (incidents["limit"], incidents["plan_limit"], incidents["share"]) == (10, 5000, 2)
    assert incidents["override"] == {"limit_id": made["limit_id"], "value": 10, "ends_at": None}
    assert incidents["projected_hit_at"] is not None


async def test_the_tenant_s_own_admin_sees_it_and_nobody_else_s(control: ControlPlane) -> None:
    await control.add_tenant("globex")
    headers = await control.member(Role.ADMIN)
    assert (await usage(control, headers))["items"]["users"]["used"] == 1
    answers = [
        await control.client.get(f"/api/tenants/{tenant_id}/usage", headers=headers)
        for tenant_id in ("globex", "neverwa")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [answer.json()["detail"] for answer in answers]
    assert bodies[0].replace("globex", "neverwa") == bodies[1]
    assert (await control.client.get("/api/tenants/usage", headers=headers)).status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_other_members_see_no_usage(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    answer = await control.client.get("/api/tenants/acme/usage", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_reading_costs_the_same_however_much_was_used(control: ControlPlane) -> None:
    headers = await control.super_admin()
    await control.add_tenant("acme")
    counts = []
    for amounts in ({}, {today(control) - timedelta(days=back): back for back in range(30)}):
        await note(control, report("acme", Metric.EVENTS, amounts))
        with control.statements() as statements:
            await usage(control, headers)
        counts.append(len([statement for statement in statements if "set_config" not in statement]))
    assert counts[0] == counts[1] <= 6


async def test_the_fullest_first(control: ControlPlane) -> None:
    headers = await control.super_admin()
    for number in range(5):
        await control.add_tenant(f"tenant-{number}")
        amount = {today(control): (number + 1) * 1_000_000}
        await note(control, report(f"tenant-{number}", Metric.EVENTS, amount))
    first = (await control.client.get("/api/tenants/usage?limit=2&min_share=0.4", headers=headers)).json()["data"]
    path = f"/api/tenants/usage?limit=9&min_share=0.4&cursor={first['next_cursor']}"
    second = (await control.client.get(path, headers=headers)).json()["data"]
    shown = [(item["tenant_id"], item["share"]) for item in first["items"] + second["items"]]
    assert shown == [("tenant-4", 1.0), ("tenant-3", 0.8), ("tenant-2", 0.6), ("tenant-1", 0.4)]
    assert (first["total"], second["next_cursor"], first["items"][0]["name"]) == (4, None, "Tenant-4")
    users = (await control.client.get("/api/tenants/usage?limit_name=users", headers=headers)).json()["data"]
    assert (users["total"], users["items"][0]["limit"]) == (5, 50)


async def test_measuring_costs_the_same_for_many_tenants(control: ControlPlane) -> None:
    counts = []
    for size in (1, 20):
        ids = [f"tenant-{size}-{number}" for number in range(size)]
        for tenant_id in ids:
            await control.add_tenant(tenant_id)
        items = [item for tenant_id in ids for item in report(tenant_id, Metric.EVENTS, {today(control): 5})]
        with control.statements() as statements:
            await note(control, items)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_lists_of_tenants_know_the_month_s_events(control: ControlPlane) -> None:
    headers = await control.super_admin()
    for tenant_id in ("acme", "globex"):
        await control.add_tenant(tenant_id)
    month = today(control).replace(day=1)
    await note(control, report("acme", Metric.EVENTS, {month: 3, today(control): 4, month - timedelta(days=1): 100}))
    listed = (await control.client.get("/api/tenants", headers=headers)).json()["data"]["items"]
    wanted = 4 if month == today(control) else 7
    assert [(item["tenant_id"], item["events_this_month"]) for item in listed] == [("acme", wanted), ("globex", 0)]


async def test_lists_of_tenants_know_what_they_may_send_and_when_they_last_did(control: ControlPlane) -> None:
    headers = await control.super_admin()
    for tenant_id in ("acme", "globex"):
        await control.add_tenant(tenant_id)
    yesterday = today(control) - timedelta(days=1)
    await note(control, report("acme", Metric.EVENTS, {yesterday: 4, today(control): 0}))
    allowed = await control.sql("select limit_value from usage_shares where limit_name = 'events_per_month'")
    listed = (await control.client.get("/api/tenants", headers=headers)).json()["data"]["items"]
    assert [(item["tenant_id"], item["events_limit"], item["last_event_on"]) for item in listed] == [
        ("acme", allowed[0][0], yesterday.isoformat()),
        ("globex", None, None),
    ]


async def test_what_a_tenant_that_is_gone_has_used_is_forgotten(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await note(control, report("acme", Metric.EVENTS, {today(control): 3}))
    async with control.database.write(SYSTEM) as tx:
        await quotas.forget_tenant(tx, "acme")
    assert await control.sql("select tenant_id from usage_days union all select tenant_id from usage_shares") == []


class Reporter:
    """A plane that reports one tenant a page, by the contract."""

    def __init__(self, tenants: dict[str, int], day: date) -> None:
        self.tenants = tenants
        self.day = day
        self.asked: list[tuple[str, str | None]] = []
        self.tokens: set[str] = set()
        self.is_away = False

    async def usage(self, request: Request) -> JSONResponse:
        self.tokens.add(request.headers["authorization"])
        after = request.query_params.get("after")
        self.asked.append((request.query_params["since"], after))
        if self.is_away:
            return JSONResponse({"error": "no"}, 500)
        left = sorted(tenant_id for tenant_id in self.tenants if after is None or tenant_id > after)
        items = report(left[0], Metric.EVENTS, {self.day: self.tenants[left[0]]}) if left else []
        answer = UsageReport(items=items, next_after=left[0] if len(left) > 1 else None)
        return JSONResponse(answer.model_dump(mode="json"))

    def client(self, url: str) -> httpx.AsyncClient:
        app = Starlette(routes=[Route("/internal/usage", self.usage)])
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=url)


async def test_usage_is_fetched_from_every_plane(control: ControlPlane) -> None:
    for tenant_id in ("acme", "globex", "initech"):
        await control.add_tenant(tenant_id)
    day = today(control)
    cell, own = Reporter({"acme": 1, "globex": 2}, day), Reporter({"initech": 3}, day)

    async def token(pinned_tenant: str | None) -> str:
        return f"for {pinned_tenant}"

    def tenant_at(url: str) -> str:
        return {"http://own": "initech"}[url]

    async def planes() -> list[str]:
        return ["http://cell", "http://own"]

    source = HttpTenantPlane(cell.client("http://cell"), own.client("http://own"), token, tenant_at)
    flows = UsageFlows(control.database, planes, source, control.clock)
    own.is_away = True
    await flows.fetch_usage()
    fetched = "select tenant_id, amount from usage_days where metric = 'events' order by tenant_id"
    assert [tuple(row) for row in await control.sql(fetched)] == [("acme", 1), ("globex", 2)]
    own.is_away, cell.tenants["acme"] = False, 5
    await flows.fetch_usage()
    assert [tuple(row) for row in await control.sql(fetched)] == [("acme", 5), ("globex", 2), ("initech", 3)]
    everything, lately = (str(day - timedelta(days=days)) for days in (30, 1))
    assert cell.asked == [(everything, None), (everything, "acme"), (lately, None), (lately, "acme")]
    assert own.asked == [(everything, None), (everything, None)]
    assert (cell.tokens, own.tokens) == ({"Bearer for None"}, {"Bearer for initech"})


async def test_a_signed_in_admin_needs_the_seat_still(control: ControlPlane) -> None:
    """The token names the tenant; no other tenant can be asked for with it, whatever the path says."""
    await control.add_tenant("globex")
    await control.add_tenant("acme")
    await control.add_user("ana@acme.example", {"acme": Role.ADMIN, "globex": Role.VIEWER})
    token = (await control.sign_in("ana@acme.example", tenant_id="globex"))["token"]
    answer = await control.client.get("/api/tenants/acme/usage", headers=bearer(token))
    assert answer.status_code == 403
